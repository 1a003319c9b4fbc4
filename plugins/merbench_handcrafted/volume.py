"""A clip as a grey volume, and histograms of the blocks of an image: what the descriptors have in common."""

from __future__ import annotations

import numpy as np

__all__ = ["block_histograms", "check_blocks", "grey", "quotient", "shares"]


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

    Blocks share the image as equally as whole pixels allow, and the grid is its own mirror image wherever no pixel's
    centre lies on a border between two.

    Args:
        bins: `[height, width]`, or several along leading axes, whole numbers 0..count-1.
        count: bins of a histogram.
        blocks: (rows, columns) of the grid.
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
    """Histograms along the last axis as float32 shares of their sum; those that count nothing stay zeros."""
    return quotient(histograms, histograms.sum(-1, keepdims=True)).astype(np.float32)


def quotient(values: np.ndarray, by: np.ndarray | np.floating) -> np.ndarray:
    """`values / by`, 0 where `by` is."""
    out: np.ndarray = np.zeros_like(values)
    np.divide(values, by, out=out, where=np.broadcast_to(by, values.shape) > 0)
    return out


def check_blocks(blocks: tuple[int, int]) -> None:
    """Raises ValueError where `blocks` are not two whole numbers of at least 1."""
    if len(blocks) != 2 or not all(isinstance(one, int) and one >= 1 for one in blocks):
        raise ValueError(f"blocks is {blocks!r}; it must be two whole numbers of at least 1")
