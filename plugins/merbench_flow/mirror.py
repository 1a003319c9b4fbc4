"""Features of the mirrored clip, made from features of the clip: columns are reversed, and motion changes its side.

Each function takes a float32 tensor `[batch, channels, height, width]` (images may have more axes in between) and
returns a new one.
"""

from __future__ import annotations

from torch import Tensor

__all__ = ["images", "motion", "small_motion"]

LARGEST = 255  # of the stretched channels


def images(clips: Tensor) -> Tensor:
    """Frames: only their columns are reversed."""
    return clips.flip(-1)


def motion(clips: Tensor) -> Tensor:
    """(u, v, ...) in pixels: u changes its sign, v and strain do not."""
    mirrored = clips.flip(-1)
    mirrored[:, 0].neg_()
    return mirrored


def small_motion(clips: Tensor) -> Tensor:
    """(strain, v, u), each stretched to 0..255: the smallest u becomes the largest. A u that was the same everywhere is
    stretched to 0, and stays 0."""
    mirrored = clips.flip(-1)
    u = mirrored[:, 2]
    varies = u.amax((-2, -1), keepdim=True) > 0
    mirrored[:, 2] = u.where(~varies, LARGEST - u)
    return mirrored
