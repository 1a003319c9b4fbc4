"""The homes of a dataset: its sources, and alternative sets of sources, that the dataset can be read from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from merbench.data import locations
from merbench.errors import ReleaseError, UnresolvableFeature
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Source

__all__ = [
    "Home",
    "choose_home",
    "dataset_homes",
    "embedded_datasets",
    "first_home",
    "lacking",
    "needs_no_data",
    "place",
]


@dataclass(frozen=True)
class Home:
    """One set of sources that a dataset can be read from.

    Attributes:
        sources: source name → source.
    """

    sources: Mapping[str, Source]

    @cached_property
    def provides(self) -> frozenset[str]:
        """Names of the raw features that all sources provide."""
        return frozenset.intersection(*(frozenset(source.provides) for source in self.sources.values()))

    @property
    def absent(self) -> list[Source]:
        """The sources whose release is not on this machine."""
        return [source for source in self.sources.values() if place(source) is None]

    @property
    def databases(self) -> set[str]:
        """All databases of the sources."""
        return {database for source in self.sources.values() for database in source.databases}


def dataset_homes(registry: Registry, name: str) -> list[Home]:
    """Return the homes of a dataset: its `sources`, then its `alternatives`.

    Raises:
        UnknownName: no dataset or source has that name.
    """
    spec = registry.datasets.get(name)
    return [
        Home({source: registry.sources.get(source) for source in sources})
        for sources in (spec.sources, *spec.alternatives)
    ]


def first_home(registry: Registry, homes: Sequence[Home]) -> Home:
    """Return the first home whose releases are all on this machine.

    Raises:
        ReleaseError: no home is complete; the line names every way to get one.
    """
    return choose_home(registry, homes, [None] * len(homes))


def choose_home(registry: Registry, homes: Sequence[Home], refusals: Sequence[UnresolvableFeature | None]) -> Home:
    """Return the first home that is on this machine and is not refused.

    Args:
        registry: names a dataset that needs no data, for the error.
        homes: from `dataset_homes`.
        refusals: for each home the error if the wanted features cannot be computed from it, else None.

    Raises:
        ReleaseError: no home is on this machine, but some are not refused; the line names every way to get one.
        UnresolvableFeature: every home on this machine is refused, or all homes are; the line says what to add instead.
    """
    fitting = [home for home, refusal in zip(homes, refusals, strict=True) if refusal is None]
    here = [home for home in homes if not home.absent]
    if found := next((home for home in fitting if home in here), None):
        return found
    if fitting and not here:
        raise ReleaseError(f"{_nothing_here(fitting)}{needs_no_data(registry)}")
    refusal = next(one for home, one in zip(homes, refusals, strict=True) if one and (home in here or not here))
    add = f"; or add another release: {' or: '.join(_adding(home.absent) for home in fitting)}" if fitting else ""
    raise UnresolvableFeature(f"{refusal}{add}")


def place(source: Source) -> Path | None:
    """Return the folder of a release on this machine, or None. The folder of an embedded source is not used."""
    if source.embedded:
        return Path()
    root = locations.locate(source.name)
    return root if root is not None and root.is_dir() else None


def lacking(source: Source) -> str:
    """Say which release is missing, how to get it and how to add it."""
    root = locations.locate(source.name)
    what = f"no data for {source.name}"
    if root is not None:
        what = f"{source.name} was added as {root}, which is no longer a folder"
    get = f"get {source.obtain}" if source.obtain else "get the release"
    return f"{what}: {get}, then: merbench data add {source.name} PATH"


def embedded_datasets(registry: Registry) -> list[str]:
    """Names of the datasets that need no files, sorted."""
    embedded = {source.name for source in registry.sources if source.embedded}
    return [dataset.name for dataset in registry.datasets if embedded.issuperset(dataset.sources)]


def needs_no_data(registry: Registry) -> str:
    """Name a dataset that needs no files, for the end of an error about missing data."""
    names = embedded_datasets(registry)
    return f"; --dataset {names[0]} needs no data" if names else ""


def _adding(sources: Iterable[Source]) -> str:
    return ", ".join(f"merbench data add {source.name} PATH" for source in sources)


def _nothing_here(homes: Sequence[Home]) -> str:
    first, *further = homes[0].absent
    needed = f"; also needed: {_adding(further)}" if further else ""
    others = "".join(f"; or instead: {_adding(home.absent)}" for home in homes[1:])
    return f"{lacking(first)}{needed}{others}"
