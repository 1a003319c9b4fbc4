"""What another flow does to a score: a baseline on the released flow, and on the user's own flow of the same clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from merbench.data.datasets import OpenDataset
from merbench.data.people import subject_of
from merbench.engine.folds import compute_folds, group_estimator
from merbench.engine.task import Task
from merbench.features.compare import Comparison
from merbench.features.resolve import Resolved
from merbench.plugin.registry import Registry
from merbench.plugin.specs import EstimatorModel
from merbench.progress import Progress, Silent
from merbench.protocols import Fold
from merbench.runs.prepare import seeded_folds, task_of
from merbench.runs.schema import PartScores
from merbench.runs.scoring import Counts, counts_by_person, in_order, score_counts
from merbench.runs.settings import choose_recipe
from merbench.scores import PairedTest, compare_confusions, confusion_per_subject

__all__ = ["FlowScores", "PartChange", "baseline_of", "score_flows"]

METRICS: tuple[Literal["uf1", "uar"], ...] = ("uf1", "uar")
SEED = 0  # that of `merbench run`


@dataclass(frozen=True)
class PartChange:
    """The scores of one part of the clips with both flows.

    Attributes:
        clips: number of clips.
        released, own: the scores; None if the part lacks a class.
        tests: metric → the paired test over subjects, own less released; empty if the part lacks a class.
    """

    clips: int
    released: PartScores | None
    own: PartScores | None
    tests: dict[Literal["uf1", "uar"], PairedTest]


@dataclass(frozen=True)
class FlowScores:
    """What a baseline scores on both flows.

    Attributes:
        model, recipe, protocol, seed: of both runs.
        parts: name of a part, as in a record → its scores.
    """

    model: str
    recipe: str
    protocol: str
    seed: int
    parts: dict[str, PartChange]


def baseline_of(registry: Registry, feature: str) -> str:
    """The name of the first baseline that sees the feature alone; empty if there is none."""
    names = (
        model.name
        for model in registry.models
        if isinstance(model, EstimatorModel) and model.features == (feature,)
        if next(iter(model.recipes.values())).claim == "baseline"
    )
    return next(names, "")


def score_flows(
    registry: Registry, model: str, found: Comparison, *, jobs: int | None = None, progress: Progress | None = None
) -> FlowScores:
    """Run an estimator on each flow, on the clips that have the same class in both; no record is written.

    The recipe, the folds and their seeds are those that `merbench run` takes if nothing else is asked for. If no clip
    was left out, the released flow scores what such a run scores.

    Args:
        registry: where names are looked up.
        model: name of an estimator that sees this feature alone.
        found: the flows.
        jobs: number of processes; None for one per core.
        progress: receives the folds, of both flows.

    Raises:
        ProtocolError: the dataset's protocol cannot split the clips, e.g. because they show only one subject.
        TrainingError: the estimator fails.
    """
    spec, chosen = registry.models.get(model), choose_recipe(registry, model, "", ())
    dataset = found.dataset.without(found.relabelled)
    protocol = registry.protocols.get(dataset.spec.protocol)
    folds = seeded_folds(registry, SEED, spec, protocol, dataset)
    same = ~found.dataset.clips["clip"].isin(found.relabelled).to_numpy(bool)
    task = partial(task_of, registry, spec, chosen, dataset, [Resolved(found.pair.feature.name)])
    progress = progress or Silent()
    progress.start(2 * len(folds), 0)
    released, own = (
        _counts(replace(task((flows[same],)), jobs=jobs), folds, dataset, progress)
        for flows in (found.released, found.own)
    )
    parts = _changes(released, own, dataset.spec.scheme.classes)
    order = in_order(parts, dataset.spec.name, registry)
    return FlowScores(model, chosen.name, protocol.name, SEED, {part: parts[part] for part in order})


def _counts(task: Task, folds: Sequence[Fold], dataset: OpenDataset, progress: Progress) -> Counts:
    """Count the predictions of the tested clips, pooled over all folds."""
    predicted = np.empty(len(task.labels), np.int64)
    test = {fold.name: fold.test for fold in folds}
    for outcomes in compute_folds(task, folds, group_estimator(), set(), progress.advance):
        for one in outcomes:
            predicted[test[one.name]] = one.predicted[-1]
    tested = np.sort(np.concatenate(list(test.values())))
    own = [subject_of(clip) for clip in dataset.clips["clip"].iloc[tested]]
    subjects, confusions = confusion_per_subject(task.labels[tested], predicted[tested], own, task.classes)
    counts = counts_by_person(subjects, {"last": confusions}, dataset.same_people)
    return replace(counts, databases=tuple(dataset.clips["database"].iloc[tested].unique()))


def _changes(released: Counts, own: Counts, classes: Sequence[str]) -> dict[str, PartChange]:
    scores = [score_counts(counts, classes)["last"] for counts in (released, own)]
    changes = {}
    for part in released.parts:
        before, after = (counts.of(part).confusions["last"][None] for counts in (released, own))
        first, second = (one[part] for one in scores)
        metrics = METRICS if first and second else ()
        tests = {metric: compare_confusions(after, before, metric=metric) for metric in metrics}
        changes[part] = PartChange(int(before.sum()), first, second, tests)
    return changes
