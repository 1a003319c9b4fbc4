"""Features as they would be of the mirrored clip: columns in reverse, and what moved to the right moves to the left.

Each function takes a float32 tensor `[batch, channels, height, width]` (of images any number of axes in between) and
returns a new one.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["images", "motion", "small_motion"]

LARGEST = 255  # of the stretched channels


def images(clips: Tensor) -> Tensor:
    """Frames: nothing but their columns changes."""
    return clips.flip(-1)


def motion(clips: Tensor) -> Tensor:
    """(u, v, ...) in pixels: u changes its sign, v and strain do not."""
    mirrored = clips.flip(-1)
    mirrored[:, 0].neg_()
    return mirrored


def small_motion(clips: Tensor) -> Tensor:
    """(strain, v, u), each stretched to 0..255: what was the least u is the largest. A u with one value everywhere is 0
    when stretched, and stays 0."""
    mirrored = clips.flip(-1)
    u = mirrored[:, 2]
    varies = u.amax((-2, -1), keepdim=True) > 0
    mirrored[:, 2] = u.where(~varies, LARGEST - u)
    return mirrored
