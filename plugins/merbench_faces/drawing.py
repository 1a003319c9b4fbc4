"""Pictures of faces for `merbench data preview`: landmarks drawn on the image that they belong to."""

from __future__ import annotations

import cv2
import numpy as np

import merbench
from merbench_faces.align import SIDE, SMALL_SIDE, face

HEIGHT = 284  # pixels of a picture, the same as for the pictures of motion beside it
SHOWN = HEIGHT / SIDE  # magnification of the aligned face
FINE = 4  # lines and dots are drawn this many times larger, then shrunk, so that small dots are round too
# The 68 points (iBUG order) as lines: jaw, brows, bridge and base of the nose, eyes, outer and inner lips.
LINES = (range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36))
LOOPS = (range(36, 42), range(42, 48), range(48, 60), range(60, 68))
CELL = 10  # drawn pixels for each pixel of the small image
RADIUS = 1.7  # pixels, of each of the 68 points
Colour = tuple[int, int, int]
GROUND, GRID, FAINT = (22, 24, 27), (34, 37, 41), (96, 102, 110)
LINE, POINT, RIM = (235, 235, 230), (64, 224, 208), (20, 20, 20)


def landmarks_68(landmarks: np.ndarray, frames: merbench.Frames) -> np.ndarray:
    """The onset frame as released, with the 68 points and lines through them.

    Returns:
        uint8 `[284, width, 3]`.
    """
    image = frames[frames.index(frames.onset)]
    scale = HEIGHT / image.shape[0]
    return drawn(resized(image, scale), to_scale(landmarks, scale), LINE, RADIUS)


def face_landmarks_68(points: np.ndarray, frames: merbench.Frames, landmarks: np.ndarray) -> np.ndarray:
    """The aligned face at the onset, with the 68 points and lines through them.

    Returns:
        uint8 `[284, 284, 3]`.
    """
    aligned = face(frames, landmarks)
    image = resized(aligned[aligned.index(aligned.onset)], SHOWN)
    return drawn(image, to_scale(points, SHOWN), LINE, RADIUS)


def landmarks_28(points: np.ndarray, landmarks: np.ndarray | None = None) -> np.ndarray:
    """The five points on a grid of 28x28 pixels. If they were computed and not released, lines through the 68 landmarks
    that they come from are drawn behind them.

    Returns:
        uint8 `[280, 280, 3]`.
    """
    image = np.full((SMALL_SIDE * CELL, SMALL_SIDE * CELL, 3), GROUND, np.uint8)
    image[::CELL], image[:, ::CELL] = GRID, GRID
    if landmarks is not None:
        image = drawn(image, to_scale(landmarks, SMALL_SIDE * CELL / SIDE), FAINT, 0)
    return drawn(image, to_scale(points, CELL), None, 5)


def drawn(image: np.ndarray, points: np.ndarray, line: Colour | None, radius: float) -> np.ndarray:
    """The image with points drawn on it.

    Args:
        image: uint8 `[height, width, 3]`.
        points: `[points, 2]`, (x, y) in pixels of the image; with a line, all 68 landmarks.
        line: colour of the lines through the landmarks; None draws no lines.
        radius: of the points in pixels; 0 draws no points.
    """
    large = image.repeat(FINE, axis=0).repeat(FINE, axis=1)  # shrinking by areas gives the same image back
    places = np.rint(to_scale(points, FINE)).astype(np.int32)
    if line:
        cv2.polylines(large, [places[list(one)] for one in LINES], False, line, FINE, cv2.LINE_AA)
        cv2.polylines(large, [places[list(one)] for one in LOOPS], True, line, FINE, cv2.LINE_AA)
    for place in places if radius else ():
        for size, colour in ((radius + 1, RIM), (radius, POINT)):
            cv2.circle(large, place.tolist(), round(size * FINE), colour, cv2.FILLED, cv2.LINE_AA)
    return cv2.resize(large, image.shape[1::-1], interpolation=cv2.INTER_AREA)


def resized(image: np.ndarray, scale: float) -> np.ndarray:
    """The image, `scale` times as large."""
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    return cv2.resize(image, size, interpolation=how)


def to_scale(points: np.ndarray, scale: float) -> np.ndarray:
    """The places of points in an image `scale` times as large; (0, 0) is the middle of the first pixel in both."""
    return (points.astype(np.float64) + 0.5) * scale - 0.5
