"""The temporal interpolation model: any number of frames along a smooth curve through the clip's frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def tim_weights(frames: int, wanted: int) -> np.ndarray:
    """The weight of each frame in each interpolated image: float64 `[wanted, frames]`; rows add up to 1.

    Zhou, Zhao, Pietikainen, Towards a practical lipreading system, CVPR 2011, embed the path graph of n frames: frame i
    lies at t = i/n on the curve f_k(t) = sin(pi k t + pi (n - k) / (2n)), k = 1..n-1, and a linear map takes the curve
    back to images, so that it passes through every frame. On the frames f_k is, but for its sign, the k-th basis vector
    of the cosine transform (DCT-II), cos(pi k (i - 1/2) / n). These are orthogonal, and the map is its inverse: an
    image of the curve is a weighted sum of the frames, with weights that depend only on the two numbers. The wanted
    images lie at even distances from the first frame to the last.

    Raises:
        ValueError: either number is below 1.
    """
    import numpy as np

    if min(frames, wanted) < 1:
        raise ValueError(f"{wanted} images of {frames} frames")
    places = np.linspace(0, frames - 1, wanted)  # nt - 1 of the paper; halfway between two frames is allowed
    order = np.arange(1, frames)
    at_frames = np.cos(np.pi * np.outer(np.arange(frames) + 0.5, order) / frames)
    at_places = np.cos(np.pi * np.outer(places + 0.5, order) / frames)
    return 1 / frames + 2 / frames * at_places @ at_frames.T
