"""Finds how a feature is computed from the raw features that the dataset's sources provide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from merbench.data.homes import Home, choose_home, dataset_homes
from merbench.errors import OptionError, UnknownName, UnresolvableFeature, nearest
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Feature

__all__ = ["Resolved", "resolve", "resolve_dataset", "split_reference", "walk"]


@dataclass(frozen=True)
class Resolved:
    """A feature and everything it is computed from. `spec` is None for a raw feature, which a source reads; `plugin`
    names the plugin that registered the feature."""

    name: str
    variant: str = ""
    spec: Feature | None = None
    inputs: tuple[Resolved, ...] = ()
    plugin: str = ""

    def __str__(self) -> str:
        """The name in plans and records: `htnet-regions@as-released v1 (flow-28, landmarks-28)`."""
        if self.spec is None:
            return self.name
        variant = f"@{self.variant}" if self.variant else ""
        return f"{self.name}{variant} v{self.spec.version} ({', '.join(map(str, self.inputs))})"


def walk(features: Iterable[Resolved]) -> list[Resolved]:
    """The features and everything they are computed from; a feature that others share is listed several times."""
    return [one for feature in features for one in (feature, *walk(feature.inputs))]


def split_reference(reference: str) -> tuple[str, str]:
    """`"name@variant"` as `("name", "variant")`; the variant may be empty."""
    name, _, variant = reference.partition("@")
    return name, variant


def resolve(reference: str, registry: Registry, provides: Collection[str], dataset: str, model: str) -> Resolved:
    """The feature `reference`, computed from `provides` (the raw features of the dataset's sources).

    Raises:
        UnresolvableFeature: it cannot be computed; the message names the chain and what is missing.
        OptionError: the feature has no such variant.
        PluginError: two distributions register a feature of that name.
    """
    try:
        return _walk(reference, registry, provides, ())
    except _MissingError as missing:
        chain = ", which is computed from ".join(missing.chain)
        given = " and ".join(sorted(provides)) or "nothing"
        raise UnresolvableFeature(
            f"{model} wants {chain}; dataset {dataset} provides only {given}{missing.hint}; "
            "choose a model that can use them (merbench list models) or another dataset (merbench list datasets)"
        ) from None


def resolve_dataset(
    references: Sequence[str], registry: Registry, dataset: str, asker: str
) -> tuple[Home, list[Resolved]]:
    """The home of a dataset from which the features can be computed, and how each is computed.

    Args:
        references: features, `name` or `name@variant`.
        registry: where names are looked up.
        dataset: its name.
        asker: who wants the features, for the error: a model's name.

    Raises:
        UnknownName: no dataset or source has that name.
        ReleaseError: no home that can provide the features is on this machine.
        UnresolvableFeature, OptionError, PluginError: as `resolve` does, for every home that is here.
    """
    title = registry.datasets.get(dataset).name
    homes = dataset_homes(registry, dataset)
    found: list[list[Resolved]] = []
    refusals: list[UnresolvableFeature | None] = []
    for home in homes:
        try:
            found.append([resolve(one, registry, home.provides, title, asker) for one in references])
            refusals.append(None)
        except UnresolvableFeature as refusal:
            found.append([])
            refusals.append(refusal)
    chosen = choose_home(registry, homes, refusals)
    return chosen, found[homes.index(chosen)]


class _MissingError(Exception):
    def __init__(self, chain: tuple[str, ...], hint: str) -> None:
        self.chain, self.hint = chain, hint


def _walk(reference: str, registry: Registry, provides: Collection[str], seen: tuple[str, ...]) -> Resolved:
    name, variant = split_reference(reference)
    if name in provides and not variant:
        return Resolved(name)
    if name in seen:
        raise _MissingError((*seen, name), "")
    try:
        spec = registry.features.get(name)
    except UnknownName:
        if name in provides:
            raise OptionError(f"feature {name} has no variant {variant!r} (it is read as it was released)") from None
        # If some source provides it, the name is right and the data are missing.
        misspelt = not any(name in source.provides for source in registry.sources)
        hint = nearest(name, [*provides, *registry.features.names()]) if misspelt else ""
        raise _MissingError((*seen, name), hint) from None
    if variant and variant not in spec.variants:
        known = ", ".join(spec.variants) or "it has none"
        raise OptionError(f"feature {name} has no variant {variant!r} ({known})")
    inputs = tuple(_walk(one, registry, provides, (*seen, name)) for one in spec.inputs)
    plugin = registry.features.origin(name).name
    return Resolved(spec.name, variant or next(iter(spec.variants), ""), spec, inputs, plugin)
