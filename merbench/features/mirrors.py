"""Whether what a model sees can be changed as its recipe asks, and how it is mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from merbench.engine.task import Mirror
from merbench.errors import OptionError
from merbench.features.resolve import Resolved
from merbench.plugin.calls import Author, calling, kind, wrong
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Recipe

__all__ = ["find_mirrors"]

IMAGES = 4  # axes of an array of images at least: clips, channels, height, width


def find_mirrors(
    registry: Registry, recipe: Recipe, features: Sequence[Resolved], arrays: Sequence[np.ndarray]
) -> tuple[Mirror | None, ...]:
    """How each feature is mirrored; None where that is not known, or the recipe mirrors nothing.

    Args:
        registry: where features are looked up.
        recipe: the training settings.
        features: what the model sees.
        arrays: `[clips, ...]`, one per feature.

    Raises:
        OptionError: the recipe flips, rotates or crops a feature that is not an image, or crops by more than its size.
    """
    for feature, array in zip(features, arrays, strict=True):
        for setting in ("flip", "rotation", "crop_padding"):
            if getattr(recipe, setting) and array.ndim < IMAGES:
                shape = list(array.shape[1:])
                raise OptionError(
                    f"{setting}={getattr(recipe, setting):g}: feature {feature.name} has shape {shape}, which is no "
                    f"image; --set {setting}=0"
                )
        if recipe.crop_padding and recipe.crop_padding >= min(array.shape[-2:]):
            size = "x".join(map(str, array.shape[-2:]))
            raise OptionError(
                f"--set crop_padding={recipe.crop_padding}: feature {feature.name} is {size}; crop_padding must be "
                "smaller than the image"
            )
    return tuple(_mirror(registry, feature, recipe) for feature in features)


def _mirror(registry: Registry, feature: Resolved, recipe: Recipe) -> Mirror | None:
    if not recipe.flip:
        return None
    # A raw feature uses the mirror of the computed feature of the same name.
    spec = feature.spec or next((one for one in registry.features if one.name == feature.name), None)
    if spec is None or not spec.mirror:
        raise OptionError(f"flip={recipe.flip:g}: feature {feature.name} does not say how it is mirrored; --set flip=0")
    mirror = load_target(spec.mirror, owner=f"feature {spec.name}")
    return _Mirror(mirror, registry.features.author(spec.name, spec.mirror))


@dataclass(frozen=True)
class _Mirror:
    """A plugin's mirror, whose faults are reported as the plugin's."""

    mirror: Mirror
    author: Author

    def __call__(self, clips: Any) -> Any:
        wanted = f"give a tensor of the shape that it is handed, {list(clips.shape)}"
        with calling(self.author, "mirror", wanted):
            mirrored = self.mirror(clips)
        if getattr(mirrored, "shape", None) != clips.shape:
            shape = getattr(mirrored, "shape", None)
            gives = kind(mirrored) if shape is None else f"shape {list(shape)}"
            raise wrong(self.author, "mirror", gives, wanted, self.mirror)
        return mirrored
