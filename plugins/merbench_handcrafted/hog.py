"""Histograms of image gradients of a clip on three orthogonal planes (HOG-TOP), with and without their magnitude."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

import merbench
from merbench_handcrafted.volume import block_histograms, check_blocks, grey, shares

__all__ = ["VARIANTS", "hog_top", "hog_top_histograms"]

VARIANTS = ("hog", "higo")
BINS = 8  # over the whole circle
BLOCKS = (5, 5)  # those of the LBP-TOP baseline
MOST = 255  # largest difference of two 8-bit values
PLANES = ((1, 2), (0, 2), (0, 1))  # XY, XT, YT: axes (down, right) of a volume (t, y, x); in YT t is down, y right


def hog_top(frames: np.ndarray, *, variant: str = "hog") -> np.ndarray:
    """Histograms of gradients on three planes: float32 `[5, 5, 3, 8]`; each adds up to 1, or is 0 without change.

    Li, Hong, Moilanen, Huang, Pfister, Zhao, Pietikainen, Towards reading hidden emotions, IEEE Transactions on
    Affective Computing 9, 2018: Dalal and Triggs' gradients (CVPR 2005; mask (-1, 0, 1)) on XY, XT and YT, 8
    orientations, without normalisation over neighbouring blocks. No code is public, and the text was not available, so
    these details are second-hand. Decided here: orientations are directions over the whole circle; a gradient between
    two orientations is divided between them; 5x5 blocks; time is not divided.

    Args:
        frames: uint8 `[frames, 3, height, width]`, red first.
        variant: a gradient counts with its magnitude in `hog`, and counts 1 in `higo` (image gradient orientation).

    Raises:
        ValueError: the variant is unknown, or there are fewer than 3 frames, rows or columns, or fewer rows or columns
            than blocks.
    """
    merbench.check_choice(VARIANTS, variant=variant)
    return hog_top_histograms(grey(frames), weighted=variant == "hog")


def hog_top_histograms(
    volume: np.ndarray, *, bins: int = BINS, blocks: tuple[int, int] = BLOCKS, weighted: bool = True
) -> np.ndarray:
    """HOG-TOP of a grey volume, uint8 `[frames, height, width]`: float32 `[rows, columns, 3, bins]`.

    In bin k, the image gets brighter in the direction 2 pi k / bins from the plane's right towards its bottom (XY: x,
    y; XT: x, t; YT: y, t). Only places with both neighbours along all axes count.

    Raises:
        ValueError: `bins` is below 2, `blocks` below 1, or the volume is too small.
    """
    if not isinstance(bins, int) or bins < 2:
        raise ValueError(f"bins is {bins!r}; it must be a whole number of at least 2")
    check_blocks(blocks)
    for size, what in zip(volume.shape, ("frames", "rows", "columns"), strict=True):
        if size < 3:
            raise ValueError(f"{size} {what} are too few for a gradient, which needs 3")
    rises = [_rise(volume, axis) for axis in range(3)]
    planes = [_oriented(rises[right], rises[down], bins, blocks, weighted) for down, right in PLANES]
    return shares(np.stack(planes, 2))


def _rise(volume: np.ndarray, axis: int) -> np.ndarray:
    """The value at the next place minus the value at the previous one: int32, without the places at the border."""
    after, before = [slice(1, -1)] * 3, [slice(1, -1)] * 3
    after[axis], before[axis] = slice(2, None), slice(None, -2)
    rise: np.ndarray = np.subtract(volume[tuple(after)], volume[tuple(before)], dtype=np.int32)
    return rise


def _oriented(right: np.ndarray, down: np.ndarray, bins: int, blocks: tuple[int, int], weighted: bool) -> np.ndarray:
    """The histograms of one plane, without normalisation."""
    first, counts = _votes(bins, weighted)
    which = (down + MOST) * (2 * MOST + 1) + (right + MOST)
    low = first[which]
    found = block_histograms(low, bins, blocks, counts[0][which])
    found += block_histograms((low + 1) % bins, bins, blocks, counts[1][which])
    return found


@lru_cache(maxsize=4)
def _votes(bins: int, weighted: bool) -> tuple[np.ndarray, np.ndarray]:
    """For each possible gradient of 8-bit values: the bin before its direction `[gradients]`, and its weight in that
    bin and in the next `[2, gradients]`. There are few such gradients, so their angles are computed once."""
    down, right = np.mgrid[-MOST : MOST + 1, -MOST : MOST + 1]
    turn = np.round(np.arctan2(down, right) * bins / (2 * math.pi), 9).ravel()
    size = (np.hypot(right, down) if weighted else (right != 0) | (down != 0)).ravel()
    low = np.floor(turn)
    return low.astype(np.int32) % bins, np.stack([(1 - turn + low) * size, (turn - low) * size])
