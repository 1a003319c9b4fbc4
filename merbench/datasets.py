"""Opening a dataset: from its name to the labelled clip table, and a way to read each clip's raw features."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from merbench import locations
from merbench.clips import clip_table
from merbench.errors import ReleaseError, UnknownName, UnresolvableFeature
from merbench.registry import Registry, load_target
from merbench.sources import SourceReader
from merbench.specs import Dataset, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["OpenDataset", "canonical_clips", "find_dataset", "open_dataset", "open_source", "release_reader"]

CANONICAL = ("clip", "database", "subject", "label")  # the columns of a clip list
SHOWN = 5  # clips named in an error before "and n more"


def release_reader(source: Source, root: Path | None) -> SourceReader:
    """The source's reader for the release in `root` (None: embedded); nothing is read yet.

    Raises:
        PluginError: the reader cannot be loaded.
    """
    reader: type[SourceReader] = load_target(source.reader, owner=f"source {source.name!r}", base=SourceReader)
    return reader(root)


def open_source(registry: Registry, name: str) -> SourceReader:
    """The reader of a source, at the place where its release is known to be.

    Raises:
        UnknownName: no source is called that.
        ReleaseError: no release was added, or its folder has gone; the line says what to get and how to add it.
        PluginError: the reader cannot be loaded.
    """
    source = registry.sources.get(name)
    if source.embedded:
        return release_reader(source, None)
    root = locations.locate(source.name)
    if root is None:
        raise ReleaseError(f"no data for {source.name}: {_advice(source)}")
    if not root.is_dir():
        raise ReleaseError(f"{source.name} was added as {root}, which is not a folder any more: {_advice(source)}")
    return release_reader(source, root)


def find_dataset(registry: Registry, name: str) -> OpenDataset:
    """The dataset with its releases found, but no clip read yet: for a look at one that is not as it should be.

    Raises:
        UnknownName: no dataset or source is called that.
        ReleaseError: a release was not added, or its folder has gone.
    """
    spec = registry.datasets.get(name)
    sources = {source: registry.sources.get(source) for source in spec.sources}
    return OpenDataset(spec, sources, {source: open_source(registry, source) for source in spec.sources})


def open_dataset(registry: Registry, name: str) -> OpenDataset:
    """The dataset, its clips read and labelled.

    Raises:
        UnknownName: no dataset or source is called that.
        ReleaseError: a release is missing or not what it should be, or its clips are not the canonical ones.
    """
    opened = find_dataset(registry, name)
    opened.clips  # noqa: B018  read here, so that a release that is not the canonical one is told of at once
    return opened


class OpenDataset:
    """A dataset that can be read.

    Attributes:
        spec: the dataset's spec.
        readers: source name → its reader.
        provides: names of the raw features that every source of the dataset provides.
    """

    def __init__(self, spec: Dataset, sources: Mapping[str, Source], readers: Mapping[str, SourceReader]) -> None:
        self.spec = spec
        self.readers = dict(readers)
        self.provides = set.intersection(*(set(source.provides) for source in sources.values()))
        self._databases = {database for source in sources.values() for database in source.databases}

    @cached_property
    def clips(self) -> pd.DataFrame:
        """The labelled clip table, in the columns of `merbench.clips.COLUMNS`.

        Where the dataset has a clip list: the canonical clips in the canonical order, with the canonical labels. Else
        every clip that the label scheme gives a class, in the order of the releases.

        Raises:
            ReleaseError: a release cannot be read, or differs from the clip list; the clips are named.
        """
        if not self.spec.clip_list:
            labelled = self.released[self.released["label"] >= 0]
            if labelled.empty:
                raise ReleaseError(f"{self.spec.name}: no released clip has a class of {self.spec.scheme.name}")
            return labelled.reset_index(drop=True)
        differences = self.differences()
        if differences:
            raise ReleaseError(
                f"{self.spec.name} is not the canonical clip list: {_shown(differences)}; "
                f"see the whole list with: merbench data check {self.spec.name}"
            )
        canonical = self.canonical
        table = self.released.set_index("clip", drop=False).loc[list(canonical["clip"])]
        return clip_table(table.assign(label=canonical["label"].to_numpy()))

    def notes(self, features: Collection[str]) -> list[str]:
        """Sentences on what was substituted in these raw features, and on clips that were left out."""
        substituted = [pair for reader in self.readers.values() for pair in reader.notes().items()]
        return [f"{feature}: {note}" for feature, note in substituted if feature in features] + self._dropped_note()

    def read(self, feature: str, clip: str) -> np.ndarray:
        """One raw feature (a name in `provides`) of one clip (its id); shape and units are the source's to say.

        Raises:
            UnresolvableFeature: the sources do not provide it.
            UnknownName: no clip of the dataset has that id.
            ReleaseError: the clip's files are missing or broken; the reason in a few words.
        """
        if feature not in self.provides:
            raise UnresolvableFeature(
                f"{self.spec.name} provides {', '.join(sorted(self.provides)) or 'nothing'}, not {feature}"
            )
        if clip not in self._reader_of:
            hint = f"list them with: merbench data check {self.spec.name} --json"
            raise UnknownName("clip", clip, self._reader_of, hint)
        return self.readers[self._reader_of[clip]].read(feature, clip)

    @cached_property
    def released(self) -> pd.DataFrame:
        """Every clip of the dataset's databases that its sources hold, labelled by the scheme (-1: no class)."""
        import pandas as pd

        tables = [reader.clips() for reader in self.readers.values()]
        table = clip_table(pd.concat(tables, ignore_index=True))
        table = table[table["database"].isin(self.spec.databases)]
        labels = [self._label(emotion) for emotion in table["emotion"]]
        return table.assign(label=labels).reset_index(drop=True)

    @cached_property
    def canonical(self) -> pd.DataFrame:
        """The clip list's rows of the dataset's databases: clip, database, subject, label. Empty without a list."""
        import pandas as pd

        listed = canonical_clips(self.spec)
        return pd.DataFrame({name: [] for name in CANONICAL}) if listed is None else listed

    def differences(self, surplus: bool | None = None) -> list[str]:
        """One sentence for every clip in which the releases differ from the clip list; empty without a list.

        Args:
            surplus: whether to name clips that the list does not have. Left to itself, only a dataset that keeps all
                databases of its sources does: one that is cut from a larger release has no say about the rest of it.
        """
        if not self.spec.clip_list:
            return []
        if surplus is None:
            surplus = self._databases <= set(self.spec.databases)
        found = dict(zip(self.released["clip"], self.released["label"], strict=True))
        wanted = dict(zip(self.canonical["clip"], self.canonical["label"], strict=True))
        missing = [f"{clip} is missing" for clip in wanted if clip not in found]
        differing = [
            f"{clip} is labelled {self._class(found[clip])}, canonically {self._class(label)}"
            for clip, label in wanted.items()
            if clip in found and found[clip] != label
        ]
        return missing + differing + [f"{clip} is not in the list" for clip in found if surplus and clip not in wanted]

    @cached_property
    def _reader_of(self) -> dict[str, str]:
        kept = set(self.clips["clip"])
        return {
            clip: source for source, reader in self.readers.items() for clip in reader.clips()["clip"] if clip in kept
        }

    def _label(self, emotion: object) -> int:
        label = self.spec.scheme.label(emotion) if isinstance(emotion, str) else None
        return -1 if label is None else label

    def _class(self, label: int) -> str:
        return f"{label} ({self.spec.scheme.classes[label]})" if label >= 0 else "outside the scheme"

    def _dropped_note(self) -> list[str]:
        if self.spec.clip_list:
            return []
        dropped = self.released["emotion"][self.released["label"] < 0].fillna("not annotated")
        if dropped.empty:
            return []
        counted = ", ".join(f"{emotion} {count}" for emotion, count in dropped.value_counts().items())
        return [f"{len(dropped)} clips are left out, because {self.spec.scheme.name} has no class for them: {counted}"]


def canonical_clips(spec: Dataset) -> pd.DataFrame | None:
    """The rows of a dataset's clip list that are of its databases: clip, database, subject, label; None without a list.

    Raises:
        PluginError: the list cannot be loaded.
    """
    if not spec.clip_list:
        return None
    listed: pd.DataFrame = load_target(spec.clip_list, owner=f"dataset {spec.name!r}")()
    return listed[listed["database"].isin(spec.databases)].reset_index(drop=True)


def _shown(sentences: list[str]) -> str:
    more = f"; and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    return "; ".join(sentences[:SHOWN]) + more


def _advice(source: Source) -> str:
    get = f"get {source.obtain}" if source.obtain else "get the release"
    now = "merbench run --model flow-lr --dataset demo"
    return f"{get}, then: merbench data add {source.name} PATH; without it, this runs now: {now}"
