"""The demo's clips: their subjects and emotions, and their images, which are drawn when they are asked for.

The demo is for trying commands, plugins and pages, and for tests. It has the difficulties of the field's databases: few
clips, many of them negative, subjects with a single class or a single clip, and databases that look different. It is
not for comparing models: nothing was filmed, the motion follows invented rules, and a score on it says nothing about
faces.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import pandas as pd

EMOTIONS = ("negative", "positive", "surprise")
# Database → subject → number of negative, positive and surprise clips; as unbalanced as the composite.
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
    "tiny": {"t01": (1, 1, 1), "t02": (1, 1, 1), "t03": (1, 1, 1)},
}
# Database → sensor noise of its camera, standard deviation in 1/255 of full brightness.
NOISE = {"demo-a": 2.0, "demo-b": 1.0, "demo-c": 1.5, "tiny": 1.0}
SIZE = (360, 480)  # height and width in pixels
FRAMES = 13
# Difficulties of the demo: clips that also show another emotion's action units, an additional dimple, and expressions
# with very little motion.
AMBIGUOUS, DIMPLE = 0.1, 0.2  # shares of clips
STRENGTH, STRENGTH_SPREAD = 0.4, 0.5  # median of an expression's strength, standard deviation of its logarithm


class DemoRelease(merbench.SourceReader):
    """Draws `frames` for each clip: 13 images of 480x360 pixels of a virtual face, with an annotated apex.

    Faces and motion are the same on every machine and in any order of reading (`merbench_demo.video`).
    """

    def clips(self) -> pd.DataFrame:
        """128 clips of 24 subjects in three databases, and 9 clips of 3 subjects in a fourth one, `tiny`; `emotion` is
        negative, positive or surprise.
        """
        return merbench.clip_table(
            {
                "clip": list(self._emotions),
                "database": [clip.split("/")[0] for clip in self._emotions],
                "subject": [clip.rsplit("/", 1)[0] for clip in self._emotions],
                "emotion": list(self._emotions.values()),
            }
        )

    def read(self, feature: str, clip: str) -> merbench.Frames:
        """The images of one clip, which are drawn when they are asked for.

        Raises:
            merbench.ReleaseError: the clip or the feature does not exist.
        """
        from merbench_demo.video import DrawnFrames, render

        if clip not in self._emotions:
            raise merbench.ReleaseError(f"demo has no clip {clip}")
        if feature != "frames":
            raise merbench.ReleaseError(f"demo has no feature {feature!r}")
        subject = clip.rsplit("/", 1)[0]
        noise = NOISE[clip.split("/")[0]]
        units, strength = _shown(subject, clip, self._emotions[clip])
        drawn = render(subject, clip, "", frames=FRAMES, size=SIZE, noise=noise, units=units, strength=strength)
        return DrawnFrames(drawn)

    @cached_property
    def _emotions(self) -> dict[str, str]:
        """Clip id → emotion."""
        found: dict[str, str] = {}
        for database, subjects in ROSTER.items():
            for subject, counts in subjects.items():
                shown = [emotion for emotion, count in zip(EMOTIONS, counts, strict=True) for _ in range(count)]
                found |= {f"{database}/{subject}/{number:02}": name for number, name in enumerate(shown, start=1)}
        return found


def _shown(subject: str, clip: str, emotion: str) -> tuple[tuple[str, ...], float]:
    """The action units of a clip, and the strength of its expression."""
    from merbench_demo.muscles import shown_units
    from merbench_demo.shape import generator

    draw = generator(clip, "demo")
    units = shown_units(subject, clip, emotion)
    if draw.random() < AMBIGUOUS:
        other = [one for one in EMOTIONS if one != emotion][draw.integers(len(EMOTIONS) - 1)]
        units += shown_units(subject, clip, other)
    if draw.random() < DIMPLE:
        units += ("14",)
    return units, float(STRENGTH * draw.lognormal(0, STRENGTH_SPREAD))
