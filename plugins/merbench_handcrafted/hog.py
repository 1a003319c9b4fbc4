"""Histograms of image gradients of a clip on three orthogonal planes (HOG-TOP), with and without their magnitude."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from merbench_handcrafted.volume import block_histograms, check_blocks, grey, shares

__all__ = ["VARIANTS", "hog_top", "hog_top_histograms"]

VARIANTS = ("hog", "higo")
BINS = 8  # over the whole circle
BLOCKS = (5, 5)  # those of the LBP-TOP baseline
MOST = 255  # by which two values of 8 bits can differ
PLANES = ((1, 2), (0, 2), (0, 1))  # XY, XT, YT: axes (down, right) of a volume (t, y, x); in YT t is down, y right


def hog_top(frames: np.ndarray, *, variant: str = "hog") -> np.ndarray:
    """Histograms of gradients on three planes: float32 `[5, 5, 3, 8]`, each adding to 1, or 0 where nothing changes.

    Li, Hong, Moilanen, Huang, Pfister, Zhao, Pietikainen, Towards reading hidden emotions, IEEE Transactions on
    Affective Computing 9, 2018: Dalal and Triggs' gradients (CVPR 2005; mask (-1, 0, 1)) on XY, XT and YT, 8
    orientations, without a normalisation over neighbouring blocks. No code of it is public, and its text was not at
    hand: those details are second-hand. Settled here: orientations are directions over the whole circle; a gradient
    between two of them is shared between both; 5x5 blocks; time is not divided.

    Args:
        frames: uint8 `[frames, 3, height, width]`, red first.
        variant: `hog`, where a gradient counts with its magnitude; or `higo` (image gradient orientation), where each
            counts 1.

    Raises:
        ValueError: an unknown variant, or a clip or image with fewer than 3 frames, rows or columns, or fewer rows or
            columns than blocks.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant {variant!r} is none of {', '.join(VARIANTS)}")
    return hog_top_histograms(grey(frames), weighted=variant == "hog")


def hog_top_histograms(
    volume: np.ndarray, *, bins: int = BINS, blocks: tuple[int, int] = BLOCKS, weighted: bool = True
) -> np.ndarray:
    """HOG-TOP of a grey volume, uint8 `[frames, height, width]`: float32 `[rows, columns, 3, bins]`.

    Bin k is the direction 2 pi k / bins from the plane's right towards its bottom (XY: x, y; XT: x, t; YT: y, t), in
    which the image gets brighter. Only places with both neighbours along all axes count.

    Raises:
        ValueError: `bins` below 2, `blocks` below 1, or a volume too small.
    """
    if not isinstance(bins, int) or bins < 2:
        raise ValueError(f"bins is {bins!r}; it must be a whole number of at least 2")
    check_blocks(blocks)
    for size, what in zip(volume.shape, ("frames", "rows", "columns"), strict=True):
        if size < 3:
            raise ValueError(f"{size} {what} are too few for a gradient, which takes 3")
    rises = [_rise(volume, axis) for axis in range(3)]
    planes = [_oriented(rises[right], rises[down], bins, blocks, weighted) for down, right in PLANES]
    return shares(np.stack(planes, 2))


def _rise(volume: np.ndarray, axis: int) -> np.ndarray:
    """How much brighter the next place is than the one before: int32, without the places at the border."""
    after, before = [slice(1, -1)] * 3, [slice(1, -1)] * 3
    after[axis], before[axis] = slice(2, None), slice(None, -2)
    rise: np.ndarray = np.subtract(volume[tuple(after)], volume[tuple(before)], dtype=np.int32)
    return rise


def _oriented(right: np.ndarray, down: np.ndarray, bins: int, blocks: tuple[int, int], weighted: bool) -> np.ndarray:
    """The histograms of one plane, not normalised."""
    first, counts = _votes(bins, weighted)
    which = (down + MOST) * (2 * MOST + 1) + (right + MOST)
    low = first[which]
    found = block_histograms(low, bins, blocks, counts[0][which])
    found += block_histograms((low + 1) % bins, bins, blocks, counts[1][which])
    return found


@lru_cache(maxsize=4)
def _votes(bins: int, weighted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Of each gradient that 8 bits can have, the bin before its direction `[gradients]`, and what it counts there and
    in the next one `[2, gradients]`: differences of grey values are few, so that angles need not be computed again."""
    down, right = np.mgrid[-MOST : MOST + 1, -MOST : MOST + 1]
    turn = np.round(np.arctan2(down, right) * bins / (2 * math.pi), 9).ravel()
    size = (np.hypot(right, down) if weighted else (right != 0) | (down != 0)).ravel()
    low = np.floor(turn)
    return low.astype(np.int32) % bins, np.stack([(1 - turn + low) * size, (turn - low) * size])
