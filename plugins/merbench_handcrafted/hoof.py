"""HOOF: histograms of oriented optical flow, block by block; and functions that Bi-WOOF uses too."""

from __future__ import annotations

import numpy as np

import merbench
from merbench_handcrafted.volume import block_histograms, shares

__all__ = ["check_grid", "direction_histograms", "hoof", "hoof_28", "uncentred"]

# Chaudhry, Ravichandran, Hager, Vidal, Histograms of oriented optical flow and Binet-Cauchy kernels on nonlinear
# dynamical systems for the recognition of human actions, CVPR 2009, take one histogram of the whole image. Work on
# micro-expressions added blocks; 5x5 blocks and 8 bins come from the code of Bi-WOOF's authors.
BINS = 8
BLOCKS = 5


def hoof(flow: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """One histogram of directions for each block of the face: float32 `[blocks, blocks, bins]`.

    A vector (u, v) counts with its length in the bin of its primary angle, atan2(v, |u|) in [-pi/2, pi/2]. So motion to
    the left and to the right is the same, and mirrored motion gives the same histogram. The first bin contains motion
    straight up, the last bin motion straight down, including pi/2. Each block's histogram adds up to 1; a block without
    motion has a histogram of 0.

    Angle, weight and norm follow Chaudhry and others, CVPR 2009. Papers that quote HOOF as a baseline leave the number
    of blocks and bins open or vary it; a comment beside BINS and BLOCKS says where these come from.

    Args:
        flow: `[2, height, width]`, (u, v), v downwards, in any unit.
        bins: of the half circle, at least 1.
        blocks: along each side, at least 1 and at most the image's shorter side.

    Raises:
        ValueError: an argument is out of range.
    """
    check_grid(flow.shape, bins, blocks)
    u, v = flow.astype(np.float64)
    return shares(direction_histograms(np.arctan2(v, np.abs(u)) / np.pi + 0.5, np.hypot(u, v), bins, blocks))


def hoof_28(image: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """The same for a small flow image, (strain, v, u) `[3, 28, 28]` in 0..255, after `uncentred`."""
    return hoof(uncentred(image), bins=bins, blocks=blocks)


def uncentred(image: np.ndarray) -> np.ndarray:
    """(u, v) of a small flow image, with each channel's median as the level of no motion: float64 `[2, height, width]`.

    The release stretches each channel to 0..255, so the level of no motion is lost. Most of a face hardly moves during
    a micro-expression, so this level is near the median and the mode of the channel. The median needs no bin width, has
    no ties, and removes the shift of the head, which is added to every pixel; the mode may pick a still background. On
    48 channels of 12 rendered clips with known head motion, the median was 4.6 levels of 255 from it and the mode 9.1
    (medians); on the 442 released images the two are 4 to 5 levels apart. Stretching also loses the ratio of the scales
    of u and v, so angles can be compared between clips only as far as this ratio is the same.

    Args:
        image: (strain, v, u) `[3, height, width]`; a constant channel gives 0 everywhere.
    """
    v, u = image[1:].astype(np.float64)
    return np.stack([u - np.median(u), v - np.median(v)])


def direction_histograms(turns: np.ndarray, lengths: np.ndarray, bins: int, blocks: int) -> np.ndarray:
    """Sums of the vectors' lengths by direction and block: float64 `[blocks, blocks, bins]`. The blocks are those of
    `merbench_handcrafted.volume.block_histograms`; in Bi-WOOF's code, blocks overlap by two pixels.

    Args:
        turns: directions `[height, width]` in 0..1; the last bin includes 1.
        lengths: `[height, width]`.
    """
    places = np.clip((turns * bins).astype(np.intp), 0, bins - 1)
    return block_histograms(places, bins, (blocks, blocks), lengths)


def check_grid(shape: tuple[int, ...], bins: int, blocks: int) -> None:
    """Raise ValueError if bins or blocks are out of range for an image `[..., height, width]` of this shape."""
    merbench.check_whole(bins=bins)
    if not isinstance(blocks, int) or not 1 <= blocks <= min(shape[-2:]):
        raise ValueError(f"blocks is {blocks!r}; it must be a whole number from 1 to {min(shape[-2:])}, the side")
