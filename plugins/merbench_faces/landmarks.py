"""Find the face of a clip and its 68 landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import merbench
from merbench_faces.model import detector, predictor

if TYPE_CHECKING:
    import numpy as np

POINTS = 68  # iBUG 300-W: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67
DETECTION_SIDE = 480  # pixels: the longer side of the searched image, in which the field's faces are 100 or larger
CLEARLY_LARGER = 2.0  # ratio of areas from which the larger of two faces is taken as the clip's face
BORDER = 0.25  # of the longer side: added around images of cropped releases, whose faces touch the border


class Box(NamedTuple):
    """The square around a face that the detector returns, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return (self.right - self.left) * (self.bottom - self.top)


def landmarks_68(frames: merbench.Frames) -> np.ndarray:
    """The landmarks of the onset frame: float32 `[68, 2]`, (x, y) in pixels of the frame as released, in iBUG's order.

    Among several faces, the largest is taken if its area is at least twice that of the next.

    Raises:
        merbench.ReleaseError: the frame has no face, or two faces of about the same size.
        merbench.MerbenchError: dlib or its model is not installed.
    """
    image = frames[frames.index(frames.onset)]
    return find_landmarks(image, border=BORDER if frames.cropped else 0.0)


def find_landmarks(image: np.ndarray, *, border: float = 0.0) -> np.ndarray:
    """The landmarks of the face in an image; the result and the errors are as in `landmarks_68`.

    Args:
        image: uint8 `[height, width, 3]`, red first.
        border: added around the image before the search, as a fraction of its longer side.
    """
    import cv2
    import dlib
    import numpy as np

    width = round(border * max(image.shape[:2]))
    if width:
        image = cv2.copyMakeBorder(image, width, width, width, width, cv2.BORDER_REPLICATE)
    box = the_face(find_faces(image))
    rectangle = dlib.rectangle(*(round(side) for side in box))
    points = predictor()(np.ascontiguousarray(image), rectangle).parts()
    return np.array([(point.x, point.y) for point in points], np.float32) - np.float32(width)


def find_faces(image: np.ndarray) -> list[Box]:
    """Every upright frontal face in an image, in its pixels. If none is found, the image is searched again at twice the
    size."""
    import cv2

    scale = DETECTION_SIDE / max(image.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    searched = cv2.resize(image, size, interpolation=how)
    found: Any = detector()(searched, 0) or detector()(searched, 1)
    return [Box(*(side / scale for side in (one.left(), one.top(), one.right(), one.bottom()))) for one in found]


def the_face(faces: list[Box]) -> Box:
    """The only face, or the largest if it is clearly larger than the others.

    Raises:
        merbench.ReleaseError: there is no face, or there are two of about the same size.
    """
    if not faces:
        raise merbench.ReleaseError("no face was found in its onset frame")
    first, *others = sorted(faces, key=lambda face: -face.area)
    if others and first.area < CLEARLY_LARGER * others[0].area:
        raise merbench.ReleaseError(
            f"{len(faces)} faces were found in its onset frame, and none is clearly the largest"
        )
    return first
