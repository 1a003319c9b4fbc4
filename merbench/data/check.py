"""Compare a release with what it should be: counts, canonical clips and labels, and every file of every clip."""

from __future__ import annotations

import collections
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from merbench.data.datasets import OpenDataset, find_dataset, open_source
from merbench.data.frames import Frames
from merbench.data.images import Look
from merbench.data.people import unmatched
from merbench.data.sources import Published, SourceReader
from merbench.errors import ReleaseError, UnknownName
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Dataset
from merbench.progress import Progress, Silent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Check", "Count", "Database", "check", "check_dataset", "check_source"]


@dataclass(frozen=True)
class Count:
    """Clips of one class in one database: how many were found, and how many there should be (None: unknown).

    `label` is the class's name, or the emotion as annotated if the scheme gives it no class.
    """

    database: str
    label: str
    found: int
    canonical: int | None


@dataclass(frozen=True)
class Database:
    """Figures about the clips of one database.

    Attributes:
        database: its name.
        subjects, published: how many subjects were found, and how many there are (None: unknown).
        images, read: image files that exist, and how many of them were read.
        fps: the frame rates of its clips.
        sizes: `640x480` to the number of clips whose images have that size.
        cropped: clips whose faces were cropped by the authors.
    """

    database: str
    subjects: int
    published: int | None
    images: int
    read: int
    fps: tuple[float, ...]
    sizes: Mapping[str, int]
    cropped: int


@dataclass(frozen=True)
class Check:
    """The findings of a check.

    Attributes:
        name: of the dataset or source.
        places: source to its folder; "" if the source is embedded.
        counts: by database and class, in the dataset's order.
        databases: figures about the clips of each; empty if no source holds images.
        differences: a sentence for every clip that is missing, labelled differently, or not in the canonical list; for
            every number that is not the published one; and for databases of the same people without a common subject.
        broken: clip id to what is wrong with its annotation or its files.
        missing: clip id to how many of its frames are missing.
        duplicates: a sentence for every two clips that share an image.
        notes: sentences on what was replaced or left out. These are not faults.
    """

    name: str
    places: Mapping[str, str]
    counts: tuple[Count, ...]
    databases: tuple[Database, ...] = ()
    differences: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    duplicates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the check found no fault."""
        return not (self.differences or self.broken or self.missing or self.duplicates)


def check(registry: Registry, name: str, *, all_frames: bool = False, progress: Progress | None = None) -> Check:
    """Check the dataset called `name`, or the source if there is no such dataset.

    Args:
        registry: where the name is looked up.
        name: of a dataset or a source.
        all_frames: whether every image of a video is read, and not only onset, apex and offset.
        progress: advances with every clip.

    Raises:
        UnknownName: no dataset or source has this name.
        ReleaseError: a release was not added, or its clip table cannot be read.
    """
    try:
        registry.datasets.get(name)
    except UnknownName:
        if name not in registry.sources.names():
            known = [*registry.datasets.names(), *registry.sources.names()]
            hint = "list all with: merbench list datasets, merbench data list"
            raise UnknownName("dataset or source", name, known, hint) from None
        return check_source(registry, name, all_frames=all_frames, progress=progress)
    return check_dataset(registry, name, all_frames=all_frames, progress=progress)


def check_dataset(
    registry: Registry, name: str, *, all_frames: bool = False, progress: Progress | None = None
) -> Check:
    """Check every released clip of a dataset's databases; raises what `check` raises."""
    dataset = find_dataset(registry, name)
    published, clips = _published(dataset), _released(dataset)
    counts = _counts(dataset, clips, published)
    look = Look(all_frames=all_frames)
    return Check(
        name=name,
        places=_places(dataset.readers),
        counts=counts,
        broken=_broken(dataset.readers, dataset.provides, set(clips["clip"]), look, progress or Silent()),
        databases=_databases(clips, published, look),
        differences=(
            *(dataset.differences(surplus=True) if dataset.spec.clip_list else _unlike(counts)),
            *unmatched(dataset.released["subject"], dataset.same_people),
        ),
        missing=look.missing,
        duplicates=tuple(look.duplicates),
        notes=tuple(dataset.notes(dataset.provides)),
    )


def check_source(registry: Registry, name: str, *, all_frames: bool = False, progress: Progress | None = None) -> Check:
    """Check a source against the clip list of the largest dataset that reads this source alone, or, without such a
    dataset, against what its authors published. Raises what `check` raises.
    """
    source = registry.sources.get(name)
    listed = [spec for spec in registry.datasets if spec.sources == (source.name,) and spec.clip_list]
    if listed:
        largest: Dataset = max(listed, key=lambda spec: len(spec.databases))
        return replace(check_dataset(registry, largest.name, all_frames=all_frames, progress=progress), name=name)
    reader = open_source(registry, source.name)
    readers, clips, look = {source.name: reader}, reader.clips(), Look(all_frames=all_frames)
    published = {database: reader.published() for database in source.databases[:1]}
    counts = _emotions(clips, published)
    return Check(
        name=name,
        places=_places(readers),
        counts=counts,
        broken=_broken(readers, set(source.provides), set(clips["clip"]), look, progress or Silent()),
        databases=_databases(clips, published, look),
        differences=(*_unlike(counts), *_totals(clips, published)),
        missing=look.missing,
        duplicates=tuple(look.duplicates),
        notes=tuple(f"{feature}: {note}" for feature, note in reader.notes().items()),
    )


