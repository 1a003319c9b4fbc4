"""Align faces: one similarity transform for all frames of a clip, computed from the onset frame's landmarks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import numpy as np

SIDE = 224  # pixels of the aligned face
SMALL_SIDE = 28  # pixels of the field's small images
# The landmarks that align a face, and their places (x, y) in the aligned face: eye centres (left as seen in the image),
# base of the nose, mouth corners. The proportions are those of an average adult. About 30 pixels remain above the
# brows, 10 or more below the chin, and 20 at the sides of the jaw.
ALIGNED_BY = (range(36, 42), range(42, 48), (33,), (48,), (54,))
CANONICAL = ((72.0, 70.0), (152.0, 70.0), (112.0, 124.0), (78.0, 150.0), (146.0, 150.0))
# Left eye, right eye, tip of the nose, left and right mouth corner: the points of MTCNN, which HTNet uses.
FIVE_POINTS = (range(36, 42), range(42, 48), (30,), (48,), (54,))
SMOOTHING = 0.5  # standard deviation, in pixels of the result, of the blur before an image is shrunk


@dataclass(frozen=True)
class Aligned:
    """Map an image to the 224x224 face by `matrix`, two rows of three: a point (x, y) goes to matrix @ (x, y, 1)."""

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """uint8 `[height, width, 3]` to uint8 `[224, 224, 3]`; outside the image its border is repeated."""
        import cv2
        import numpy as np

        matrix = np.array(self.matrix)
        scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        if scale < 1:  # without a blur, detail finer than a pixel of the result would become false texture
            sigma = SMOOTHING * np.sqrt(1 / scale**2 - 1)
            image = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


@dataclass(frozen=True)
class Resized:
    """Resize a whole image of a cropped release to 224x224."""

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """uint8 `[height, width, 3]` to uint8 `[224, 224, 3]`."""
        import cv2

        how = cv2.INTER_AREA if min(image.shape[:2]) > SIDE else cv2.INTER_CUBIC
        return cv2.resize(image, (SIDE, SIDE), interpolation=how)


def face(frames: merbench.Frames, landmarks: np.ndarray) -> merbench.Frames:
    """The clip with every image aligned, uint8 `[224, 224, 3]`.

    The landmarks of the onset frame give one similarity for the whole clip, so motion after the onset is kept. If the
    release shows only the face (`frames.cropped`), its authors aligned it, and the images are only resized.

    Args:
        frames: the clip as released.
        landmarks: `[68, 2]`, (x, y) in pixels of the onset frame.

    Raises:
        merbench.ReleaseError: all landmarks lie on one point.
    """
    if frames.cropped:
        return frames.mapped(Resized())
    (a, b, x), (c, d, y) = canonical_similarity(landmarks).tolist()
    return frames.mapped(Aligned(((a, b, x), (c, d, y))))


def face_landmarks_68(frames: merbench.Frames, landmarks: np.ndarray) -> np.ndarray:
    """The landmarks in pixels of the 224x224 face: float32 `[68, 2]`, (x, y). Arguments and errors as for `face`."""
    import numpy as np

    if frames.cropped:
        height, width = frames[frames.index(frames.onset)].shape[:2]
        ratio = np.array((SIDE / width, SIDE / height))
        moved: np.ndarray = (landmarks + 0.5) * ratio - 0.5
    else:
        matrix = canonical_similarity(landmarks)
        moved = landmarks @ matrix[:, :2].T + matrix[:, 2]
    return moved.astype(np.float32)


def landmarks_28(landmarks: np.ndarray) -> np.ndarray:
    """Left eye, right eye, tip of the nose, left and right mouth corner (left as seen in the image): float32 `[5, 2]`,
    (x, y) in pixels of the face shrunk to 28x28.

    A pixel of the small image covers 8x8 of the face, so x becomes (x + 0.5) / 8 - 0.5.

    Args:
        landmarks: `[68, 2]`, (x, y) in pixels of the 224x224 face.
    """
    import numpy as np

    ratio = SMALL_SIDE / SIDE
    return ((points_of(landmarks, FIVE_POINTS) + 0.5) * ratio - 0.5).astype(np.float32)


def canonical_similarity(landmarks: np.ndarray) -> np.ndarray:
    """The similarity from landmarks `[68, 2]` to the canonical face: float64 `[2, 3]`.

    Raises:
        merbench.ReleaseError: all landmarks lie on one point.
    """
    import numpy as np

    return similarity(points_of(landmarks, ALIGNED_BY), np.array(CANONICAL))


def points_of(landmarks: np.ndarray, groups: tuple[range | tuple[int, ...], ...]) -> np.ndarray:
    """The mean of each group of the 68 points: float64 `[groups, 2]`."""
    import numpy as np

    return np.stack([landmarks[list(group)].mean(axis=0, dtype=np.float64) for group in groups])


def similarity(points: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The rotation, scale and shift (never a reflection) that bring `points` closest to `targets` in least squares.

    Umeyama, Least-squares estimation of transformation parameters between two point patterns, PAMI 13(4), 1991,
    equations 40 to 42.

    Args:
        points, targets: `[n, 2]`.

    Returns:
        float64 `[2, 3]`: a point p goes to matrix[:, :2] @ p + matrix[:, 2].

    Raises:
        merbench.ReleaseError: all points lie on one point, or are not numbers.
    """
    import numpy as np

    centre, target_centre = points.mean(axis=0), targets.mean(axis=0)
    spread = ((points - centre) ** 2).sum()
    if not spread > 0:
        raise merbench.ReleaseError("all landmarks of its face lie on one point")
    left, singular, right = np.linalg.svd((targets - target_centre).T @ (points - centre))
    sign = np.array((1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))))
    rotation = left @ np.diag(sign) @ right
    scaled = (singular * sign).sum() / spread * rotation
    return np.column_stack((scaled, target_centre - scaled @ centre))
