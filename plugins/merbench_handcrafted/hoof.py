"""HOOF: histograms of oriented optical flow, block by block; and what they share with Bi-WOOF."""

from __future__ import annotations

import numpy as np

import merbench
from merbench_handcrafted.volume import block_histograms, shares

__all__ = ["check_grid", "direction_histograms", "hoof", "hoof_28", "uncentred"]

# Chaudhry, Ravichandran, Hager, Vidal, Histograms of oriented optical flow and Binet-Cauchy kernels on nonlinear
# dynamical systems for the recognition of human actions, CVPR 2009, take one histogram of the whole image. Blocks came
# with micro-expressions; 5x5 blocks and 8 bins are those of the code that Bi-WOOF's authors released.
BINS = 8
BLOCKS = 5


def hoof(flow: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """One histogram of directions for each block of the face: float32 `[blocks, blocks, bins]`.

    A vector (u, v) counts with its length in the bin of its primary angle, atan2(v, |u|) in [-pi/2, pi/2], so that
    motion to the left and to the right count alike and mirrored motion gives the same histogram. The first bin holds
    motion straight up, the last straight down; pi/2 itself is in the last. Each block's histogram adds to 1; that of
    a block without any motion is all 0.

    Angle, weight and norm are those of Chaudhry and others, CVPR 2009. How many blocks and bins a micro-expression
    needs the papers that quote HOOF as a baseline leave open or vary; see BINS and BLOCKS for where these come from.

    Args:
        flow: `[2, height, width]`, (u, v), v downwards, in any unit.
        bins: of the half circle, at least 1.
        blocks: along each side, at least 1 and at most the image's shorter side.

    Raises:
        ValueError: an argument out of range.
    """
    check_grid(flow.shape, bins, blocks)
    u, v = flow.astype(np.float64)
    return shares(direction_histograms(np.arctan2(v, np.abs(u)) / np.pi + 0.5, np.hypot(u, v), bins, blocks))


def hoof_28(image: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """The same of a small flow image, (strain, v, u) `[3, 28, 28]` in 0..255, after `uncentred`."""
    return hoof(uncentred(image), bins=bins, blocks=blocks)


def uncentred(image: np.ndarray) -> np.ndarray:
    """(u, v) of a small flow image, with each channel's median taken for no motion: float64 `[2, height, width]`.

    The release stretches each channel to 0..255, which loses where 0 was. Most of a face hardly moves during a
    micro-expression, so the value that most pixels lie around stands for it; median and mode are both that. The
    median needs no width of a bin, has no ties, and takes away what a head's shift adds to every pixel, while the mode
    may settle on a background that stands still. On 48 channels of 12 rendered clips, whose head motion is known, the
    median lay 4.6 levels of 255 from it and the mode 9.1 (medians); on the 442 released images the two are 4 to 5
    levels apart. What stretching loses for good is the scale of u against that of v: angles compare between clips
    only as far as that ratio does.

    Args:
        image: (strain, v, u) `[3, height, width]`; a channel with one value everywhere gives 0 everywhere.
    """
    v, u = image[1:].astype(np.float64)
    return np.stack([u - np.median(u), v - np.median(v)])


def direction_histograms(turns: np.ndarray, lengths: np.ndarray, bins: int, blocks: int) -> np.ndarray:
    """Sums of the vectors' lengths by direction and block: float64 `[blocks, blocks, bins]`, blocks as
    `merbench_handcrafted.volume.block_histograms` has them; Bi-WOOF's code has blocks that overlap by two pixels.

    Args:
        turns: directions `[height, width]` in 0..1; 1 itself is in the last bin.
        lengths: `[height, width]`.
    """
    places = np.clip((turns * bins).astype(np.intp), 0, bins - 1)
    return block_histograms(places, bins, (blocks, blocks), lengths)


def check_grid(shape: tuple[int, ...], bins: int, blocks: int) -> None:
    """Raises ValueError where bins or blocks are out of range for an image `[..., height, width]` of this shape."""
    merbench.check_whole(bins=bins)
    if not isinstance(blocks, int) or not 1 <= blocks <= min(shape[-2:]):
        raise ValueError(f"blocks is {blocks!r}; it must be a whole number from 1 to {min(shape[-2:])}, the side")
