"""The apex of a clip: annotated, or estimated if the release (SMIC) does not annotate it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import merbench
from merbench_flow.sampling import span

if TYPE_CHECKING:
    import numpy as np

VARIANTS = ("difference", "middle")
# The landmarks whose bounding boxes are compared: brows and eyes, and the mouth.
REGIONS = ((*range(17, 27), *range(36, 48)), tuple(range(48, 68)))
MARGIN = 12  # pixels of the 224x224 face around each box, so that a moving brow or mouth corner stays inside
BLUR = 2.0  # standard deviation in pixels: removes sensor noise and keeps moved edges


def apex(face: merbench.Frames, landmarks: np.ndarray, *, variant: str = "difference") -> np.ndarray:
    """The place of the apex among the clip's frames: int64 `[1]`.

    Args:
        face: the aligned clip.
        landmarks: `[68, 2]`, (x, y) in pixels of the aligned face.
        variant: both take the annotated frame. Without one, `difference` takes `most_different`, and `middle` takes the
            frame in the middle between onset and offset, the field's usual substitute.

    Raises:
        merbench.ReleaseError: a frame cannot be read, or the offset comes before the onset.
        ValueError: the variant is unknown.
    """
    import numpy as np

    merbench.check_choice(VARIANTS, variant=variant)
    if face.apex is not None:
        place = face.index(face.apex)
    elif variant == "middle":
        places = span(face)
        place = places[len(places) // 2]
    else:
        place = most_different(face, landmarks)
    return np.array([place], np.int64)


def most_different(face: merbench.Frames, landmarks: np.ndarray) -> int:
    """The place of the frame that differs most from onset and offset together, around brows, eyes and mouth.

    The difference is the mean absolute difference of blurred grey values. A drifting head moves away from the onset and
    towards the offset, so it hardly changes the sum of both differences; an expression moves away from both. Among
    frames that differ equally, the last is taken: in a clip of two frames, this is not the onset.
    """
    import numpy as np

    places = span(face)
    first, last = (_regions(face[place], landmarks) for place in (places[0], places[-1]))
    sums = []
    for place in places:
        here = _regions(face[place], landmarks)
        sums.append(float(np.abs(here - first).mean() + np.abs(here - last).mean()))
    return max(zip(sums, places, strict=True))[1]


def _regions(image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The blurred grey values of the two regions, one after the other: float32."""
    import cv2
    import numpy as np

    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), BLUR)
    height, width = grey.shape
    parts = []
    for points in REGIONS:
        left, top = np.clip(
            np.floor(landmarks[list(points)].min(axis=0)).astype(int) - MARGIN, 0, (width - 1, height - 1)
        )
        right, bottom = np.clip(np.ceil(landmarks[list(points)].max(axis=0)).astype(int) + MARGIN, 1, (width, height))
        parts.append(grey[top:bottom, left:right].ravel())
    return np.concatenate(parts)
