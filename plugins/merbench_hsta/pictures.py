"""HSTA's inputs at a quarter of the side, for its `quick` recipe."""

from __future__ import annotations

import numpy as np

__all__ = ["flow_56", "video_56"]

SHRINK = 4


def video_56(video: np.ndarray) -> np.ndarray:
    """Each 4x4 pixels averaged to one and rounded: uint8 `[pictures, 3, 56, 56]`.

    Args:
        video: `video-6+2`, uint8 `[pictures, 3, 224, 224]`.
    """
    pictures: np.ndarray = np.rint(averaged(video)).astype(np.uint8)
    return pictures


def flow_56(flow: np.ndarray) -> np.ndarray:
    """Each 4x4 vectors averaged to one: float32 `[2, 56, 56]`, still in pixels of the 224x224 face.

    Args:
        flow: (u, v), float32 `[2, 224, 224]`.
    """
    return averaged(flow)


def averaged(pictures: np.ndarray) -> np.ndarray:
    """Means of each 4x4 values along the last two axes, float32."""
    rows, columns = (side // SHRINK for side in pictures.shape[-2:])
    blocks = pictures.reshape(*pictures.shape[:-2], rows, SHRINK, columns, SHRINK)
    means: np.ndarray = blocks.mean((-3, -1), dtype=np.float32)
    return means
