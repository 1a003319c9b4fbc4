"""What of a dataset can be drawn: features that name a drawing and can be computed from what its sources provide."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from dataclasses import dataclass

from merbench.data.datasets import OpenDataset, find_dataset
from merbench.data.homes import dataset_homes, first_home
from merbench.errors import UnresolvableFeature
from merbench.features.resolve import Resolved, resolve
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Feature

__all__ = ["Drawn", "drawn_features", "fullest"]

ASKER = "merbench data preview"  # who wants a feature, in the resolver's errors


@dataclass(frozen=True)
class Drawn:
    """A feature in one variant, and how it is drawn.

    Attributes:
        spec: as it is registered.
        feature: how it is computed; without a spec of its own where a source provides it.
    """

    spec: Feature
    feature: Resolved

    @property
    def title(self) -> str:
        """`name@variant`."""
        return f"{self.spec.name}@{self.feature.variant}" if self.feature.variant else self.spec.name


def drawn_features(registry: Registry, provides: Collection[str], dataset: str) -> list[Drawn]:
    """Every variant of every feature that can be drawn of clips with these raw features. What others are computed from
    comes before them, so that a clip is seen on its way from images to what a model is shown.

    Raises:
        PluginError: two distributions give a feature that is needed.
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


def depth(feature: Resolved) -> int:
    """Over how many others the longest way goes from a raw feature; a raw one has 0."""
    return 1 + max(map(depth, feature.inputs), default=0) if feature.spec else 0


def fullest(registry: Registry, name: str) -> tuple[OpenDataset, list[Drawn]]:
    """The dataset with its clips read, and what is drawn of it. Where it has several homes, the one of which most can
    be drawn among those whose releases are here.

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
