"""Generated datasets of small virtual databases, with which every command runs without any release."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

DATABASES = ("demo-a", "demo-b", "demo-c")


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The generator, which needs no files."""
    yield merbench.Source(
        name="demo",
        reader="merbench_demo.release:DemoRelease",
        provides=("frames",),
        databases=(*DATABASES, "tiny"),
        obtain="nothing: it is generated",
        embedded=True,
        about="generated videos of virtual faces; no person is in them",
    )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """The generated clips, in three classes: a dataset for trying merbench, and one for the tests of a plugin."""
    yield merbench.Dataset(
        name="demo",
        title="Demo, generated faces",
        sources=("demo",),
        databases=DATABASES,
        scheme=merbench.THREE_CLASS,
        protocol="loso",
        public_labels=True,
        about="three small generated databases: for trying merbench, not for comparing models",
    )
    yield merbench.Dataset(
        name="tiny",
        title="Tiny, generated faces",
        sources=("demo",),
        databases=("tiny",),
        scheme=merbench.THREE_CLASS,
        protocol="loso",
        public_labels=True,
        about="nine generated clips of three subjects: a run takes seconds, for the tests of a plugin",
    )
