"""Motion of a virtual face: action units (FACS) as smooth pushes of the skin, and the action units of each emotion.

Lengths are in face units (half the width of the face), x to the right of the image, y downwards. A push is strongest at
its site and falls off like a Gaussian. Every push is far shorter than its width, so skin neither tears nor folds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from merbench_demo.shape import generator

__all__ = ["ACTION_UNITS", "BLINK", "COMBINATIONS", "Push", "pushes_of", "shown_units"]

# Action unit -> (site, towards the middle of the face, downwards), as shares of the expression's intensity.
ACTION_UNITS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "1+2": (("brow", 0.0, -1.0),),
    "4": (("brow", 0.5, 0.6),),
    "5": (("lid", 0.0, -0.5),),
    "6": (("cheek", 0.0, -0.7), ("lid below", 0.0, -0.3)),
    "9": (("wing", 0.0, -0.7), ("brow", 0.2, 0.3)),
    "12": (("corner", -0.7, -0.7),),
    "14": (("corner", -0.7, 0.1),),
    "15": (("corner", 0.0, 0.9),),
    "26": (("chin", 0.0, 1.3), ("lip below", 0.0, 0.8)),
}
BLINK = "45"
_BLINK = (("lid", 0.0, 1.2),)
WIDTHS = {
    "brow": 0.2, "lid": 0.1, "lid below": 0.13, "cheek": 0.24, "wing": 0.14, "corner": 0.17, "chin": 0.28,
    "lip below": 0.2,
}  # fmt: skip

# Emotion -> the combinations of action units that express it.
COMBINATIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "negative": (("4",), ("4", "9"), ("15",), ("4", "15"), ("14",)),
    "positive": (("12",), ("6", "12"), ("6",)),
    "surprise": (("1+2",), ("1+2", "5"), ("1+2", "5", "26"), ("5", "26")),
}
# Annotated emotions of the field's databases -> one of these emotions.
_LIKE = {"happiness": "positive", "happy": "positive", "surprise": "surprise", "surprised": "surprise"}
TASTE = 1.5  # concentration of the Dirichlet draw of each subject's preferred combinations
INTENSITY, INTENSITY_SPREAD = 0.022, 0.25  # median length of a push (face units), standard deviation of its logarithm
ASYMMETRY = 0.2  # standard deviation of the difference between the sides


@dataclass(frozen=True)
class Push:
    """A push of the skin: its site (`[2]`, face units), reach (`[2]`, face units) and width (sigma, face units)."""

    site: np.ndarray
    reach: np.ndarray
    width: float


def shown_units(subject: str, clip: str, emotion: str) -> tuple[str, ...]:
    """The action units that a subject shows for an emotion in a clip; an unknown emotion counts as negative."""
    kind = emotion if emotion in COMBINATIONS else _LIKE.get(emotion.strip().lower(), "negative")
    choices = COMBINATIONS[kind]
    taste = generator(subject, "taste", kind).dirichlet([TASTE] * len(choices))
    return choices[generator(subject, clip, "units").choice(len(choices), p=taste)]


def pushes_of(subject: str, clip: str, units: Iterable[str], points: np.ndarray, strength: float = 1.0) -> list[Push]:
    """The pushes of the action units at their apex, for a face with these landmarks (`[68, 2]`, face units).

    `strength` multiplies the length of every push.
    """
    draw = generator(subject, clip, "pushes")
    intensity = strength * INTENSITY * float(np.exp(np.clip(draw.normal(), -2, 2) * INTENSITY_SPREAD))
    sites = _sites(points)
    found = []
    for unit in units:
        for site, inwards, down in _BLINK if unit == BLINK else ACTION_UNITS[unit]:
            balance = float(np.clip(draw.normal(), -2, 2) * ASYMMETRY)
            for place, mirror in zip(sites[site], (1.0, -1.0), strict=False):
                reach = intensity * (1 + mirror * balance) * np.array([mirror * inwards, down])
                found.append(Push(place, reach, WIDTHS[site]))
    return found


def _sites(points: np.ndarray) -> dict[str, np.ndarray]:
    """Each site: its left and right place in the image, `[2, 2]`, or its place in the middle of the face, `[1, 2]`."""

    def middles(*parts: list[int]) -> np.ndarray:
        return np.array([points[part].mean(axis=0) for part in parts])

    eyes = middles(list(range(36, 42)), list(range(42, 48)))
    corners = points[[48, 54]]
    return {
        "brow": middles([18, 19, 20, 21], [22, 23, 24, 25]),
        "lid": middles([37, 38], [43, 44]),
        "lid below": middles([40, 41], [46, 47]) + np.array([0.0, 0.06]),
        "cheek": (eyes + corners) / 2 + [(-0.08, 0.0), (0.08, 0.0)],
        "wing": points[[31, 35]],
        "corner": corners,
        "chin": points[[8]] - np.array([0.0, 0.2]),
        "lip below": points[[57]],
    }
