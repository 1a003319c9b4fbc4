"""Bi-WOOF: histograms of oriented optical flow, weighted within a block by motion and between blocks by strain."""

from __future__ import annotations

import numpy as np

from merbench_handcrafted.hoof import BINS, BLOCKS, check_grid, direction_histograms, uncentred
from merbench_handcrafted.volume import block_histograms, quotient

__all__ = ["bi_woof", "bi_woof_28"]


def bi_woof(flow: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """Bi-weighted oriented optical flow from onset to apex: float32 `[blocks, blocks, bins]` with norm 1.

    Liong, See, Wong, Phan, Less is more: micro-expression recognition from video using apex frame, Signal Processing:
    Image Communication 62, 2018. The steps follow the first author's released code (biwoof.m), which fixes 5x5 blocks,
    8 bins and both norms. Each block gets a histogram of directions, in which each pixel counts with the length of its
    vector; the histogram is divided by its sum and multiplied by the block's optical strain; then all values are
    divided by their Euclidean norm. Bins run from -180 degrees (motion to the left) over 0 (to the right) to 180, which
    belongs to the last bin; opposite directions stay apart.

    Strain is computed by `strain`. The code sums it over a block; this function takes the mean, so that a block one
    pixel wider does not weigh more. The code's edges, -180 to 135, seem to leave out motion beyond 135 degrees (the
    function that counts is not in its repository); here such motion is in the last bin. Without motion, values are 0.

    Args:
        flow: `[2, height, width]`, (u, v), v downwards, in pixels; at least two pixels a side.
        bins: of the full circle, at least 1.
        blocks: along each side, at least 1 and at most the image's shorter side.

    Raises:
        ValueError: an argument is out of range.
    """
    return _weighted(flow.astype(np.float64), strain(flow), bins, blocks)


def bi_woof_28(image: np.ndarray, *, bins: int = BINS, blocks: int = BLOCKS) -> np.ndarray:
    """The same for a small flow image, (strain, v, u) `[3, 28, 28]` in 0..255.

    u and v come from `merbench_handcrafted.hoof.uncentred`. Strain is the image's own channel: stretching has removed
    its smallest value, which is near 0 on a face, and its scale, which the norm removes anyway.
    """
    return _weighted(uncentred(image), image[0].astype(np.float64), bins, blocks)


def strain(flow: np.ndarray) -> np.ndarray:
    """The magnitude of optical strain as in the paper, sqrt(u_x^2 + v_y^2 + (u_y + v_x)^2 / 2): float64
    `[height, width]`; derivatives are central differences, one-sided at the border."""
    (u_y, u_x), (v_y, v_x) = (np.gradient(component.astype(np.float64)) for component in flow)
    magnitude: np.ndarray = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
    return magnitude


def _weighted(flow: np.ndarray, strains: np.ndarray, bins: int, blocks: int) -> np.ndarray:
    check_grid(flow.shape, bins, blocks)
    u, v = flow + 0.0  # removes the sign of zeros, which would put motion to the left on either side of 180 degrees
    sums = direction_histograms(np.arctan2(v, u) / (2 * np.pi) + 0.5, np.hypot(u, v), bins, blocks)
    whole, grid = np.zeros(strains.shape, np.intp), (blocks, blocks)
    local = quotient(sums, sums.sum(axis=2, keepdims=True))
    weighted = local * block_histograms(whole, 1, grid, strains) / block_histograms(whole, 1, grid)
    return quotient(weighted, np.linalg.norm(weighted)).astype(np.float32)
