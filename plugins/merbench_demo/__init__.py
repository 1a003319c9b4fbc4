"""A generated dataset of three small virtual databases, with which every command runs without any release."""

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
        databases=DATABASES,
        obtain="nothing: it is generated",
        embedded=True,
        about="generated videos of virtual faces; no person is in them",
    )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """Every generated clip, in three classes."""
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
