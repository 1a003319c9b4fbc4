"""Optical flow between two images of a face, computed by OpenCV or with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import merbench

if TYPE_CHECKING:
    import numpy as np

# Dual TV-L1: Zach, Pock, Bischof, DAGM 2007; the values are OpenCV's own defaults, after Sanchez, Meinhardt-Llopis,
# Facciolo, Image Processing On Line 3, 2013.
TVL1: dict[str, Any] = {
    "tau": 0.25,
    "lambda_": 0.15,
    "theta": 0.3,
    "nscales": 5,
    "warps": 5,
    "epsilon": 0.01,
    "innnerIterations": 30,  # OpenCV's spelling
    "outerIterations": 10,
    "scaleStep": 0.8,
    "gamma": 0.0,
    "medianFiltering": 5,
    "useInitialFlow": False,
}
# Pixels. Among 0, 1, 4, 8, 16 and 24, this value had the smallest endpoint error on three rendered clips. With more,
# the repeated pixels form stripes, which have motion of their own.
BEYOND = 4
# Farneback, SCIA 2003; the values are those of OpenCV's tutorial, which the field's scripts repeat.
FARNEBACK: dict[str, Any] = {
    "pyr_scale": 0.5,
    "levels": 3,
    "winsize": 15,
    "iterations": 3,
    "poly_n": 5,
    "poly_sigma": 1.2,
    "flags": 0,
}


NEW: Any = None  # lets OpenCV allocate the result; its type stubs do not allow None there


def flow(face: merbench.Frames, apex: np.ndarray, *, variant: str = "tvl1") -> np.ndarray:
    """The motion from onset to apex: float32 `[2, height, width]`, (u, v) in pixels, u to the right, v downwards.

    A point at (x, y) in the onset frame moves to (x + u, y + v) in the apex frame.

    Args:
        face: the aligned clip, `[224, 224, 3]` each.
        apex: int64 `[1]`, the apex's place among the frames.
        variant: `tvl1` (dual TV-L1), `farneback`, `dis` (dense inverse search), or `tvl1-opencv` (dual TV-L1 as OpenCV
            computes it, equal up to rounding).

    Raises:
        merbench.ReleaseError: a frame cannot be read.
        ValueError: the variant is unknown.
    """
    merbench.check_choice(ALGORITHMS, variant=variant)
    return motion(face[face.index(face.onset)], face[int(apex[0])], variant)


def motion(first: np.ndarray, second: np.ndarray, algorithm: str) -> np.ndarray:
    """The motion between two images, uint8 `[height, width, 3]`, red first; the result is as in `flow`.

    Between equal images, such as in a clip whose apex is its onset, the motion is exactly 0. Farneback's method finds
    some motion at the border even then, and the small images would stretch it to their whole range.
    """
    import numpy as np

    if np.array_equal(first, second):
        return np.zeros((2, *first.shape[:2]), np.float32)
    field = ALGORITHMS[algorithm](first, second)
    return np.ascontiguousarray(field.transpose(2, 0, 1), dtype=np.float32)


def tvl1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dual TV-L1 on grey images with unrounded values 0..1: float32 `[height, width, 2]`.

    The method, like OpenCV's, treats everything outside the image as black. If a face drifts by one pixel, strain is
    then largest at the border. So the outermost pixels are repeated `BEYOND` times, and the result is cut back to the
    size of the image.
    """
    from merbench_flow.fast import tv_l1

    return tv_l1(*_bordered(first, second))[BEYOND:-BEYOND, BEYOND:-BEYOND]


def tvl1_opencv(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The same as `tvl1` up to rounding, by OpenCV: float32 `[height, width, 2]`."""
    import cv2
    import numpy as np

    # The object keeps the memory that it allocates, so each call creates a new one.
    method, (start, end) = cv2.optflow.DualTVL1OpticalFlow.create(**TVL1), _bordered(first, second)
    return np.asarray(method.calc(start, end, NEW))[BEYOND:-BEYOND, BEYOND:-BEYOND]


def _bordered(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    return np.pad(_grey(first), BEYOND, mode="edge"), np.pad(_grey(second), BEYOND, mode="edge")


def farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Farneback's polynomial expansion on 8-bit grey images: float32 `[height, width, 2]`."""
    import cv2
    import numpy as np

    return np.asarray(cv2.calcOpticalFlowFarneback(_grey_8(first), _grey_8(second), NEW, **FARNEBACK))


def dis(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Dense inverse search (Kroeger and others, ECCV 2016), OpenCV's medium preset, on 8-bit grey images: float32
    `[height, width, 2]`."""
    import cv2
    import numpy as np

    method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(method.calc(_grey_8(first), _grey_8(second), NEW))


def _grey(image: np.ndarray) -> np.ndarray:
    import cv2
    import numpy as np

    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2GRAY)


def _grey_8(image: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)


ALGORITHMS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "tvl1": tvl1,
    "farneback": farneback,
    "dis": dis,
    "tvl1-opencv": tvl1_opencv,
}
