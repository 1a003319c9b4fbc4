"""An aligned clip of a rendered face."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from merbench_demo.video import DrawnFrames, render
from merbench_faces.align import face

import merbench

SIZE = (180, 240)  # height and width of the images in pixels: drawn in little time


@pytest.fixture
def aligned() -> Callable[..., merbench.Frames]:
    """Renders a clip and aligns its face."""

    def make(**settings: int) -> merbench.Frames:
        clip = render("s1", "c1", "positive", **{"frames": 8, "onset": 0, "apex": 4, **settings}, size=SIZE)
        return face(DrawnFrames(clip), clip.landmarks(clip.onset))

    return make
