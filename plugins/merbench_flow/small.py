"""The field's small flow images: 28x28, as STSTNet introduced them, with and without stretching to 8 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import merbench
from merbench_flow.algorithms import flow
from merbench_flow.strain import optical_strain

if TYPE_CHECKING:
    import numpy as np

SIDE = 28
MEB = "-meb"  # suffix of the variants with meb's strain instead of STSTNet's


def flow_28(face: merbench.Frames, apex: np.ndarray, *, variant: str = "tvl1") -> np.ndarray:
    """The image in the form of the composite's flow release: float32 `[3, 28, 28]`, channels (strain, v, u), whole
    numbers 0..255.

    Strain is computed at 224x224; then the three channels are shrunk, then each is stretched separately. Stretching
    certainly comes last: every channel of all 442 released images reaches 0 and 255.

    Args:
        face: the aligned clip.
        apex: int64 `[1]`, the apex's place among the frames.
        variant: the flow, `tvl1`, `farneback`, `dis` or `tvl1-opencv`; with `-meb` after it, meb's strain.

    Raises:
        merbench.ReleaseError: a frame cannot be read.
        ValueError: the variant is unknown.
    """
    import numpy as np

    u, v, strain = flow_28_float(face, apex, variant=variant)
    return np.stack([stretched(channel) for channel in (strain, v, u)])


def flow_28_float(face: merbench.Frames, apex: np.ndarray, *, variant: str = "tvl1") -> np.ndarray:
    """The same, neither stretched nor rounded: float32 `[3, 28, 28]`, channels (u, v, strain).

    u and v are in pixels of the 224x224 face, strain has no unit. Arguments and errors as for `flow_28`.
    """
    import numpy as np

    motion = flow(face, apex, variant=variant.removesuffix(MEB))
    strain = optical_strain(motion, variant="meb" if variant.endswith(MEB) else "ststnet")
    return np.stack([shrunk(channel) for channel in (*motion, strain)])


def shrunk(channel: np.ndarray) -> np.ndarray:
    """`[height, width]` to float32 `[28, 28]`: means over equal areas."""
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(channel, (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def stretched(channel: np.ndarray) -> np.ndarray:
    """The channel stretched so that its smallest value is 0 and its largest 255, rounded: float32 of the same shape.

    A channel with one value everywhere, such as in a clip whose apex is its onset, becomes 0.
    """
    import numpy as np

    least, largest = channel.min(), channel.max()
    if not largest > least:
        return np.zeros_like(channel, dtype=np.float32)
    scaled: np.ndarray = np.rint((channel.astype(np.float64) - least) * (255 / (float(largest) - float(least))))
    return scaled.astype(np.float32)
