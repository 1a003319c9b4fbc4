"""Finds the features of a dataset that can be drawn: they name a drawing, and its sources provide what they need."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from merbench.data.datasets import OpenDataset, find_dataset
from merbench.data.homes import dataset_homes, first_home
from merbench.errors import UnresolvableFeature
from merbench.features.resolve import Resolved, resolve, walk
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Feature

__all__ = ["Drawn", "drawn_features", "drawn_inputs", "fullest"]

ASKER = "merbench data preview"  # names the user of a feature in the resolver's errors


@dataclass(frozen=True)
class Drawn:
    """A feature in one variant, and how it is drawn.

    Attributes:
        spec: as it is registered.
        feature: how it is computed; its `spec` is None if a source provides it.
    """

    spec: Feature
    feature: Resolved

    @property
    def title(self) -> str:
        """`name@variant`."""
        return f"{self.spec.name}@{self.feature.variant}" if self.feature.variant else self.spec.name


def drawn_features(registry: Registry, provides: Collection[str], dataset: str) -> list[Drawn]:
    """Every variant of every feature that can be drawn for clips with these raw features. Inputs come before the
    features that are computed from them, so a page shows a clip's way from images to model input.

    Raises:
        PluginError: two distributions register a feature that is needed.
    """
    found = []
    for spec in registry.features:
        if not spec.drawing:
            continue
        for variant in [""] if spec.name in provides else spec.variants or [""]:
            reference = f"{spec.name}@{variant}" if variant else spec.name
            with contextlib.suppress(UnresolvableFeature):
                found.append(Drawn(spec, resolve(reference, registry, provides, dataset, ASKER)))
    return sorted(found, key=lambda one: depth(one.feature))


def drawn_inputs(features: Iterable[Resolved]) -> list[Drawn]:
    """What can be drawn of features and of everything they are computed from, inputs first, each once."""
    found = {one: Drawn(one.spec, one) for one in walk(features) if one.spec and one.spec.drawing}
    return sorted(found.values(), key=lambda one: depth(one.feature))


def depth(feature: Resolved) -> int:
    """Number of functions on the longest way from a raw feature; 0 for a raw feature."""
    return 1 + max(map(depth, feature.inputs), default=0) if feature.spec else 0


def fullest(registry: Registry, name: str) -> tuple[OpenDataset, list[Drawn]]:
    """The opened dataset, and the features to draw. If several of its homes are installed, the home with the most
    features to draw is used.

    Raises:
        UnknownName: no dataset or source is called that.
        ReleaseError: a release is missing or not what it should be, or its clips are not the canonical ones.
        UnresolvableFeature: nothing can be drawn of what the sources provide.
        PluginError: as `drawn_features` has it.
    """
    homes = dataset_homes(registry, name)
    here = [home for home in homes if not home.absent] or [first_home(registry, homes)]
    opened, found = max(
        ((find_dataset(registry, name, home), drawn_features(registry, home.provides, name)) for home in here),
        key=lambda pair: len(pair[1]),
    )
    if not found:
        given = " and ".join(sorted(opened.provides)) or "nothing"
        raise UnresolvableFeature(
            f"nothing of {name} can be drawn: its sources provide {given}, and no feature that can be computed from "
            "that names a drawing; see: merbench list features"
        )
    opened.clips  # noqa: B018  read here, so that a release that is not the canonical one is told of at once
    return opened, found
