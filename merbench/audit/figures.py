"""Scores of predictions in both ways of averaging, and the scores that a script printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from merbench.scores import confusion_per_subject

__all__ = ["METRICS", "fold_means", "pooled", "printed"]

METRICS = ("UF1", "UAR")
# "best UF1: 0.8603", "UAR = 71.9 %", and so on.
CLAIM = re.compile(r"\b(UF1|UAR)\b[^\w\n.]{0,12}(\d{0,3}\.\d{1,20})\s*(%?)", re.IGNORECASE)


def pooled(truth: Sequence[int], predicted: Sequence[int], classes: int) -> dict[str, float]:
    """UF1 and UAR of all clips together; see `merbench.scores.score` for the formulas."""
    _, (counts,) = confusion_per_subject(list(truth), list(predicted), ["all"] * len(truth), classes)
    f1, recall, _, present = _rates(counts)
    return {"UF1": float(f1[present].mean()), "UAR": float(recall[present].mean())}


def fold_means(
    truth: Sequence[int], predicted: Sequence[int], folds: Sequence[str], classes: int
) -> Mapping[str, list[float]]:
    """UF1 and UAR as means of the scores of folds, in each of the three ways in use.

    A fold mostly lacks classes. They count as 0; or are left out where no clip has them; or where nobody names them,
    as scikit-learn does.
    """
    _, confusions = confusion_per_subject(list(truth), list(predicted), list(folds), classes)
    ways: dict[str, list[list[float]]] = {metric: [[], [], []] for metric in METRICS}
    for counts in confusions:
        f1, recall, named, present = _rates(counts)
        for at, kept in enumerate((np.ones(classes, bool), present, named)):
            ways["UF1"][at].append(float(f1[kept].mean()))
            ways["UAR"][at].append(float(recall[kept].mean()))
    return {metric: [float(np.mean(one)) for one in each] for metric, each in ways.items()}


def _rates(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """F1 and recall of each class, 0 where undefined; which classes somebody names, and which are some clip's truth."""
    hits, truths, answers = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    f1 = 2 * hits / np.maximum(truths + answers, 1)
    return f1, hits / np.maximum(truths, 1), truths + answers > 0, truths > 0


def printed(text: str) -> dict[str, tuple[float, float]]:
    """The last UF1 and UAR that a script printed, each with half a unit of its last decimal; in [0, 1]."""
    claims = {}
    for name, digits, percent in CLAIM.findall(text):
        value, half = float(digits), 0.5 * 10.0 ** -len(digits.partition(".")[2])
        scale = 100 if percent or value > 1 else 1
        claims[name.upper()] = (value / scale, half / scale)
    return claims
