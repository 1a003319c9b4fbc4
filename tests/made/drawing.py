"""Images of a release: virtual faces, or flat ones that cost nothing and tell their frame's number."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from tests.made.clips import MARGIN, Clip, rendering

__all__ = ["Draw", "drawer", "plain_grey", "write_image"]

Draw = Literal["faces", "plain"]


def plain_grey(number: int) -> int:
    """The value, 0 to 255, of the upper half of a plain image with this frame number."""
    return number * 7 % 256


def drawer(clip: Clip, draw: Draw, size: tuple[int, int], cropped: bool) -> Callable[[int], np.ndarray]:
    """A function from a frame's number to its image: uint8 `[height, width, 3]`, red first."""
    if draw == "plain":
        return partial(_plain, clip, size)
    video = rendering(clip.id, clip.emotion, clip.shown, size=size, cropped=cropped)
    return lambda number: video.image(number - clip.shown[0] + MARGIN)


def write_image(path: Path, image: np.ndarray, grey: bool) -> None:
    """Write one image, red first, in the format of the path's extension (in any case)."""
    drawn = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR)
    whole, encoded = cv2.imencode(path.suffix.lower(), drawn)
    if not whole:
        raise ValueError(f"{path.name} cannot be written: OpenCV knows no {path.suffix}")
    path.write_bytes(encoded.tobytes())


def _plain(clip: Clip, size: tuple[int, int], number: int) -> np.ndarray:
    """The upper half tells the frame; the lower the clip, so that no two clips share an image."""
    tint = zlib.crc32(clip.id.encode())
    image = np.full((*size, 3), plain_grey(number), np.uint8)
    lower, middle = image[size[0] // 2 :], size[1] // 2
    lower[:, :middle], lower[:, middle:] = tint % 256, tint // 256 % 256
    return image
