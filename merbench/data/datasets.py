"""Opening a dataset: from its name to the labelled clip table, and a way to read each clip's raw features."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.data import locations
from merbench.data.clips import clip_table
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
    "provided",
    "reader_class",
    "release_reader",
    "shared_people",
]

Fits = Callable[[set[str]], object]

CANONICAL = ("clip", "database", "subject", "label")  # the columns of a clip list
DEMO = "this runs now: merbench run --model flow-lr --dataset demo"
SHOWN = 5  # clips named in an error before "and n more"


def release_reader(source: Source, root: Path | None, plugin: str = "") -> SourceReader:
    """The source's reader for the release in `root` (None: embedded); nothing is read yet.

    Args:
        source: what the plugin registered.
        root: the release's folder.
        plugin: the plugin's name, for errors; empty: its module stands for it.

    Raises:
        PluginError: the reader cannot be loaded, or its constructor fails.
    """
    return CheckedReader(reader_class(source), Author.of(f"source {source.name}", plugin, source.reader), root)


def reader_class(source: Source) -> type[SourceReader]:
    """The class that reads the source's releases.

    Raises:
        PluginError: it cannot be loaded.
    """
    reader: type[SourceReader] = load_target(source.reader, owner=f"source {source.name!r}", base=SourceReader)
    return reader


def provided(sources: Iterable[Source]) -> set[str]:
    """Names of the raw features that every one of the sources provides."""
    return set.intersection(*(set(source.provides) for source in sources))


def open_source(registry: Registry, name: str) -> SourceReader:
    """The reader of a source, at the place where its release is known to be.

    Raises:
        UnknownName: no source is called that.
        ReleaseError: no release was added, or its folder has gone; the line says what to get and how to add it.
        PluginError: the reader cannot be loaded.
    """
    source, plugin = registry.sources.get(name), registry.sources.origin(name).plugin
    if source.embedded:
        return release_reader(source, None, plugin)
    root = _place(source)
    if root is None:
        raise ReleaseError(f"{_lacking(source)}; without it, {DEMO}")
    return release_reader(source, root, plugin)


def find_dataset(registry: Registry, name: str, fits: Fits | None = None) -> OpenDataset:
    """The dataset with its releases found, but no clip read yet: for a look at one that is not as it should be.

    Args:
        registry: where its name is looked up.
        name: of the dataset.
        fits: called with the names of the raw features that a set of sources provides; it raises UnresolvableFeature
            where they do not do. Of the dataset's sets of sources (its `sources`, then its `alternatives`) the first is
            taken that does and whose releases are all here. Left out, any does.

    Raises:
        UnknownName: no dataset or source is called that.
        ReleaseError: no set that does has all its releases here; the line names every way to get one.
        UnresolvableFeature: no set that is here does, with what else could be added; or none at all.
    """
    spec = registry.datasets.get(name)
    if shared := shared_people(registry, spec.databases):
        raise ReleaseError(f"{name} holds {shared}; make a dataset of one of them")
    ways = [
        {source: registry.sources.get(source) for source in sources} for sources in (spec.sources, *spec.alternatives)
    ]
    here = [way for way in ways if all(_place(source) for source in way.values())]
    refusals = [_refusal(way, fits) for way in ways]
    fitting = [way for way, refusal in zip(ways, refusals, strict=True) if refusal is None]
    for way in fitting:
        if way in here:
            readers = {source: open_source(registry, source) for source in way}
            return OpenDataset(spec, way, readers, registry.datasets.origin(name).plugin)
    if not fitting or here:
        refusal = next(one for way, one in zip(ways, refusals, strict=True) if one and (way in here or not here))
        add = f"; or add what can be used: {' or: '.join(_adding(_absent(way)) for way in fitting)}" if fitting else ""
        raise UnresolvableFeature(f"{refusal}{add}")
    raise ReleaseError(_nothing_here(fitting))


def open_dataset(registry: Registry, name: str, fits: Fits | None = None) -> OpenDataset:
    """The dataset, its clips read and labelled; `fits` as `find_dataset` has it.

    Raises:
        UnknownName: no dataset or source is called that.
        ReleaseError: a release is missing or not what it should be, or its clips are not the canonical ones.
        UnresolvableFeature: as `find_dataset` has it.
    """
    opened = find_dataset(registry, name, fits)
    opened.clips  # noqa: B018  read here, so that a release that is not the canonical one is told of at once
    return opened


class OpenDataset:
    """A dataset that can be read.

    Attributes:
        spec: the dataset's spec.
        readers: source name → its reader.
        provides: names of the raw features that every source of the dataset provides.
    """

    def __init__(
        self, spec: Dataset, sources: Mapping[str, Source], readers: Mapping[str, SourceReader], plugin: str = ""
    ) -> None:
        self.spec, self._plugin = spec, plugin
        self.readers = dict(readers)
        self.provides = provided(sources.values())
        self._databases = {database for source in sources.values() for database in source.databases}

    @cached_property
    def clips(self) -> pd.DataFrame:
        """The labelled clip table, in the columns of `merbench.data.clips.COLUMNS`.

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
                f"{self.spec.name} is not the canonical clip list: {and_more(differences, SHOWN, '; ')}; "
                f"see the whole list with: merbench data check {self.spec.name}"
            )
        canonical = self.canonical
        table = self.released.set_index("clip", drop=False).loc[list(canonical["clip"])]
        return clip_table(table.assign(label=canonical["label"].to_numpy()))

    def without(self, clips: Collection[str]) -> OpenDataset:
        """The same with these clips (ids) left out of `clips`."""
        narrowed = copy.copy(self)
        narrowed.__dict__["clips"] = self.clips[~self.clips["clip"].isin(list(clips))].reset_index(drop=True)
        return narrowed

    def notes(self, features: Collection[str]) -> list[str]:
        """Sentences on what was substituted in these raw features, and on clips that were left out."""
        substituted = [pair for reader in self.readers.values() for pair in reader.notes().items()]
        return [f"{feature}: {note}" for feature, note in substituted if feature in features] + self._dropped_note()

    def read(self, feature: str, clip: str) -> np.ndarray | Frames:
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

        listed = canonical_clips(self.spec, self._plugin)
        return pd.DataFrame({name: [] for name in CANONICAL}) if listed is None else listed

    def differences(self, surplus: bool | None = None) -> list[str]:
        """One sentence for every clip in which the releases differ from the clip list; empty without a list.

        Args:
            surplus: whether to name clips that the list does not have. Left to itself, only a dataset that keeps all
                databases of its sources does: one that is cut from a larger release has no say about the rest of it.
                An alternative never does: it holds whole databases, of which the list names a part.
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
            f"{clip} is labelled {self._class(found[clip])}, canonically {self._class(label)}"
            for clip, label in wanted.items()
            if clip in found and found[clip] != label
        ]
        return missing + differing + [f"{clip} is not in the list" for clip in found if surplus and clip not in wanted]

    @property
    def is_alternative(self) -> bool:
        """Whether the clips are read from one of the spec's alternatives: whole databases, of which a clip list names
        a part.
        """
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
        return f"{label} ({self.spec.scheme.classes[label]})" if label >= 0 else "outside the scheme"

    def _dropped_note(self) -> list[str]:
        if self.spec.clip_list:
            return []
        dropped = self.released["emotion"][self.released["label"] < 0].fillna("not annotated")
        if dropped.empty:
            return []
        counted = ", ".join(f"{emotion} {count}" for emotion, count in dropped.value_counts().items())
        return [f"{len(dropped)} clips are left out, because {self.spec.scheme.name} has no class for them: {counted}"]


def shared_people(registry: Registry, databases: Iterable[str]) -> str:
    """Which two of these databases show the same people, as it completes "it holds ..."; empty if none do.

    A subject's id starts with its database's name, so that one person in two of them would count as two subjects: on
    both sides of a fold, and twice in every interval.
    """
    here = sorted(set(databases))
    for source in registry.sources:
        for database in sorted(set(source.databases) & set(here)):
            if other := next((one for one in here if one in source.same_people and one != database), ""):
                return f"{database} and {other}, which show the same people: each of them would count as two subjects"
    return ""


def canonical_clips(spec: Dataset, plugin: str = "") -> pd.DataFrame | None:
    """The rows of a dataset's clip list that are of its databases: clip, database, subject, label; None without a list.

    Args:
        spec: the dataset.
        plugin: the name of its plugin, for errors; empty: its module stands for it.

    Raises:
        PluginError: the list cannot be loaded, or is no table with these columns.
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


