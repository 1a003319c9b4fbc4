"""HOOF: histograms of oriented optical flow, block by block; and what they share with Bi-WOOF."""

from __future__ import annotations

import numpy as np

import merbench

__all__ = ["block_histograms", "check_grid", "hoof", "hoof_28", "quotient", "uncentred"]

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
    sums = block_histograms((np.arctan2(v, np.abs(u)) / np.pi + 0.5) * bins, np.hypot(u, v), bins, blocks)
    totals = sums.sum(axis=2, keepdims=True)
    return quotient(sums, totals).astype(np.float32)


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


def block_histograms(places: np.ndarray, weights: np.ndarray, bins: int, blocks: int) -> np.ndarray:
    """Sums of weights over bins and blocks: float64 `[blocks, blocks, bins]`.

    Blocks share the image as equally as whole pixels allow, and the grid is its own mirror image wherever no pixel's
    centre lies on a border between two; Bi-WOOF's code has blocks that overlap by two pixels.

    Args:
        places: `[height, width]`, in 0..bins: k up to below k + 1 is bin k, and `bins` itself is in the last.
        weights: `[height, width]`.
    """
    rows, columns = (((2 * np.arange(side) + 1) * blocks) // (2 * side) for side in places.shape)
    index = (rows[:, None] * blocks + columns) * bins + np.clip(places.astype(np.intp), 0, bins - 1)
    sums = np.bincount(index.ravel(), weights=weights.ravel(), minlength=blocks * blocks * bins)
    return sums.reshape(blocks, blocks, bins)


def quotient(values: np.ndarray, by: np.ndarray | np.floating) -> np.ndarray:
    """`values / by`, 0 where `by` is."""
    out: np.ndarray = np.zeros_like(values)
    np.divide(values, by, out=out, where=np.broadcast_to(by, values.shape) > 0)
    return out


def check_grid(shape: tuple[int, ...], bins: int, blocks: int) -> None:
    """Raises ValueError where bins or blocks are out of range for an image `[..., height, width]` of this shape."""
    merbench.check_whole(bins=bins)
    if not isinstance(blocks, int) or not 1 <= blocks <= min(shape[-2:]):
        raise ValueError(f"blocks is {blocks!r}; it must be a whole number from 1 to {min(shape[-2:])}, the side")
