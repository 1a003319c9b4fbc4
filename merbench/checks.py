"""Holding a release against what it should be: counts, canonical clips and labels, and every file of every clip."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from merbench.datasets import OpenDataset, find_dataset, open_source
from merbench.errors import ReleaseError, UnknownName
from merbench.registry import Registry
from merbench.sources import SourceReader
from merbench.specs import Dataset

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Check", "Count", "check", "check_dataset", "check_source"]


@dataclass(frozen=True)
class Count:
    """Clips of one class in one database: how many were found, and how many there are canonically (None: unknown).

    `label` is the class's name, or the emotion as annotated where the scheme gives it no class.
    """

    database: str
    label: str
    found: int
    canonical: int | None


@dataclass(frozen=True)
class Check:
    """What was found.

    Attributes:
        name: of the dataset or source.
        places: source → its folder; "" for one that is embedded.
        counts: by database and class, in the dataset's order.
        differences: a sentence for every clip that is missing, labelled differently, or not in the canonical list.
        broken: clip id → what is wrong with its files.
        notes: sentences on what was substituted or left out; nothing is wrong about those.
    """

    name: str
    places: Mapping[str, str]
    counts: tuple[Count, ...]
    differences: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing differs and every file can be read."""
        return not self.differences and not self.broken


def check(registry: Registry, name: str) -> Check:
    """Check the dataset called `name`, or else the source.

    Raises:
        UnknownName: neither a dataset nor a source is called that.
        ReleaseError: a release was not added, or its clip table cannot be read.
    """
    try:
        registry.datasets.get(name)
    except UnknownName:
        if name not in registry.sources.names():
            known = [*registry.datasets.names(), *registry.sources.names()]
            hint = "list all with: merbench list datasets, merbench data list"
            raise UnknownName("dataset or source", name, known, hint) from None
        return check_source(registry, name)
    return check_dataset(registry, name)


def check_dataset(registry: Registry, name: str) -> Check:
    """Check every released clip of a dataset's databases; raises what `check` raises."""
    dataset = find_dataset(registry, name)
    return Check(
        name=name,
        places=_places(dataset.readers),
        counts=_counts(dataset),
        differences=tuple(dataset.differences(surplus=True)),
        broken=_broken(dataset.readers, dataset.provides, set(dataset.released["clip"])),
        notes=tuple(dataset.notes(dataset.provides)),
    )


def check_source(registry: Registry, name: str) -> Check:
    """Check a source against the clip list of the largest dataset that is cut from it alone, if there is one."""
    source = registry.sources.get(name)
    listed = [spec for spec in registry.datasets if spec.sources == (source.name,) and spec.clip_list]
    if listed:
        largest: Dataset = max(listed, key=lambda spec: len(spec.databases))
        return replace(check_dataset(registry, largest.name), name=name)
    readers = {source.name: open_source(registry, source.name)}
    clips = readers[source.name].clips()
    return Check(
        name=name,
        places=_places(readers),
        counts=_emotions(clips),
        broken=_broken(readers, set(source.provides), set(clips["clip"])),
        notes=tuple(f"{feature}: {note}" for feature, note in readers[source.name].notes().items()),
    )


def _places(readers: Mapping[str, SourceReader]) -> dict[str, str]:
    return {name: str(reader.root or "") for name, reader in readers.items()}


def _counts(dataset: OpenDataset) -> tuple[Count, ...]:
    released, canonical = dataset.released, dataset.canonical
    counts = []
    for database in dataset.spec.databases:
        found = released["label"][released["database"] == database]
        wanted = canonical["label"][canonical["database"] == database]
        for index, label in enumerate(dataset.spec.scheme.classes):
            known = int((wanted == index).sum()) if dataset.spec.clip_list else None
            counts.append(Count(database, label, int((found == index).sum()), known))
    outside = released[released["label"] < 0]
    return (*counts, *_emotions(outside))


def _emotions(clips: pd.DataFrame) -> tuple[Count, ...]:
    """Counts by emotion as annotated."""
    emotions = clips["emotion"].fillna("not annotated")
    sizes = collections.Counter(zip(clips["database"], emotions, strict=True))
    return tuple(Count(database, emotion, size, None) for (database, emotion), size in sizes.items())


def _broken(readers: Mapping[str, SourceReader], features: set[str], clips: set[str]) -> dict[str, str]:
    """Reads every raw feature of every clip."""
    found: dict[str, str] = {}
    for reader in readers.values():
        for clip in (clip for clip in reader.clips()["clip"] if clip in clips):
            reasons = [reason for feature in sorted(features) if (reason := _fault(reader, feature, clip))]
            if reasons:
                found[clip] = "; ".join(reasons)
    return found


def _fault(reader: SourceReader, feature: str, clip: str) -> str:
    try:
        reader.read(feature, clip)
    except ReleaseError as error:
        return str(error)
    return ""