def _place(source: Source) -> Path | None:
    """The folder of a release that is here (an embedded one: any folder), or None."""
    if source.embedded:
        return Path()
    root = locations.locate(source.name)
    return root if root is not None and root.is_dir() else None


def _refusal(way: Mapping[str, Source], fits: Fits | None) -> UnresolvableFeature | None:
    try:
        if fits is not None:
            fits(provided(way.values()))
    except UnresolvableFeature as error:
        return error
    return None


def _lacking(source: Source) -> str:
    root = locations.locate(source.name)
    what = f"no data for {source.name}"
    if root is not None:
        what = f"{source.name} was added as {root}, which is not a folder any more"
    get = f"get {source.obtain}" if source.obtain else "get the release"
    return f"{what}: {get}, then: merbench data add {source.name} PATH"


def _absent(way: Mapping[str, Source]) -> list[Source]:
    return [source for source in way.values() if _place(source) is None]


def _adding(sources: Iterable[Source]) -> str:
    return ", ".join(f"merbench data add {source.name} PATH" for source in sources)


def _nothing_here(ways: Sequence[Mapping[str, Source]]) -> str:
    first, *further = _absent(ways[0])
    needed = f"; needed as well: {_adding(further)}" if further else ""
    others = "".join(f"; or instead: {_adding(_absent(way))}" for way in ways[1:])
    return f"{_lacking(first)}{needed}{others}; without it, {DEMO}"
