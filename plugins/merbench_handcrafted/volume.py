"""A clip as a grey volume, and histograms of its parts: what the texture descriptors have in common."""

from __future__ import annotations

import numpy as np

__all__ = ["block_histograms", "check_blocks", "grey", "shares"]


def grey(frames: np.ndarray) -> np.ndarray:
    """Images `[frames, 3, height, width]` uint8, red first, to uint8 `[frames, height, width]`.

    The weights are those of ITU-R BT.601, as OpenCV has them, rounded to whole grey values.
    """
    import cv2

    return np.stack(
        [cv2.cvtColor(np.ascontiguousarray(image.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY) for image in frames]
    )


def block_histograms(
    bins: np.ndarray, count: int, blocks: tuple[int, int], weights: np.ndarray | None = None
) -> np.ndarray:
    """How often each bin occurs in each block of the image, over all frames.

    Args:
        bins: `[frames, height, width]`, whole numbers 0..count-1, or several such arrays along leading axes.
        count: bins of a histogram.
        blocks: (rows, columns) of the grid that the image is divided into, as evenly as whole pixels allow.
        weights: of the shape of `bins`, what each place counts; None for 1.

    Returns:
        float64 `[rows, columns, count]`: sums, not normalised.

    Raises:
        ValueError: more blocks than pixels along a side.
    """
    height, width = bins.shape[-2:]
    rows, columns = blocks
    if rows > height or columns > width:
        raise ValueError(f"blocks is {blocks}; {height}x{width} pixels cannot be divided into so many")
    block = (np.arange(height) * rows // height)[:, None] * columns + np.arange(width) * columns // width
    places = (block * count).astype(np.int32) + bins
    counted = np.bincount(
        places.ravel(), None if weights is None else weights.ravel(), minlength=rows * columns * count
    )
    return counted.reshape(rows, columns, count).astype(np.float64, copy=False)


def shares(histograms: np.ndarray) -> np.ndarray:
    """Histograms along the last axis as float32 shares of their sum; those that count nothing stay zeros."""
    total = histograms.sum(-1, keepdims=True)
    divided: np.ndarray = np.divide(histograms, total, out=np.zeros_like(histograms), where=total > 0)
    return divided.astype(np.float32)


def check_blocks(blocks: tuple[int, int]) -> None:
    """Raises ValueError where `blocks` are not two whole numbers of at least 1."""
    if len(blocks) != 2 or not all(isinstance(one, int) and one >= 1 for one in blocks):
        raise ValueError(f"blocks is {blocks!r}; it must be two whole numbers of at least 1")
