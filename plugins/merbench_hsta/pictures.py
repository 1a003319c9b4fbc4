"""HSTA's inputs at an eighth of their side length, for its `quick` recipe."""

from __future__ import annotations

import numpy as np

__all__ = ["flow_28", "video_28"]

SHRINK = 8


def video_28(video: np.ndarray) -> np.ndarray:
    """Means of 8x8 pixels, rounded: uint8 `[pictures, 3, 28, 28]`.

    Args:
        video: `video-6+2`, uint8 `[pictures, 3, 224, 224]`.
    """
    pictures: np.ndarray = np.rint(averaged(video)).astype(np.uint8)
    return pictures


def flow_28(flow: np.ndarray) -> np.ndarray:
    """Means of 8x8 vectors: float32 `[2, 28, 28]`, still in pixels of the 224x224 face.

    Args:
        flow: (u, v), float32 `[2, 224, 224]`.
    """
    return averaged(flow)


def averaged(pictures: np.ndarray) -> np.ndarray:
    """Means of 8x8 values along the last two axes, float32."""
    rows, columns = (side // SHRINK for side in pictures.shape[-2:])
    blocks = pictures.reshape(*pictures.shape[:-2], rows, SHRINK, columns, SHRINK)
    means: np.ndarray = blocks.mean((-3, -1), dtype=np.float32)
    return means
