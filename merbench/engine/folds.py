"""Decides how the folds of a task are computed, and has an executor compute them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

from merbench.engine.estimators import fit_fold
from merbench.engine.executors import Outcomes, UnitRunner
from merbench.engine.generators import seeded
from merbench.engine.local import LocalRunner
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.engine.units import Advance, Grouping, Unit, Work, divide, processes, software
from merbench.errors import PluginError, TrainingError, and_more
from merbench.protocols import Fold

__all__ = ["Grouping", "compute_folds", "group_estimator", "group_network", "processes", "try_alone", "try_fold"]

NAMED = 3  # folds that an error names


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
    from merbench.engine.device import threads
    from merbench.engine.grouping import folds_at_once, footprint, why_fewer, why_not_batched, why_sooner_alone

    task = replace(task, compiled=False)  # to try a network is not worth a compilation
    note = try_alone(task, folds[0])
    with threads(task.jobs), seeded(derive_seed(fold=folds[0].seed, purpose="trial")):
        cost = footprint(task, folds[0])
        known: dict[str, Any] = {**asdict(cost), "note": note}
        # The trial of a large network that convolves takes a while on a CPU, where its folds train alone in any case.
        if reason := why_sooner_alone(task, folds) or why_not_batched(task, folds[0]):
            return Grouping("sequential", reason=reason, **known)
    at_once = folds_at_once(task, cost, len(folds))
    fewer = why_fewer(task, cost, len(folds), at_once)
    return Grouping("batched", at_once, reason=fewer, **known)


def try_alone(task: Task, fold: Fold) -> str:
    """Try the network on a few clips of a fold, see `try_network`; the random numbers of the caller are not moved."""
    from merbench.engine.device import threads
    from merbench.engine.trial import try_network

    with threads(task.jobs), seeded(derive_seed(fold=fold.seed, purpose="trial")):
        return try_network(task, fold)


def try_fold(kind: str, task: Task, fold: Fold) -> None:
    """Fit an estimator on a fold, or call a fit (`kind` is `fit`) up to the first epoch that it reports.

    Raises:
        PluginError: the model fails, or gives wrong scores.
        OptionError: the model cannot be built with its options.
        TrainingError: memory runs out.
    """
    try:
        if kind == "fit":
            from merbench.engine.fits import try_fit  # imports torch

            try_fit(task, fold)
        else:
            fit_fold(task, fold)
    except TrainingError as error:
        if isinstance(error.__cause__, PluginError):  # without the words about finished folds
            raise error.__cause__ from None
        raise


def compute_folds(
    task: Task,
    folds: Sequence[Fold],
    grouping: Grouping,
    done: set[str],
    advance: Advance,
    runner: UnitRunner | None = None,
    describe: Callable[[], Mapping[str, Any]] = dict,
) -> Iterator[list[FoldOutcome]]:
    """Compute folds, and yield the outcomes of each unit as soon as it is finished.

    Args:
        task: what the folds share.
        folds: all folds of the run, including those in `done`, so that the groups are the same after a resume.
        grouping: how to compute the folds.
        done: names of finished folds. A group is skipped only if all of its folds are finished.
        advance: called with the number of fold-epochs that were finished (a fold that the
            engine does not train counts as one).
        runner: computes the units; None for this machine.
        describe: describes a machine that takes part, see `Work`.

    Raises:
        TrainingError: a plugin's code fails, a loss is not finite, or memory runs out.
        OutputError: a training process was ended from outside.
        PluginError: an executor leaves a fold out, or gives it twice.
    """
    units = divide(task, folds, grouping, done)
    if units:
        runner = runner or LocalRunner()
        yield from _each_once(runner, runner.run(Work(task, grouping, describe, software(task)), units, advance), units)


def _each_once(runner: UnitRunner, found: Outcomes, units: Sequence[Unit]) -> Iterator[list[FoldOutcome]]:
    """What an executor gives, checked: the outcome of every fold, once."""
    left = {fold.name for unit in units for fold in unit.folds}
    with closing(found):
        for outcomes in found:
            for one in outcomes:
                if one.name not in left:
                    why = "which it has given before, or was not asked for"
                    raise PluginError(f"{type(runner).__name__}.run gives fold {one.name}, {why}")
                left.remove(one.name)
            yield outcomes
    if left:
        raise PluginError(f"{type(runner).__name__}.run gives no outcome of {and_more(sorted(left), NAMED)}")
