"""Scores predictions, in the same way for a run, a foreign record, and a page of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from merbench.data.clips import clip_table
from merbench.runs.schema import AnyPolicy, ClassScores, PartScores, Prediction, Record
from merbench.scores import IntervalMethod, MissingClass, Scores, confusion_per_subject, score_confusions

if TYPE_CHECKING:
    import pandas as pd

    from merbench.plugin.registry import Registry

__all__ = [
    "Counts",
    "clips_of",
    "count",
    "count_predictions",
    "in_order",
    "labelled_clips",
    "score_counts",
    "score_predictions",
    "undefined_parts",
]


def clips_of(predictions: Sequence[Prediction]) -> pd.DataFrame:
    """Make the clip table of predictions: ids, databases, subjects, and the truth as label.

    Raises:
        ReleaseError: an id is not `database/subject/clip`, or is listed twice.
    """
    return labelled_clips([(one.clip, one.truth) for one in predictions])


def labelled_clips(clips: Sequence[tuple[str, int]]) -> pd.DataFrame:
    """Make a clip table from clip ids and labels; the clip ids contain the subjects and databases."""
    return clip_table(
        {
            "clip": [clip for clip, _ in clips],
            "database": [clip.split("/", 1)[0] for clip, _ in clips],
            "subject": ["/".join(clip.split("/")[:2]) for clip, _ in clips],
            "label": [label for _, label in clips],
        }
    )


@dataclass(frozen=True)
class Counts:
    """The confusion matrix of each subject, from which all scores follow.

    Attributes:
        subjects: ids, sorted.
        confusions: policy to `[subjects, classes, classes]` int64 clip counts, rows truth, columns prediction.
        databases: names, in the order of the parts.
    """

    subjects: tuple[str, ...]
    confusions: dict[AnyPolicy, np.ndarray]
    databases: tuple[str, ...]

    def parts(self) -> dict[str, np.ndarray]:
        """Map each part to its subjects, `[subjects]` bool: `full`, and each of several databases."""
        of_subject = np.array([subject.split("/", 1)[0] for subject in self.subjects])
        masks = {"full": np.ones(len(of_subject), dtype=bool)}
        return masks | {one: of_subject == one for one in self.databases if len(self.databases) > 1}


def in_order(parts: Iterable[str], dataset: str, registry: Registry) -> tuple[str, ...]:
    """The parts in the order of every table and picture: `full`, the dataset's databases in its own order, then others
    by name.
    """
    known = registry.datasets.get(dataset).databases if dataset in registry.datasets.names() else ()
    found = set(parts)
    return tuple(one for one in dict.fromkeys(("full", *known, *sorted(found))) if one in found)


def count(record: Record) -> Counts:
    """Count the predictions of a record, or return its counts if it has no predictions."""
    if record.predictions:
        return count_predictions(record.predictions, len(record.plan.classes))
    rows = sorted(record.subjects, key=lambda one: one.subject)
    policies = rows[0].confusion
    return Counts(
        subjects=tuple(one.subject for one in rows),
        confusions={policy: np.array([one.confusion[policy] for one in rows]) for policy in policies},
        databases=tuple(dict.fromkeys(one.database for one in record.subjects)),
    )


def count_predictions(predictions: Sequence[Prediction], classes: int) -> Counts:
    """Count the predictions of each subject."""
    truth = np.array([one.truth for one in predictions])
    of_clip = [one.subject for one in predictions]
    confusions: dict[AnyPolicy, np.ndarray] = {}
    for policy in predictions[0].policies:
        predicted = np.array([one.policies[policy].predicted for one in predictions])
        subjects, confusions[policy] = confusion_per_subject(truth, predicted, of_clip, classes)
    return Counts(subjects, confusions, tuple(dict.fromkeys(one.database for one in predictions)))


def score_predictions(
    predictions: Sequence[Prediction], classes: Sequence[str]
) -> dict[AnyPolicy, dict[str, PartScores | None]]:
    """Score predictions as `score_counts` does."""
    return score_counts(count_predictions(predictions, len(classes)), classes)


def score_counts(
    counts: Counts, classes: Sequence[str], method: IntervalMethod = "studentised"
) -> dict[AnyPolicy, dict[str, PartScores | None]]:
    """Score counts: policy -> part -> scores, with the intervals of a method. Parts are `full`, and each of
    several databases.

    A part that lacks a class has no scores (None), because its UF1 and UAR are undefined.
    """
    masks = counts.parts()
    return {
        policy: {part: _score(confusions[mask], classes, method) for part, mask in masks.items()}
        for policy, confusions in counts.confusions.items()
    }


def undefined_parts(scores: Mapping[AnyPolicy, Mapping[str, PartScores | None]]) -> list[str]:
    """Return a warning for every part whose UF1 and UAR are undefined."""
    parts = next(iter(scores.values()))  # truth is the same under every policy
    return [
        f"UF1 and UAR of {part} are not defined: it has no clip of some class"
        for part, value in parts.items()
        if value is None
    ]


def _score(confusions: np.ndarray, classes: Sequence[str], method: IntervalMethod) -> PartScores | None:
    try:
        scores = score_confusions(confusions, method)
    except MissingClass:
        return None
    return PartScores(
        clips=int(confusions.sum()),
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
