"""Figures of class scores that need no decision: how well they rank, how likely they find the truth, and whether they
say how often they are right.

A class weight moves decisions from one class to another, and UF1 and UAR with them. It hardly changes the order of the
clips by the score of a class, so the area under the ROC curve compares models with other weights. Likelihood and
calibration show what the weight does to probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "LEAST",
    "Reliability",
    "are_probabilities",
    "calibration_error",
    "macro_auc",
    "negative_log_likelihood",
    "reliability",
]

DIGIT = 1e-6  # records round scores to this
LEAST = DIGIT / 2  # a probability that a record shows as 0 may be as large
BINS = 10


@dataclass(frozen=True)
class Reliability:
    """The clips of one bin of confidence: how many, their mean confidence, and the share that is right."""

    clips: int
    confidence: float
    right: float


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether scores `[clips, classes]` are probabilities.

    Each row must be in 0..1 and have the sum 1, up to the digits of a record. Rows that are all 1 for one class and 0
    for the others are only predictions.
    """
    if not scores.size or (scores < 0).any() or (scores > 1).any():
        return False
    tolerance = scores.shape[1] * DIGIT
    sums_to_one = bool((abs(scores.sum(axis=1) - 1) <= tolerance).all())
    return sums_to_one and not bool((scores.max(axis=1) == 1).all())


def macro_auc(truth: np.ndarray, scores: np.ndarray) -> float | None:
    """The mean over classes of the area under the ROC curve of the class against all others (Hanley and McNeil, 1982).

    The area is the probability that a clip of the class has a higher score of the class than another clip; a tie
    counts one half. .5 is chance.

    Args:
        truth: `[clips]` class indices.
        scores: `[clips, classes]`, probabilities or decision values.

    Returns:
        None if a class has no clip, or all of them.
    """
    import numpy as np

    areas = []
    for label in range(scores.shape[1]):
        own = truth == label
        inside, outside = int(own.sum()), int((~own).sum())
        if not inside or not outside:
            return None
        _, place, times = np.unique(scores[:, label], return_inverse=True, return_counts=True)
        rank = np.cumsum(times) - (times - 1) / 2  # the mean rank of equal scores, from 1
        areas.append((rank[place][own].sum() - inside * (inside + 1) / 2) / (inside * outside))
    return float(np.mean(areas))


def negative_log_likelihood(truth: np.ndarray, probabilities: np.ndarray) -> float:
    """The mean of -log(probability of the true class), in nats; log(classes) for equal probabilities, 0 is perfect.

    Args:
        truth: `[clips]` class indices.
        probabilities: `[clips, classes]`; a probability below `LEAST` counts as `LEAST`.
    """
    import numpy as np

    own = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(own, LEAST)).mean())


def reliability(
    truth: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, bins: int = BINS
) -> list[Reliability]:
    """The clips by their confidence, the probability of the predicted class, in bins of equal width that are not empty.

    A confidence on an edge belongs to the lower bin (Guo et al., 2017, On calibration of modern neural networks).

    Args:
        truth, predicted: `[clips]` class indices.
        probabilities: `[clips, classes]`.
        bins: of 0..1, at least 1.
    """
    import numpy as np

    confidence = probabilities[np.arange(len(predicted)), predicted]
    index = np.clip(np.ceil(np.round(confidence * bins, 9)).astype(int) - 1, 0, bins - 1)
    members = [np.flatnonzero(index == number) for number in range(bins)]
    return [
        Reliability(len(one), float(confidence[one].mean()), float((truth == predicted)[one].mean()))
        for one in members
        if len(one)
    ]


def calibration_error(bins: list[Reliability]) -> float:
    """The expected calibration error: the mean over clips of |share right - mean confidence| of their bin, in 0..1 (Guo
    et al., 2017, equation 3)."""
    clips = sum(one.clips for one in bins)
    return sum(one.clips * abs(one.right - one.confidence) for one in bins) / clips
