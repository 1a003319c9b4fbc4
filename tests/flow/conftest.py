"""An aligned clip of a rendered face, with the flow that is true in the crop."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from merbench_demo.video import DrawnFrames, RenderedClip, render
from merbench_faces.align import canonical_similarity, face, face_landmarks_68

import merbench

SIDE = 224


class Aligned:
    """A rendered clip and its crop."""

    def __init__(self, clip: RenderedClip, annotate_apex: bool = True) -> None:
        self.clip = clip
        self.points = clip.landmarks(clip.onset)
        frames = DrawnFrames(clip, annotate_apex=annotate_apex)
        self.face: merbench.Frames = face(frames, self.points)
        self.landmarks = face_landmarks_68(frames, self.points)
        self.apex = np.array([clip.apex])

    def true_flow(self) -> np.ndarray:
        """From onset to apex in pixels of the crop: `[2, 224, 224]`."""
        forth = canonical_similarity(self.points)
        back = np.linalg.inv(np.vstack([forth, (0, 0, 1)]))[:2]
        rows, columns = np.indices((SIDE, SIDE))
        x, y = (back[:, :2] @ np.stack([columns, rows]).reshape(2, -1) + back[:, 2:]).reshape(2, SIDE, SIDE)
        moved = self.clip.flow(self.clip.onset, self.clip.apex).transpose(1, 2, 0)
        there = cv2.remap(moved, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
        return np.einsum("ij,hwj->ihw", forth[:, :2], there)


@pytest.fixture
def aligned() -> Callable[..., Aligned]:
    """Renders and aligns a clip."""

    def make(subject: str = "s1", emotion: str = "positive", *, annotate_apex: bool = True, **settings) -> Aligned:
        settings = {"frames": 8, "onset": 0, "apex": 4, **settings}
        return Aligned(render(subject, "c1", emotion, **settings), annotate_apex)

    return make
