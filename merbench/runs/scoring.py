"""From predictions to scores, and nothing but predictions: the one way for a run, a stranger's record, and a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.clips import clip_table
from merbench.engine.policies import Policy
from merbench.protocols import parts
from merbench.runs.schema import ClassScores, PartScores, Prediction
from merbench.scores import MissingClass, Scores, score

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["clips_of", "score_predictions"]


def clips_of(predictions: Sequence[Prediction]) -> pd.DataFrame:
    """The clip table behind predictions: ids, databases, subjects, and the truth as label.

    Raises:
        ReleaseError: an id is not `database/subject/clip`, or stands twice.
    """
    return clip_table(
        {
            "clip": [one.clip for one in predictions],
            "database": [one.database for one in predictions],
            "subject": [one.subject for one in predictions],
            "label": [one.truth for one in predictions],
        }
    )


def score_predictions(
    predictions: Sequence[Prediction], classes: Sequence[str]
) -> dict[Policy, dict[str, PartScores | None]]:
    """policy -> part -> scores. Parts are `full` and, where there are several databases, each of them.

    A part without any clip of some class is None: its UF1 and UAR are not defined.
    """
    truth = np.array([one.truth for one in predictions])
    table = clips_of(predictions)
    subjects = table["subject"].to_numpy(str)
    masks = parts(table)
    return {
        policy: {part: _score(truth[mask], predicted[mask], subjects[mask], classes) for part, mask in masks.items()}
        for policy, predicted in _predicted(predictions).items()
    }


def _predicted(predictions: Sequence[Prediction]) -> dict[Policy, np.ndarray]:
    return {
        policy: np.array([one.policies[policy].predicted for one in predictions]) for policy in predictions[0].policies
    }


def _score(truth: np.ndarray, predicted: np.ndarray, subjects: np.ndarray, classes: Sequence[str]) -> PartScores | None:
    try:
        scores = score(truth, predicted, subjects, len(classes))
    except MissingClass:
        return None
    return PartScores(
        clips=len(truth),
        uf1=scores.uf1,
        uar=scores.uar,
        accuracy=scores.accuracy,
        per_class=_per_class(scores, classes),
        confusion=[list(row) for row in scores.confusion],
        intervals={"uf1": scores.uf1_interval, "uar": scores.uar_interval, "accuracy": scores.accuracy_interval},
    )


def _per_class(scores: Scores, classes: Sequence[str]) -> list[ClassScores]:
    rows = zip(classes, scores.confusion, scores.f1, scores.recall, strict=True)
    return [ClassScores(name=name, clips=sum(row), f1=f1, recall=recall) for name, row, f1, recall in rows]
