"""Opens a dataset by name: gives its labelled clip table, and reads the raw features of its clips."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.data.clips import clip_table
from merbench.data.homes import Home, dataset_homes, first_home, lacking, needs_no_data, place
from merbench.data.people import SamePeople, by_person, named, same_people, unmatched
from merbench.data.readers import CheckedReader
from merbench.data.sources import SourceReader
from merbench.errors import ReleaseError, UnknownName, UnresolvableFeature, and_more
from merbench.plugin.calls import Author, calling, kind, wrong
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Dataset, Source

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from merbench.data.frames import Frames

__all__ = [
    "OpenDataset",
    "canonical_clips",
    "find_dataset",
    "open_dataset",
    "open_source",
    "reader_class",
    "release_reader",
]

CANONICAL = ("clip", "database", "subject", "label")  # the columns of a clip list
SHOWN = 5  # clips named in an error before "and n more"


def release_reader(source: Source, root: Path | None, plugin: str = "") -> SourceReader:
    """Make the source's reader for the release in `root`; nothing is read yet.

    Args:
        source: the source's spec.
        root: the folder of the release; None for an embedded source.
        plugin: the plugin's name, for errors; empty for the name of its module.

    Raises:
        PluginError: the reader cannot be loaded, or its constructor fails.
    """
    return CheckedReader(reader_class(source), Author.of(f"source {source.name}", plugin, source.reader), root)


def reader_class(source: Source) -> type[SourceReader]:
    """Load the class that reads the source's releases.

    Raises:
        PluginError: the class cannot be loaded.
    """
    reader: type[SourceReader] = load_target(source.reader, owner=f"source {source.name!r}", base=SourceReader)
    return reader


def open_source(registry: Registry, name: str) -> SourceReader:
    """Open a source at the place where its release was added.

    Raises:
        UnknownName: no source has that name.
        ReleaseError: no release was added, or its folder is missing; the line says what to get and how to add it.
        PluginError: the reader cannot be loaded.
    """
    source, plugin = registry.sources.get(name), registry.sources.origin(name).name
    if source.embedded:
        return release_reader(source, None, plugin)
    root = place(source)
    if root is None:
        raise ReleaseError(f"{lacking(source)}{needs_no_data(registry)}")
    return release_reader(source, root, plugin)


def find_dataset(registry: Registry, name: str, home: Home | None = None) -> OpenDataset:
    """Find the releases of a dataset without reading clips, so that a faulty dataset can be examined.

    Args:
        registry: finds names.
        name: name of the dataset.
        home: one of `dataset_homes`; None for the first home that is on this machine.

    Raises:
        UnknownName: no dataset or source has that name.
        ReleaseError: no home is complete on this machine, and the line names every way to get one.
    """
    spec = registry.datasets.get(name)
    home = home or first_home(registry, dataset_homes(registry, name))
    readers = {source: open_source(registry, source) for source in home.sources}
    groups = same_people(registry, spec.databases)
    return OpenDataset(spec, home, readers, registry.datasets.origin(name).name, groups)


def open_dataset(registry: Registry, name: str, home: Home | None = None) -> OpenDataset:
    """Find a dataset as `find_dataset` does, then read and label its clips.

    Raises:
        UnknownName: as in `find_dataset`.
        ReleaseError: as in `find_dataset`; or a release is faulty, does not have the canonical clips, or does not name
            its people as another one does that shows the same.
    """
    opened = find_dataset(registry, name, home)
    opened.clips  # noqa: B018  read here, so that clips that are not canonical are reported at once
    return opened


class OpenDataset:
    """A dataset whose releases are on this machine.

    Attributes:
        spec: the dataset's spec.
        readers: source name → reader.
        provides: names of the raw features that every source of the dataset provides.
        same_people: the groups of its databases that show the same people.
    """

    def __init__(
        self,
        spec: Dataset,
        home: Home,
        readers: Mapping[str, SourceReader],
        plugin: str = "",
        groups: SamePeople = (),
    ) -> None:
        self.spec, self._plugin, self.same_people = spec, plugin, groups
        self.readers = dict(readers)
        self.provides = home.provides
        self._databases = home.databases

    @cached_property
    def clips(self) -> pd.DataFrame:
        """The labelled clip table, in the columns of `merbench.data.clips.COLUMNS`.

        With a clip list: the clips of the list, with its order and labels. Without a clip list: every clip that the
        label scheme gives a class, in the order of the releases. A person is one subject: if several databases show the
        person, the subject is that of the first of them by name.

        Raises:
            ReleaseError: a release cannot be read, differs from the clip list (the line names the clips), or names its
                people in its own way.
        """
        if apart := unmatched(self.released["subject"], self.same_people):
            raise ReleaseError(f"{self.spec.name}: {apart[0]}")
        return by_person(self._labelled, self.same_people)

    @property
    def _labelled(self) -> pd.DataFrame:
        """The labelled clip table, with the subjects of the releases."""
        if not self.spec.clip_list:
            labelled = self.released[self.released["label"] >= 0]
            if labelled.empty:
                raise ReleaseError(f"{self.spec.name}: no released clip has a class of {self.spec.scheme.name}")
            return labelled.reset_index(drop=True)
        differences = self.differences()
        if differences:
            raise ReleaseError(
                f"{self.spec.name} differs from the canonical clip list: {and_more(differences, SHOWN, '; ')}; "
                f"list all differences with: merbench data check {self.spec.name}"
            )
        canonical = self.canonical
        table = self.released.set_index("clip", drop=False).loc[list(canonical["clip"])]
        return clip_table(table.assign(label=canonical["label"].to_numpy()))

    def without(self, clips: Collection[str]) -> OpenDataset:
        """Return the dataset without these clips (ids)."""
        narrowed = copy.copy(self)
        narrowed.__dict__["clips"] = self.clips[~self.clips["clip"].isin(list(clips))].reset_index(drop=True)
        return narrowed

    def notes(self, features: Collection[str]) -> list[str]:
        """Return notes on substitutions in these raw features, on clips that were left out, and on same people."""
        substituted = [pair for reader in self.readers.values() for pair in reader.notes().items()]
        replaced = [f"{feature}: {note}" for feature, note in substituted if feature in features]
        return replaced + self._dropped_note() + [self._people_note(group) for group in self.same_people]

    def read(self, feature: str, clip: str) -> np.ndarray | Frames:
        """Read one raw feature (a name in `provides`) of one clip (its id). The source defines shape and units.

        Raises:
            UnresolvableFeature: the sources do not provide the feature.
            UnknownName: no clip of the dataset has that id.
            ReleaseError: the clip's files are missing or broken; the line gives the reason in a few words.
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
        """All clips of the dataset's databases in its sources, labelled by the scheme (-1: no class)."""
        import pandas as pd

        tables = [reader.clips() for reader in self.readers.values()]
        table = clip_table(pd.concat(tables, ignore_index=True))
        table = table[table["database"].isin(self.spec.databases)]
        labels = [self._label(emotion) for emotion in table["emotion"]]
        return table.assign(label=labels).reset_index(drop=True)

    @cached_property
    def canonical(self) -> pd.DataFrame:
        """The clip list for the dataset's databases: clip, database, subject, label; empty without a list."""
        import pandas as pd

        listed = canonical_clips(self.spec, self._plugin)
        return pd.DataFrame({name: [] for name in CANONICAL}) if listed is None else listed

    def differences(self, surplus: bool | None = None) -> list[str]:
        """Return one sentence for every difference between the releases and the clip list; empty without a list.

        Args:
            surplus: whether to name clips that are not in the list. None means only if the dataset has all databases of
                its sources. Alternatives never name them, because the list covers only a part of their databases.
        """
        if not self.spec.clip_list:
            return []
        if surplus is None:
            surplus = self._databases <= set(self.spec.databases)
        surplus = surplus and not self.is_alternative
        found = dict(zip(self.released["clip"], self.released["label"], strict=True))
        wanted = dict(zip(self.canonical["clip"], self.canonical["label"], strict=True))
        missing = [f"{clip} is missing" for clip in wanted if clip not in found]
        differing = [
            f"{clip} has {self._class(found[clip])}, but the clip list says {self._class(label)}"
            for clip, label in wanted.items()
            if clip in found and found[clip] != label
        ]
        return missing + differing + [f"{clip} is not in the list" for clip in found if surplus and clip not in wanted]

    @property
    def is_alternative(self) -> bool:
        """Whether the clips are read from one of the spec's alternatives, which have more clips than the list."""
        return tuple(self.readers) != self.spec.sources

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
        return f"class {label} ({self.spec.scheme.classes[label]})" if label >= 0 else "no class"

    def _dropped_note(self) -> list[str]:
        if self.spec.clip_list:
            return []
        dropped = self.released["emotion"][self.released["label"] < 0].fillna("not annotated")
        if dropped.empty:
            return []
        counted = ", ".join(f"{emotion} {count}" for emotion, count in dropped.value_counts().items())
        return [f"{len(dropped)} clips are left out, because {self.spec.scheme.name} has no class for them: {counted}"]

    @staticmethod
    def _people_note(group: tuple[str, ...]) -> str:
        return f"{named(group)} show the same people: subjects of one name are one person, {group[0]}/NAME"


def canonical_clips(spec: Dataset, plugin: str = "") -> pd.DataFrame | None:
    """Load the rows of a dataset's clip list for its databases: clip, database, subject, label; None without a list.

    Args:
        spec: the dataset's spec.
        plugin: the plugin's name, for errors; empty for the name of its module.

    Raises:
        PluginError: the list cannot be loaded, or is not a table with these columns.
    """
    if not spec.clip_list:
        return None
    listed = _listed(spec, plugin)
    return listed[listed["database"].isin(spec.databases)].reset_index(drop=True)


def _listed(spec: Dataset, plugin: str) -> pd.DataFrame:
    import pandas as pd

    author = Author.of(f"dataset {spec.name}", plugin, spec.clip_list)
    wanted = f"give a table with {', '.join(CANONICAL)}"
    function = load_target(spec.clip_list, owner=f"dataset {spec.name!r}")
    with calling(author, "clip_list", wanted):
        listed = function()
    if not isinstance(listed, pd.DataFrame):
        raise wrong(author, "clip_list", kind(listed), wanted, function)
    if missing := [name for name in CANONICAL if name not in listed]:
        raise wrong(author, "clip_list", f"a table without {', '.join(missing)}", wanted, function)
    return listed