def _places(readers: Mapping[str, SourceReader]) -> dict[str, str]:
    return {name: str(reader.root or "") for name, reader in readers.items()}


def _released(dataset: OpenDataset) -> pd.DataFrame:
    """The released clips; of an alternative only those in the clip list, because it may hold others."""
    clips = dataset.released
    if dataset.is_alternative and dataset.spec.clip_list:
        return clips[clips["clip"].isin(list(dataset.canonical["clip"]))]
    return clips


def _published(dataset: OpenDataset) -> dict[str, Published]:
    """Database to what was published of it. A source of several databases publishes no figures for one of them."""
    if dataset.spec.clip_list:
        subjects = dataset.canonical.groupby("database")["subject"].nunique()
        return {str(name): Published(subjects=int(count)) for name, count in subjects.items()}
    holding = [reader.clips()["database"].unique() for reader in dataset.readers.values()]
    return {
        str(databases[0]): reader.published()
        for databases, reader in zip(holding, dataset.readers.values(), strict=True)
        if len(databases) == 1
    }


def _counts(dataset: OpenDataset, released: pd.DataFrame, published: Mapping[str, Published]) -> tuple[Count, ...]:
    canonical = dataset.canonical
    counts = []
    for database in dataset.spec.databases:
        found = released["label"][released["database"] == database]
        wanted = canonical["label"][canonical["database"] == database]
        emotions = published[database].emotions if database in published else {}
        for index, label in enumerate(dataset.spec.scheme.classes):
            known = int((wanted == index).sum()) if dataset.spec.clip_list else None
            if known is None and emotions:
                known = sum(clips for emotion, clips in emotions.items() if dataset.spec.scheme.label(emotion) == index)
            counts.append(Count(database, label, int((found == index).sum()), known))
    outside = released[released["label"] < 0]
    return (*counts, *_emotions(outside, {}))


def _emotions(clips: pd.DataFrame, published: Mapping[str, Published]) -> tuple[Count, ...]:
    """Counts by emotion as annotated."""
    emotions = clips["emotion"].fillna("not annotated")
    sizes = collections.Counter(zip(clips["database"], emotions, strict=True))
    known = {
        (database, emotion): clips for database, one in published.items() for emotion, clips in one.emotions.items()
    }
    said = {database for database, _ in known}
    return tuple(
        Count(*key, sizes[key], known.get(key, 0) if key[0] in said else None)
        for key in dict.fromkeys([*sizes, *known])
    )


def _unlike(counts: Sequence[Count]) -> tuple[str, ...]:
    """A sentence for every class or emotion whose number of clips is not the published one."""
    return tuple(
        f"{one.database}: {one.found} clips are {one.label}, {one.canonical} were published"
        for one in counts
        if one.canonical not in (None, one.found)
    )


def _totals(clips: pd.DataFrame, published: Mapping[str, Published]) -> list[str]:
    sentences = []
    for database, said in published.items():
        own = clips[clips["database"] == database]
        found = {"clips": (len(own), said.clips), "subjects": (own["subject"].nunique(), said.subjects)}
        source = f" ({said.source})" if said.source else ""
        sentences += [
            f"{database}: {count} {noun}, {known} were published{source}"
            for noun, (count, known) in found.items()
            if known not in (None, count)
        ]
    return sentences


def _databases(clips: pd.DataFrame, published: Mapping[str, Published], look: Look) -> tuple[Database, ...]:
    return tuple(
        Database(
            database=str(name),
            subjects=own["subject"].nunique(),
            published=published[str(name)].subjects if name in published else None,
            images=look.images[str(name)],
            read=look.read[str(name)],
            fps=tuple(sorted(float(fps) for fps in own["fps"].dropna().unique())),
            sizes=dict(look.sizes[str(name)].most_common()),
            cropped=look.cropped[str(name)],
        )
        for name, own in clips.groupby("database", sort=False)
        if look.images[str(name)]
    )


def _broken(
    readers: Mapping[str, SourceReader], features: Collection[str], clips: set[str], look: Look, progress: Progress
) -> dict[str, str]:
    """Read every raw feature of every clip, and look at its images."""
    found: dict[str, str] = {}
    progress.start(len(clips), 0)
    for reader in readers.values():
        for clip in (clip for clip in reader.clips()["clip"] if clip in clips):
            reasons = [reason for feature in sorted(features) if (reason := _fault(reader, feature, clip, look))]
            if reasons:
                found[clip] = "; ".join(reasons)
            progress.advance(1)
    return found


def _fault(reader: SourceReader, feature: str, clip: str, look: Look) -> str:
    try:
        value = reader.read(feature, clip)
        if isinstance(value, Frames):
            look.at(clip, value)
    except ReleaseError as error:
        return str(error)
    return ""
