"""The 36 regions of MDMO, as polygons between the 68 landmarks."""

from __future__ import annotations

import numpy as np

__all__ = ["REGIONS", "polygons", "region_map"]

REGIONS = 36
# Height of the forehead's regions above the brows, in lengths of the nose (landmarks 27 to 33).
FOREHEAD = 0.4
RAISED = 100  # corner 100 + n is landmark n raised by that height

Corner = int | tuple[int, int]  # a landmark, or the middle of two

# From top to bottom: the left half as seen in the image, from outside to inside; the right half is its mirror image.
# Rows of 6, 8, 6, 4, 4, 4 and 4 regions.
CHEEK, LOWER_CHEEK, JOWL, LIP_TO_CHIN, CHIN = (2, 30), (3, 33), (5, 59), (6, 58), (8, 57)
LEFT: tuple[tuple[tuple[Corner, ...], ...], ...] = (
    (  # forehead and brows
        (117, 119, 19, 18, 17),
        (119, 121, 21, 20, 19),
        (121, (121, 122), 27, 21),
    ),
    (  # temple, upper lid, beside the nose's root
        (0, 17, 36, 1),
        (17, 18, 19, 37, 36),
        (19, 20, 21, 39, 38, 37),
        (21, 27, 28, 39),
    ),
    (  # below the eye, side of the nose
        (1, 36, 41, CHEEK, 2),
        (41, 40, 39, CHEEK),
        (39, 28, 30, CHEEK),
    ),
    (  # from the nose's tip to its base
        (2, CHEEK, LOWER_CHEEK, 3),
        (CHEEK, 30, 33, LOWER_CHEEK),
    ),
    (  # beside the mouth, upper lip
        (3, LOWER_CHEEK, 48, JOWL, 5, 4),
        (LOWER_CHEEK, 33, 62, 61, 60, 48),
    ),
    (  # lower lip and below
        (48, 60, 67, 58, LIP_TO_CHIN, JOWL),
        (67, 66, 57, CHIN, LIP_TO_CHIN, 58),
    ),
    (  # chin
        (JOWL, LIP_TO_CHIN, 6, 5),
        (LIP_TO_CHIN, CHIN, 8, 7, 6),
    ),
)
# Landmark n is landmark MIRRORED[n] of the mirrored face.
MIRRORED: tuple[int, ...] = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31),  # bridge of the nose
    *range(35, 30, -1),  # its base
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),  # lips
    *(64, 63, 62, 61, 60, 67, 66, 65),  # their inner border
)


def polygons(landmarks: np.ndarray) -> list[np.ndarray]:
    """The corners of each region, float64 `[corners, 2]`, (x, y): rows from top to bottom, each from left to right.

    Args:
        landmarks: `[68, 2]`, (x, y) in pixels, iBUG order.
    """
    points = landmarks.astype(np.float64)
    corners = np.zeros((RAISED + len(points), 2))
    corners[: len(points)] = points
    corners[RAISED:] = points + FOREHEAD * (points[27] - points[33])
    return np.split(corners[PAIRS].mean(axis=1), ENDS)


def region_map(landmarks: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The region of each pixel, 0..35, or 36 for no region: uint8 `[height, width]`.

    A pixel on the border of two regions belongs to the later one.

    Args:
        landmarks: `[68, 2]`, (x, y) in pixels; regions are cut off at the border of the image.
        shape: height and width.
    """
    import cv2

    pixels = np.full(shape, REGIONS, np.uint8)
    bits = 4  # of a fraction of a pixel
    for number, polygon in enumerate(polygons(landmarks)):
        cv2.fillPoly(pixels, [np.rint(polygon * 2**bits).astype(np.int32)], number, shift=bits)
    return pixels


def _mirrored(corner: Corner) -> Corner:
    if isinstance(corner, tuple):
        return _landmark_mirrored(corner[0]), _landmark_mirrored(corner[1])
    return _landmark_mirrored(corner)


def _landmark_mirrored(number: int) -> int:
    return number // RAISED * RAISED + MIRRORED[number % RAISED]


def _outlines() -> list[list[Corner]]:
    """The corners of all regions."""
    outlines: list[list[Corner]] = []
    for row in LEFT:
        outlines += [list(region) for region in row]
        outlines += [[_mirrored(corner) for corner in region] for region in reversed(row)]
    return outlines


OUTLINES = _outlines()
# Each corner as a pair of points with the corner in the middle; and the first corner of each region after the first.
PAIRS = np.array([corner if isinstance(corner, tuple) else (corner, corner) for line in OUTLINES for corner in line])
ENDS = np.cumsum([len(line) for line in OUTLINES])[:-1]
