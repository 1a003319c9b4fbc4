"""Shared by the descriptors: a clip as a grey volume, and histograms of the blocks of an image."""

from __future__ import annotations

import numpy as np

__all__ = ["block_histograms", "check_blocks", "grey", "quotient", "shares"]


def grey(frames: np.ndarray) -> np.ndarray:
    """Images `[frames, 3, height, width]` uint8, red first, to uint8 `[frames, height, width]`.

    The weights are OpenCV's, those of ITU-R BT.601; grey values are rounded.
    """
    import cv2

    return np.stack(
        [cv2.cvtColor(np.ascontiguousarray(image.transpose(1, 2, 0)), cv2.COLOR_RGB2GRAY) for image in frames]
    )


def block_histograms(
    bins: np.ndarray, count: int, blocks: tuple[int, int], weights: np.ndarray | None = None
) -> np.ndarray:
    """How often each bin occurs in each block of the image, over all frames.

    Blocks divide the image as evenly as whole pixels allow. The grid is symmetric unless a pixel's centre lies on the
    border of two blocks.

    Args:
        bins: `[height, width]`, or several such images along leading axes, whole numbers 0..count-1.
        count: number of bins of a histogram.
        blocks: (rows, columns) of the grid.
        weights: weight of each place, in the shape of `bins`; None for 1.

    Returns:
        float64 `[rows, columns, count]`: sums, not normalised.

    Raises:
        ValueError: there are more blocks than pixels along a side.
    """
    height, width = bins.shape[-2:]
    rows, columns = blocks
    if rows > height or columns > width:
        raise ValueError(f"blocks is {blocks}; {height}x{width} pixels cannot be divided into so many")
    row, column = (
        ((2 * np.arange(side) + 1) * parts) // (2 * side) for side, parts in ((height, rows), (width, columns))
    )
    block = row[:, None] * columns + column
    places = (block * count).astype(np.int32) + bins
    counted = np.bincount(
        places.ravel(), None if weights is None else weights.ravel(), minlength=rows * columns * count
    )
    return counted.reshape(rows, columns, count).astype(np.float64, copy=False)


def shares(histograms: np.ndarray) -> np.ndarray:
    """Histograms along the last axis, divided by their sum, float32; empty histograms stay 0."""
    return quotient(histograms, histograms.sum(-1, keepdims=True)).astype(np.float32)


def quotient(values: np.ndarray, by: np.ndarray | np.floating) -> np.ndarray:
    """`values / by`, or 0 at places with `by` 0."""
    out: np.ndarray = np.zeros_like(values)
    np.divide(values, by, out=out, where=np.broadcast_to(by, values.shape) > 0)
    return out


def check_blocks(blocks: tuple[int, int]) -> None:
    """Raise ValueError unless `blocks` are two whole numbers of at least 1."""
    if len(blocks) != 2 or not all(isinstance(one, int) and one >= 1 for one in blocks):
        raise ValueError(f"blocks is {blocks!r}; it must be two whole numbers of at least 1")
