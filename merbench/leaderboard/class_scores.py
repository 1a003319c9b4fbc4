"""What the class scores of a record say that its decisions do not: ranking, likelihood and calibration by part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from merbench.probabilities import (
    Reliability,
    are_probabilities,
    calibration_error,
    macro_auc,
    negative_log_likelihood,
    reliability,
)
from merbench.runs.schema import AnyPolicy, Prediction

__all__ = ["ClassScoreFigures", "class_scores", "mean_scores"]


@dataclass(frozen=True)
class ClassScoreFigures:
    """Figures of the class scores of one part. None where they are not defined.

    Attributes:
        clips: in the part.
        auc: `macro_auc`; None if the part lacks a class.
        likelihood: `negative_log_likelihood`; None if the scores are not probabilities.
        error: `calibration_error`; None as before.
        bins: by confidence; empty as before.
    """

    clips: int
    auc: float | None
    likelihood: float | None = None
    error: float | None = None
    bins: tuple[Reliability, ...] = ()


def class_scores(
    predictions: Sequence[Prediction], policy: AnyPolicy, parts: Sequence[str]
) -> dict[str, ClassScoreFigures]:
    """The figures of each part (`full`, or a database) that has clips; empty if a clip has no scores."""
    if not predictions or not all(one.policies[policy].scores for one in predictions):
        return {}
    scores = np.array([one.policies[policy].scores for one in predictions])
    truth = np.array([one.truth for one in predictions])
    predicted = np.array([one.policies[policy].predicted for one in predictions])
    databases = np.array([one.database for one in predictions])
    probable = are_probabilities(scores)
    masks = {part: np.full(len(truth), True) if part == "full" else databases == part for part in parts}
    return {
        part: _figures(truth[mask], predicted[mask], scores[mask], probable)
        for part, mask in masks.items()
        if mask.any()
    }


def mean_scores(seeds: Sequence[dict[str, ClassScoreFigures]], part: str = "full") -> ClassScoreFigures | None:
    """The mean of each figure of a part over some seeds, without bins; None if a seed has no figures."""
    found = [one[part] for one in seeds if part in one]
    if not found or len(found) < len(seeds):
        return None
    return ClassScoreFigures(
        clips=found[0].clips,
        auc=_mean([one.auc for one in found]),
        likelihood=_mean([one.likelihood for one in found]),
        error=_mean([one.error for one in found]),
    )


def _figures(truth: np.ndarray, predicted: np.ndarray, scores: np.ndarray, probable: bool) -> ClassScoreFigures:
    auc = macro_auc(truth, scores)
    if not probable:
        return ClassScoreFigures(len(truth), auc)
    bins = reliability(truth, predicted, scores)
    likelihood = negative_log_likelihood(truth, scores)
    return ClassScoreFigures(len(truth), auc, likelihood, calibration_error(bins), tuple(bins))


def _mean(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return fmean(known) if len(known) == len(values) else None
