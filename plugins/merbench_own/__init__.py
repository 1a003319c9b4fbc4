"""The user's own clips, as `merbench data import` recorded them: each import is a source and a dataset."""

from __future__ import annotations

from collections.abc import Iterable

import merbench


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The tables and frames of the user."""
    for one in merbench.list_imports():
        yield merbench.Source(
            name=one.name,
            reader="merbench.data.own.reader:OwnReader",
            provides=("frames",),
            databases=(one.name,),
            obtain="your clips",
            about="your own clips",
        )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """All clips of each import. Their labels are not public."""
    for one in merbench.list_imports():
        scheme = merbench.LabelScheme(
            name=f"{one.name}-labels", classes=one.classes, emotions=one.emotions, source="the user's own table"
        )
        yield merbench.Dataset(
            name=one.name,
            title=f"{one.name} (own clips)",
            sources=(one.name,),
            databases=(one.name,),
            scheme=scheme,
            protocol="loso",
            about=f"your own clips, {len(one.classes)} classes",
        )
