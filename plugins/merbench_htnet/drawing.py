"""A picture of HTNet's input for `merbench data preview`: the places of the four pieces, and the tiled image."""

from __future__ import annotations

import cv2
import numpy as np

from merbench_htnet.regions import CENTRES, HALF, corners

SIDE = 4 * HALF  # pixels of the flow, and of the tiled image
CELL = 10  # drawn pixels for each pixel of these
GAP = 12  # pixels between the two images
GROUND = (22, 24, 27)
# Left eye, right eye, left and right mouth corner; people with red-green colour blindness can tell them apart too.
COLOURS = ((86, 180, 233), (240, 228, 66), (0, 190, 140), (240, 110, 60))


def htnet_regions(regions: np.ndarray, flow: np.ndarray, landmarks: np.ndarray, *, variant: str) -> np.ndarray:
    """Left: the first channel of the flow, with a frame around each of the four pieces and a dot of the same colour on
    the landmark of the piece. Right: the tiled image, with the same frames.

    Returns:
        uint8 `[280, 572, 3]`.
    """
    whole, tiled = (enlarged(image[0]) for image in (flow, regions))
    tiles = ((0, 0), (0, SIDE // 2), (SIDE // 2, 0), (SIDE // 2, SIDE // 2))
    for number, (place, tile, colour) in enumerate(zip(corners(landmarks, variant), tiles, COLOURS, strict=True)):
        framed(whole, place, colour, 3 * number)
        framed(tiled, tile, colour, 0)
    for (x, y), colour in zip(landmarks[list(CENTRES)].tolist(), COLOURS, strict=True):
        middle = round((x + 0.5) * CELL), round((y + 0.5) * CELL)
        for radius, paint in ((7, GROUND), (5, colour)):
            cv2.circle(whole, middle, radius, paint, cv2.FILLED, cv2.LINE_AA)
    return np.hstack([whole, np.full((SIDE * CELL, GAP, 3), GROUND, np.uint8), tiled])


def enlarged(channel: np.ndarray) -> np.ndarray:
    """A channel of any scale, from its smallest value (dark) to its largest: uint8 `[280, 280, 3]`."""
    least, largest = float(channel.min()), float(channel.max())
    shade = np.rint((channel - least) * (255 / (largest - least))) if largest > least else np.zeros_like(channel)
    image = cv2.applyColorMap(shade.astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1]
    return np.ascontiguousarray(image.repeat(CELL, axis=0).repeat(CELL, axis=1))


def framed(image: np.ndarray, place: tuple[int, int], colour: tuple[int, int, int], inset: int) -> None:
    """Draw the frame of a piece, `inset` pixels inside its border, so that no frame hides another."""
    top, left = (side * CELL + 1 + inset for side in place)
    side = 2 * HALF * CELL - 2 * inset - 3
    cv2.rectangle(image, (left, top), (left + side, top + side), colour, 2)
