"""HTNet's input: four pieces of the flow around the eyes and the mouth corners, tiled to one image."""

from __future__ import annotations

import numpy as np

import merbench

__all__ = ["htnet_regions"]

HALF = 7  # pixels: a piece is 14x14, so that four of them tile a 28x28 image
CENTRES = (0, 1, 3, 4)  # left eye, right eye, left and right mouth corner; landmark 2, the nose, is not used


def htnet_regions(flow: np.ndarray, landmarks: np.ndarray, *, variant: str = "as-released") -> np.ndarray:
    """The four pieces of one clip, tiled [[left eye, right eye], [left mouth corner, right mouth corner]].

    As in the authors' script (repository wangzhifengharrison/HTNet), the centres are clamped so that every piece lies
    inside the image, then truncated to whole pixels. The script then uses x as the row and y as the column.

    Args:
        flow: `[channels, 28, 28]` (channel, row, column), any scale.
        landmarks: `[5, 2]`, (x, y) in pixels: left eye, right eye, nose, left and right mouth corner.
        variant: `as-released`, which exchanges x and y like the script, or `anatomical`, which does not.

    Returns:
        `[channels, 28, 28]` float32, with unchanged values.

    Raises:
        ValueError: flow or landmarks have another shape, landmarks are not numbers, or the variant is unknown.
    """
    if flow.ndim != 3 or flow.shape[1:] != (4 * HALF, 4 * HALF):
        raise ValueError(f"flow has shape {flow.shape}; it must be [channels, 28, 28]")
    if landmarks.shape != (5, 2) or not np.isfinite(landmarks).all():
        raise ValueError(f"landmarks have shape {landmarks.shape}; they must be five pairs (x, y) of finite numbers")
    merbench.check_choice(("as-released", "anatomical"), variant=variant)
    pieces = [flow[:, row : row + 2 * HALF, column : column + 2 * HALF] for row, column in corners(landmarks, variant)]
    tiled = np.block([[pieces[0], pieces[1]], [pieces[2], pieces[3]]])
    return tiled.astype(np.float32, copy=False)


def corners(landmarks: np.ndarray, variant: str) -> list[tuple[int, int]]:
    """The first row and column of each of the four pieces; the arguments are as in `htnet_regions`."""
    centres = np.clip(landmarks, HALF, 3 * HALF).astype(int)
    rows_columns = centres if variant == "as-released" else centres[:, ::-1]
    return [(row - HALF, column - HALF) for row, column in rows_columns[list(CENTRES)].tolist()]
