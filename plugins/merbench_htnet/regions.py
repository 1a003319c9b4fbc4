"""HTNet's input: four pieces of the flow, around the eyes and the corners of the mouth, tiled to one image."""

from __future__ import annotations

import numpy as np

__all__ = ["htnet_regions"]

HALF = 7  # pixels: a piece is 14x14, so that four of them tile the 28x28 that they are cut from
CENTRES = (0, 1, 3, 4)  # left eye, right eye, left and right corner of the mouth; landmark 2, the nose, is not used


def htnet_regions(flow: np.ndarray, landmarks: np.ndarray, *, variant: str = "as-released") -> np.ndarray:
    """The four pieces of one clip, tiled [[left eye, right eye], [left mouth corner, right mouth corner]].

    As in the authors' script (repository wangzhifengharrison/HTNet), the centres are clamped so that no piece leaves
    the image, then truncated to whole pixels. The script then takes x for the row and y for the column.

    Args:
        flow: `[channels, 28, 28]` (channel, row, column), any scale.
        landmarks: `[5, 2]`, (x, y) in pixels: left eye, right eye, nose, left and right corner of the mouth.
        variant: `as-released`, with that exchange, or `anatomical`, with rows by y and columns by x.

    Returns:
        `[channels, 28, 28]` float32, values as they were.

    Raises:
        ValueError: flow or landmarks of another shape, landmarks that are not numbers, or an unknown variant.
    """
    if flow.ndim != 3 or flow.shape[1:] != (4 * HALF, 4 * HALF):
        raise ValueError(f"flow has shape {flow.shape}; wanted [channels, 28, 28]")
    if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        raise ValueError(f"landmarks must be five pairs of numbers (x, y), not shape {landmarks.shape} with gaps")
    if variant not in ("as-released", "anatomical"):
        raise ValueError(f"variant {variant!r} is neither 'as-released' nor 'anatomical'")
    pieces = [flow[:, row : row + 2 * HALF, column : column + 2 * HALF] for row, column in corners(landmarks, variant)]
    tiled = np.block([[pieces[0], pieces[1]], [pieces[2], pieces[3]]])
    return tiled.astype(np.float32, copy=False)


def corners(landmarks: np.ndarray, variant: str) -> list[tuple[int, int]]:
    """The first row and column of each of the four pieces. Arguments as `htnet_regions` takes them."""
    centres = np.clip(landmarks, HALF, 3 * HALF).astype(int)
    rows_columns = centres if variant == "as-released" else centres[:, ::-1]
    return [(row - HALF, column - HALF) for row, column in rows_columns[list(CENTRES)].tolist()]
