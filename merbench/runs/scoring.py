"""Scores predictions, in the same way for a run, a foreign record, and a page of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from merbench.data.clips import clip_table
from merbench.data.people import SamePeople, by_person, person, subject_of
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
    "counts_by_person",
    "in_order",
    "labelled_clips",
    "score_counts",
    "score_predictions",
    "undefined_parts",
]


def clips_of(predictions: Sequence[Prediction], groups: SamePeople = ()) -> pd.DataFrame:
    """Make the clip table of predictions: ids, databases, subjects, and the truth as label.

    Raises:
        ReleaseError: an id is not `database/subject/clip`, or is listed twice.
    """
    return labelled_clips([(one.clip, one.truth) for one in predictions], groups)


def labelled_clips(clips: Sequence[tuple[str, int]], groups: SamePeople = ()) -> pd.DataFrame:
    """Make a clip table from clip ids and labels; the clip ids contain the subjects and databases.

    `groups` are the databases that show the same people.
    """
    table = clip_table(
        {
            "clip": [clip for clip, _ in clips],
            "database": [clip.split("/", 1)[0] for clip, _ in clips],
            "subject": [subject_of(clip) for clip, _ in clips],
            "label": [label for _, label in clips],
        }
    )
    return by_person(table, groups)


@dataclass(frozen=True)
class Counts:
    """The confusion matrix of each subject in each database, from which all scores follow.

    Attributes:
        rows: (subject, the subject's id in the database) of each row, sorted. Both differ only for people that several
            databases show.
        cells: policy to `[rows, classes, classes]` int64 clip counts: true class, predicted class.
        databases: names, in the order of the parts.
    """

    rows: tuple[tuple[str, str], ...]
    cells: dict[AnyPolicy, np.ndarray]
    databases: tuple[str, ...]

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """Ids, sorted."""
        return tuple(dict.fromkeys(subject for subject, _ in self.rows))

    @cached_property
    def confusions(self) -> dict[AnyPolicy, np.ndarray]:
        """Policy to `[subjects, classes, classes]` clip counts: true class, predicted class."""
        if len(self.subjects) == len(self.rows):
            return self.cells
        _, starts = np.unique([subject for subject, _ in self.rows], return_index=True)
        return {policy: np.add.reduceat(cells, starts) for policy, cells in self.cells.items()}

    @property
    def parts(self) -> tuple[str, ...]:
        """`full`, and each of several databases."""
        return ("full", *(self.databases if len(self.databases) > 1 else ()))

    def of(self, part: str) -> Counts:
        """The counts of one of the parts: its subjects, and their clips in it."""
        if part == "full":
            return self
        places = [place for place, (_, own) in enumerate(self.rows) if own.startswith(f"{part}/")]
        cells = {policy: cells[places] for policy, cells in self.cells.items()}
        return Counts(tuple(self.rows[place] for place in places), cells, (part,))


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
        return count_predictions(record.predictions, len(record.plan.classes), record.plan.groups)
    rows = record.subjects
    cells = {policy: np.array([one.confusion[policy] for one in rows]) for policy in rows[0].confusion}
    return counts_by_person([one.subject for one in rows], cells, record.plan.groups)


def count_predictions(predictions: Sequence[Prediction], classes: int, groups: SamePeople = ()) -> Counts:
    """Count the predictions of each subject. `groups` are the databases that show the same people."""
    truth = np.array([one.truth for one in predictions])
    of_clip = [one.subject for one in predictions]
    own: tuple[str, ...] = ()
    cells: dict[AnyPolicy, np.ndarray] = {}
    for policy in predictions[0].policies:
        predicted = np.array([one.policies[policy].predicted for one in predictions])
        own, cells[policy] = confusion_per_subject(truth, predicted, of_clip, classes)
    databases = tuple(dict.fromkeys(one.database for one in predictions))
    return replace(counts_by_person(own, cells, groups), databases=databases)


def counts_by_person(own: Sequence[str], cells: Mapping[AnyPolicy, np.ndarray], groups: SamePeople) -> Counts:
    """The counts of people from those of subjects.

    Args:
        own: ids of the subjects, each with its own database.
        cells: policy to `[subjects, classes, classes]` clip counts.
        groups: the databases that show the same people.
    """
    rows = [(person(one, groups), one) for one in own]
    order = sorted(range(len(rows)), key=rows.__getitem__)
    return Counts(
        rows=tuple(rows[place] for place in order),
        cells={policy: one[order] for policy, one in cells.items()},
        databases=tuple(dict.fromkeys(one.split("/", 1)[0] for one in own)),
    )


def score_predictions(
    predictions: Sequence[Prediction], classes: Sequence[str], groups: SamePeople = ()
) -> dict[AnyPolicy, dict[str, PartScores | None]]:
    """Score predictions as `score_counts` does. `groups` are the databases that show the same people."""
    return score_counts(count_predictions(predictions, len(classes), groups), classes)


def score_counts(
    counts: Counts, classes: Sequence[str], method: IntervalMethod = "studentised"
) -> dict[AnyPolicy, dict[str, PartScores | None]]:
    """Score counts: policy -> part -> scores, with the intervals of a method. Parts are `full`, and each of
    several databases.

    A part that lacks a class has no scores (None), because its UF1 and UAR are undefined.
    """
    parts = {part: counts.of(part) for part in counts.parts}
    return {
        policy: {part: _score(one.confusions[policy], classes, method) for part, one in parts.items()}
        for policy in counts.cells
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
