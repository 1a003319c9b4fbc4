"""Draws one clip: computes its features, or reads them from the store, and draws them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merbench.errors import MerbenchError, PluginError, ReleaseError
from merbench.features.clip import ClipValues, Value, from_images
from merbench.features.extract import signatures, stores_of
from merbench.features.store import full
from merbench.plugin.calls import reason
from merbench.plugin.registry import load_target
from merbench.preview.drawn import Drawn

__all__ = ["ClipPictures", "Picture", "pictures", "pictures_of"]

LARGEST_SIDE = 4096  # pixels
COMPRESSION = 6  # of 9: 9 makes the page 4 % smaller and takes most of the time


@dataclass(frozen=True)
class Picture:
    """The drawing of a feature in one variant, or in several variants that look the same.

    Attributes:
        name: of the feature.
        titles: `name@variant` of each of these variants.
        png: the image file.
        width, height: in pixels.
    """

    name: str
    titles: tuple[str, ...]
    png: bytes
    width: int
    height: int

    @property
    def data(self) -> str:
        """The image file in base64."""
        return base64.b64encode(self.png).decode("ascii")


@dataclass(frozen=True)
class ClipPictures:
    """The outcome of a clip.

    Attributes:
        clip: its id.
        pictures: in the order of the features.
        broken: the reason why it has none; else empty.
    """

    clip: str
    pictures: tuple[Picture, ...] = ()
    broken: str = ""


def pictures_of(clip: str, raw: Mapping[str, Value], *, drawn: Sequence[Drawn], root: Path) -> ClipPictures:
    """Computes and draws the features of one clip; stores the features that are computed from images.

    Args:
        clip: its id.
        raw: its raw features by name.
        drawn: the features to draw.
        root: the feature store's folder.
    """
    kept = [one.feature for one in drawn if from_images(one.feature, raw)]
    values = ClipValues(clip, raw, stores_of(kept, root))
    try:
        before = signatures(raw)
        found = pictures(drawn, values)
        if signatures(raw) != before:
            raise ReleaseError("its files change while they are read")
        values.keep()
    except ReleaseError as error:
        return ClipPictures(clip, broken=str(error))
    except OSError as error:
        raise full(root, error) from error
    return ClipPictures(clip, found)


def pictures(drawn: Sequence[Drawn], values: ClipValues) -> tuple[Picture, ...]:
    """Draws features of a clip; variants that look the same give one picture.

    Raises:
        ReleaseError, PluginError: a feature cannot be computed or drawn.
    """
    return _merged([_picture(one, values) for one in drawn])


def _picture(drawn: Drawn, values: ClipValues) -> Picture:
    feature = drawn.feature
    image = _drawing(drawn, values.clip, [values.value(feature), *map(values.value, feature.inputs)])
    height, width = image.shape[:2]
    return Picture(drawn.spec.name, (drawn.title,), _png(image), width, height)


def _drawing(drawn: Drawn, clip: str, values: Sequence[Value]) -> np.ndarray:
    """Calls the feature's drawing and checks that it returns an image."""
    who = f"feature {drawn.spec.name}"
    draw: Callable[..., object] = load_target(drawn.spec.drawing, owner=who)
    variant = {"variant": drawn.feature.variant} if drawn.feature.variant else {}
    try:
        image = draw(*values, **variant)
    except MerbenchError:
        raise
    except Exception as error:  # a plugin's function may raise anything
        raise PluginError(f"{who} cannot be drawn for {clip}: {reason(error)}") from error
    if (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.shape[2:] == (3,)
        and 0 < min(image.shape[:2]) <= max(image.shape[:2]) <= LARGEST_SIDE
    ):
        return image
    found = f"{image.dtype} {list(image.shape)}" if isinstance(image, np.ndarray) else type(image).__name__
    raise PluginError(
        f"the drawing of {who} for {clip} is {found}; it must be uint8 [height, width, 3], at most {LARGEST_SIDE} a "
        "side"
    )


def _png(image: np.ndarray) -> bytes:
    import cv2

    _, encoded = cv2.imencode(
        ".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION]
    )
    return bytes(encoded)


def _merged(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """Joins variants of a feature that look the same into one picture."""
    found: dict[tuple[str, bytes], Picture] = {}
    for one in pictures:
        same = found.get((one.name, one.png))
        titles = (*same.titles, *one.titles) if same else one.titles
        found[one.name, one.png] = Picture(one.name, titles, one.png, one.width, one.height)
    return tuple(found.values())
