"""The checks of a feature."""

from __future__ import annotations

import contextlib
import functools
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from merbench.data.frames import Frames
from merbench.errors import OptionError, PluginError, ReleaseError
from merbench.features.clip import ClipValues, Value
from merbench.features.resolve import Resolved
from merbench.plugin.calls import Author, calling
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Feature
from merbench.plugin.validation import fault
from merbench.runs.ensemble import RAW
from merbench.testing.findings import Check, Undecided, require
from merbench.testing.toys import Shapes, shape_of, toy_array, toy_frames

__all__ = ["FEATURE_CHECKS", "FeatureToys", "Inputs"]

Inputs = Callable[[Frames], Mapping[str, Value]]

LONG = 200  # images: a second at the highest rate of the field
LARGE = 2040, 1088  # width and height of SAMM's images, the largest of the field
CLIPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "grey": {"constant": True},
    "of one image": {"count": 1},
    "long": {"count": LONG},
    "of large images": {"size": LARGE},
}


class FeatureToys:
    """A feature with toy clips of images, and its inputs for each of them.

    Args:
        spec: the feature.
        registry: finds the shapes that features declare.
        shapes: of inputs that do not declare one. An input without any shape is the images.
        inputs: the inputs of a clip of images by their names; those that it leaves out are drawn.
    """

    def __init__(
        self, spec: Feature, registry: Registry, *, shapes: Shapes | None = None, inputs: Inputs | None = None
    ) -> None:
        self.spec, self.registry, self.shapes = spec, registry, shapes or {}
        self.inputs = inputs or (lambda images: {})
        self.author = Author.of(f"feature {spec.name}", "", spec.function)
        self.dtype: np.dtype[Any] = np.dtype(np.float32)  # of noise; uint8 if the function takes no float32
        self._folder = Path(tempfile.mkdtemp(prefix="merbench-toys-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        raw = tuple(Resolved(one) for one in spec.inputs)
        variants = spec.variants or ("",)
        self.variants = [Resolved(spec.name, variant, spec, raw, self.author.plugin) for variant in variants]

    def clip(self, kind: str = "plain") -> dict[str, Value]:
        """The inputs of one of `CLIPS`."""
        images = toy_frames(self._folder, **CLIPS[kind])
        given = self.inputs(images)
        return {one: given[one] if one in given else self._drawn(one, images, kind) for one in self.spec.inputs}

    def value(self, clip: Mapping[str, Value], variant: int = 0) -> Value:
        """The feature of a clip.

        Raises:
            ReleaseError: the feature refuses the clip.
            PluginError: its function fails.
        """
        return ClipValues("toy/s1/1", clip).value(self.variants[variant])

    @functools.cached_property
    def usual(self) -> Value:
        """The feature of the plain clip, computed before all others.

        Raises:
            Undecided: the feature refuses the clip, or images where an input of unknown shape is wanted.
            PluginError: its function fails.
        """
        try:
            return self._first()
        except ReleaseError as error:
            raise Undecided(f"it refuses the toy clip: {error}; give other inputs in a test") from error

    def _first(self) -> Value:
        try:
            return self.value(self.clip())
        except PluginError as error:
            self.dtype = np.dtype(np.uint8)
            with contextlib.suppress(PluginError):
                return self.value(self.clip())
            unknown = [one for one in self.spec.inputs if one != RAW and isinstance(self.clip()[one], Frames)]
            if unknown:
                whose = f"{' and '.join(unknown)}, whose shape is not declared (give --shape, or inputs in a test)"
                raise Undecided(f"it takes no images as {whose}: {error}") from error
            raise

    def _drawn(self, reference: str, images: Frames, kind: str) -> Value:
        try:
            shape = shape_of(reference, self.registry, self.shapes)
        except OptionError:
            return images
        return (np.zeros(shape) if kind == "grey" else toy_array(shape)).astype(self.dtype)


def spec_resolves(toys: FeatureToys) -> str:
    """The spec has valid fields, and what it names can be imported."""
    require(not (wrong := fault(toys.spec, "features")), wrong)
    targets = [one for one in (toys.spec.function, toys.spec.mirror, toys.spec.drawing) if one]
    for target in targets:
        require(callable(load_target(target, owner=toys.author.spec)), f"{target} cannot be called")
    return ", ".join(targets)


def gives_declared_shape(toys: FeatureToys) -> str:
    """The feature gives an array of finite numbers, in the declared shape, or images; so does each of its variants."""
    first = toys.usual
    if isinstance(first, Frames):
        return f"{len(first)} images"
    declared = toys.spec.shape
    require(declared in ((), first.shape), f"it gives shape {list(first.shape)}, but declares {list(declared)}")
    for place, variant in enumerate(toys.variants):
        value = toys.value(toys.clip(), place) if place else first
        require(isinstance(value, np.ndarray), f"variant {variant.variant} gives images, and another gives an array")
        require(bool(np.isfinite(value).all()), f"{_shown(variant)} gives values that are not finite")
    return f"{list(first.shape)} {first.dtype}, {len(toys.variants)} variant(s)"


def is_pure(toys: FeatureToys) -> str:
    """The feature of a clip depends on this clip alone: it is the same again after another clip, and its function does
    not write into the arrays that it is given."""
    usual, clip = toys.usual, toys.clip()
    _survived(toys, toys.clip("grey"))
    arrays = {name: value.copy() for name, value in clip.items() if isinstance(value, np.ndarray)}
    require(_same(usual, toys.value(clip)), "it gives something else after another clip")
    changed = [name for name, value in arrays.items() if not np.array_equal(value, np.asarray(clip[name]))]
    require(not changed, f"it writes into {', '.join(changed)}")
    return "the same after another clip"


def takes_a_constant_clip(toys: FeatureToys) -> str:
    """A clip without motion or contrast gives a feature of the usual shape, or is refused with a `ReleaseError`."""
    return _taken(toys, "grey")


def takes_one_image(toys: FeatureToys) -> str:
    """A clip of one image gives a feature of the usual shape, or is refused with a `ReleaseError`."""
    return _taken(toys, "of one image")


def takes_a_long_clip(toys: FeatureToys) -> str:
    """A clip of 200 images gives a feature of the usual shape, or is refused with a `ReleaseError`."""
    return _taken(toys, "long")


def takes_large_images(toys: FeatureToys) -> str:
    """A clip of 2040x1088 images gives a feature of the usual shape, or is refused with a `ReleaseError`."""
    return _taken(toys, "of large images") if RAW in toys.spec.inputs else "it takes no raw images"


def mirrors_there_and_back(toys: FeatureToys) -> str:
    """The mirror of a mirrored feature is the feature, in the same shape; the mirror does not change what it gets."""
    if not toys.spec.mirror:
        return "it has no mirror"
    import torch

    value = toys.usual
    mirror = load_target(toys.spec.mirror, owner=toys.author.spec)
    clips = torch.from_numpy(np.stack([value, value]).astype(np.float32))
    given = clips.clone()
    with calling(Author.of(toys.author.spec, "", toys.spec.mirror), "mirror"):
        mirrored = mirror(given)
        back = mirror(mirrored.clone())
    require(torch.equal(given, clips), "the mirror writes into its input")
    require(mirrored.shape == clips.shape, f"the mirror gives {list(mirrored.shape)} for {list(clips.shape)}")
    require(torch.allclose(back, clips), "the mirror of the mirror is something else")
    return f"{list(clips.shape)}"


def draws_a_picture(toys: FeatureToys) -> str:
    """The drawing gives an image, uint8 `[height, width, 3]`."""
    if not toys.spec.drawing:
        return "it has no drawing"
    clip, value = toys.clip(), toys.usual
    variant = {"variant": toys.variants[0].variant} if toys.spec.variants else {}
    draw = load_target(toys.spec.drawing, owner=toys.author.spec)
    with calling(Author.of(toys.author.spec, "", toys.spec.drawing), "drawing"):
        image = np.asarray(draw(value, *clip.values(), **variant))
    shape = list(image.shape)
    require(image.dtype == np.uint8 and len(shape) == 3 and shape[2] == 3, f"it gives {image.dtype} {shape}")
    return f"{shape}"


def _taken(toys: FeatureToys, kind: str) -> str:
    usual, value = toys.usual, _survived(toys, toys.clip(kind))
    if value is None:
        return "refused"
    images = isinstance(usual, Frames)
    require(isinstance(value, Frames) is images, "it gives images for one clip, and an array for another")
    if isinstance(value, Frames) or isinstance(usual, Frames):
        return f"{len(value)} images"
    same = value.shape == usual.shape
    require(same, f"it gives shape {list(value.shape)} for a clip {kind}, {list(usual.shape)} for another")
    require(bool(np.isfinite(value).all()), f"it gives values that are not finite for a clip {kind}")
    return f"{list(value.shape)}"


def _survived(toys: FeatureToys, clip: Mapping[str, Value]) -> Value | None:
    """The feature of a clip; None if it is refused with a reason."""
    try:
        return toys.value(clip)
    except ReleaseError:
        return None


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Frames) or isinstance(other, Frames):
        return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    return one.dtype == other.dtype and np.array_equal(one, other)


def _shown(feature: Resolved) -> str:
    return f"variant {feature.variant}" if feature.variant else "it"


FEATURE_CHECKS: tuple[Check[FeatureToys], ...] = (
    spec_resolves,
    gives_declared_shape,
    is_pure,
    takes_a_constant_clip,
    takes_one_image,
    takes_a_long_clip,
    takes_large_images,
    mirrors_there_and_back,
    draws_a_picture,
)
