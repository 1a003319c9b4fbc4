"""Computes the folds of a task: batched, one network at a time, or one estimator at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

import joblib

from merbench.engine.estimators import fit_fold
from merbench.engine.faults import in_folds
from merbench.engine.generators import seeded
from merbench.engine.memory import if_full
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.processes import each, keep_freed_memory
from merbench.protocols import Fold

__all__ = ["Grouping", "compute_folds", "group_estimator", "group_network", "processes"]

Advance = Callable[[int], None]
Work = Callable[[Task, Fold], FoldOutcome]


@dataclass(frozen=True)
class Grouping:
    """How the folds of a task are computed.

    Attributes:
        mode: `batched` (many networks at once), `sequential` (one network at a time; on a CPU one per process),
            `estimator` (one per process), or `checkpoints` (nothing is trained).
        at_once: number of folds in a group; 1 unless batched.
        reason: why the network is not batched, or why a group has fewer folds than usual; else empty.
        keyed: whether networks use keyed random numbers: true if they are batched or could be.
        parameters: number of trained parameters of one network; 0 for an estimator.
        fold_bytes: estimated memory of one fold in training; 0 for an estimator.
        note: one sentence for the author of the network; empty if there is nothing to say.
    """

    mode: str
    at_once: int = 1
    reason: str = ""
    keyed: bool = False
    parameters: int = 0
    fold_bytes: int = 0
    note: str = ""

    def __str__(self) -> str:
        """The part of the grouping that can change the last digits of a fold's results."""
        return f"{self.mode}, {self.at_once} at once{', keyed' if self.keyed else ''}"


def group_estimator() -> Grouping:
    """The grouping of estimators: parallel processes with one fold each."""
    return Grouping("estimator")


def group_network(task: Task, folds: Sequence[Fold]) -> Grouping:
    """Try the network on the data of one fold, and decide how many folds to train at once.

    Raises:
        PluginError: the network fails, or gives anything but logits.
        OptionError: the network cannot be built with its options.
        TrainingError: memory runs out.
    """
    from merbench.engine.grouping import folds_at_once, footprint, why_fewer, why_not_batched, why_sooner_alone
    from merbench.engine.trial import try_network

    with seeded(derive_seed(fold=folds[0].seed, purpose="trial")):
        note = try_network(task, folds[0])
        cost = footprint(task, folds[0])
        known: dict[str, Any] = {**asdict(cost), "note": note}
        if reason := why_not_batched(task, folds[0]):
            return Grouping("sequential", reason=reason, **known)
        if reason := why_sooner_alone(task, folds):
            return Grouping("sequential", reason=reason, keyed=True, **known)
    at_once = folds_at_once(task, cost, len(folds))
    fewer = why_fewer(task, cost, len(folds), at_once)
    return Grouping("batched", at_once, reason=fewer, keyed=True, **known)


def compute_folds(
    task: Task, folds: Sequence[Fold], grouping: Grouping, done: set[str], advance: Advance
) -> Iterator[list[FoldOutcome]]:
    """Compute folds, and yield the outcomes of each group as soon as it is finished.

    Args:
        task: what the folds share.
        folds: all folds of the run, including those in `done`, so that the groups are the same after a resume.
        grouping: how to compute the folds.
        done: names of finished folds. A group is skipped only if all of its folds are finished.
        advance: called with the number of fold-epochs that were finished (the fold of an estimator counts as one).

    Raises:
        TrainingError: a plugin's code fails, a loss is not finite, or memory runs out.
        OutputError: a training process was ended from outside.
    """
    if grouping.mode == "batched":
        yield from _batched(task, folds, grouping, done, advance)
        return
    task = replace(task, keyed=grouping.keyed)
    missing = [fold for fold in folds if fold.name not in done]
    if grouping.mode == "estimator":
        yield from _in_processes(fit_fold, task, missing, advance, 1, grouping)
    elif task.device == "cpu":
        yield from _in_processes(_train_alone, task, missing, advance, task.recipe.epochs, grouping)
    else:
        for fold in missing:
            yield _train(task, [fold], advance, stacked=False)


def _batched(
    task: Task, folds: Sequence[Fold], grouping: Grouping, done: set[str], advance: Advance
) -> Iterator[list[FoldOutcome]]:
    from merbench.engine.device import threads
    from merbench.engine.grouping import groups, most_threads

    for group in groups(task, folds, grouping.at_once):
        if not {fold.name for fold in group} <= done:
            with threads(most_threads(task, grouping.fold_bytes, len(group))):
                outcomes = _train(task, group, advance, stacked=True)
            yield outcomes


def processes(grouping: Grouping, folds: int) -> int:
    """Number of processes for `folds` folds on a CPU: at most one per core, and no more than fit into memory."""
    most: int = min(joblib.cpu_count(), folds)
    if grouping.fold_bytes:
        from merbench.engine.device import free_memory

        most = min(most, free_memory() // grouping.fold_bytes)
    return max(1, most)


def _in_processes(
    work: Work, task: Task, folds: Sequence[Fold], advance: Advance, units: int, grouping: Grouping
) -> Iterator[list[FoldOutcome]]:
    arguments = ((task, fold) for fold in folds)
    advice = "finished folds are kept: make room and run again"
    jobs = processes(grouping, len(folds))
    with closing(each(work, arguments, jobs, does="trains", advice=advice, begin=keep_freed_memory)) as outcomes:
        for outcome in outcomes:
            advance(units)
            yield [outcome]


def _train_alone(task: Task, fold: Fold) -> FoldOutcome:
    """Train one fold on one thread, so that its results do not depend on what runs in parallel."""
    from merbench.engine.device import threads

    with threads(1):  # restored afterwards: for a single fold joblib stays in the caller's process
        (outcome,) = _train(task, [fold], lambda fold_epochs: None, stacked=False)
    return outcome


def _train(task: Task, folds: Sequence[Fold], advance: Advance, *, stacked: bool) -> list[FoldOutcome]:
    from merbench.engine.device import choose_precision
    from merbench.engine.loop import Group, train_group

    choose_precision(task.precision, task.device)
    with in_folds(folds), if_full(task.device, task.recipe.batch_size):
        return train_group(Group(task, folds, stacked=stacked), advance)
