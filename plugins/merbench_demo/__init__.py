"""A generated dataset: three small virtual databases, so that every command runs with nothing but Python installed."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

DATABASES = ("demo-a", "demo-b", "demo-c")


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The generator; it needs no files."""
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
        sources=("demo",),
        databases=DATABASES,
        scheme=merbench.THREE_CLASS,
        protocol="loso",
        public_labels=True,
        about="three small virtual databases, generated: for trying merbench out, not for comparing models",
    )
