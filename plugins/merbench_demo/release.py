"""The demo's clips: who is in them, which emotion they show, and their arrays, generated as they are asked for.

Good for trying commands, plugins and pages out, and for tests: it has what makes the field's databases awkward (few
clips, many of them negative, subjects with a single class or a single clip, databases that look different). Not good
for comparing models: nothing was filmed, the motion follows rules that somebody made up, and a score on it says
nothing about faces.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import merbench
from merbench_demo import motion

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

EMOTIONS = ("negative", "positive", "surprise")
# Database → subject → number of negative, positive and surprise clips; as lopsided as the composite.
ROSTER: dict[str, dict[str, tuple[int, int, int]]] = {
    "demo-a": {
        "a01": (6, 5, 4),
        "a02": (3, 2, 3),
        "a03": (4, 1, 0),
        "a04": (2, 3, 1),
        "a05": (5, 0, 2),
        "a06": (1, 1, 1),
        "a07": (3, 0, 0),
        "a08": (1, 0, 0),
    },
    "demo-b": {
        "b01": (7, 3, 2),
        "b02": (5, 2, 1),
        "b03": (4, 0, 0),
        "b04": (2, 2, 2),
        "b05": (3, 0, 1),
        "b06": (0, 3, 0),
        "b07": (4, 1, 1),
        "b08": (1, 0, 0),
    },
    "demo-c": {
        "c01": (8, 3, 2),
        "c02": (4, 1, 1),
        "c03": (3, 2, 0),
        "c04": (4, 0, 1),
        "c05": (0, 1, 0),
        "c06": (2, 0, 0),
        "c07": (1, 1, 1),
        "c08": (1, 0, 0),
    },
}
CAMERAS = {
    "demo-a": motion.Camera(scale=0.8, noise=0.16),
    "demo-b": motion.Camera(scale=1.0, noise=0.10),
    "demo-c": motion.Camera(scale=1.1, noise=0.13),
}


class DemoRelease(merbench.SourceReader):
    """Generates, for each clip, the two features that the flow release of the composite has:

    - `flow-28`: float32 `[3, 28, 28]`, channels (strain, v, u), whole numbers 0..255, each stretched on its own;
    - `landmarks-28`: float32 `[5, 2]`, (x, y) in pixels: left eye, right eye, nose, left and right mouth corner.

    The same numbers come out on every machine and in any order of reading.
    """

    def clips(self) -> pd.DataFrame:
        """128 clips of 24 subjects in three databases; `emotion` is negative, positive or surprise."""
        return merbench.clip_table(
            {
                "clip": list(self._emotions),
                "database": [clip.split("/")[0] for clip in self._emotions],
                "subject": [clip.rsplit("/", 1)[0] for clip in self._emotions],
                "emotion": list(self._emotions.values()),
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray:
        """One raw feature of one clip; shapes and units as the class says.

        Raises:
            merbench.ReleaseError: there is no such clip or feature.
        """
        if clip not in self._emotions:
            raise merbench.ReleaseError(f"demo has no clip {clip}")
        subject = clip.rsplit("/", 1)[0]
        if feature == "landmarks-28":
            return motion.landmarks(subject)
        if feature == "flow-28":
            return motion.flow(subject, clip, self._emotions[clip], CAMERAS[clip.split("/")[0]])
        raise merbench.ReleaseError(f"demo has no feature {feature!r}")

    @cached_property
    def _emotions(self) -> dict[str, str]:
        """Clip id → the emotion that it shows."""
        found: dict[str, str] = {}
        for database, subjects in ROSTER.items():
            for subject, counts in subjects.items():
                shown = [emotion for emotion, count in zip(EMOTIONS, counts, strict=True) for _ in range(count)]
                found |= {f"{database}/{subject}/{number:02}": name for number, name in enumerate(shown, start=1)}
        return found
