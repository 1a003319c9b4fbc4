"""CausalNet's input: of each of a clip's four flow images, the four pieces around eyes and mouth corners."""

from __future__ import annotations

import numpy as np

__all__ = ["causalnet_regions"]

# From the authors' script (repository tony19980810/CausalNet, main_train.py, lines 73 to 77): left eye, right eye, left
# and right mouth corner, (x, y) in pixels of the 28x28 image. The script detects nothing: all clips have these points.
POINTS = ((9.528073, 11.062551), (21.396168, 10.919773), (10.255435, 22.121233), (20.583706, 22.25584))
HALF = 7  # pixels: a piece is 14x14, so that four of them tile a 28x28 image
SHAPE = (4, 3, 28, 28)
# The script keeps a piece inside the image, cuts off decimals (lines 83 to 89) and takes x for the row and y for the
# column (lines 114 to 123), so the first row and column of each piece are:
CORNERS = tuple(tuple(int(min(max(one, HALF), 3 * HALF)) - HALF for one in point) for point in POINTS)


def causalnet_regions(flows: np.ndarray) -> np.ndarray:
    """The pieces of each image, tiled as the script does (lines 184 to 210).

    Args:
        flows: `[4, 3, 28, 28]` (image, channel, row, column), any scale.

    Returns:
        `[4, 3, 28, 28]` float32, with unchanged values.

    Raises:
        ValueError: the images have another shape.
    """
    if flows.shape != SHAPE:
        raise ValueError(f"the flow images have shape {flows.shape}; it must be {SHAPE}")
    first, second, third, fourth = (
        flows[..., row : row + 2 * HALF, column : column + 2 * HALF] for row, column in CORNERS
    )
    return np.block([[first, second], [third, fourth]]).astype(np.float32, copy=False)
