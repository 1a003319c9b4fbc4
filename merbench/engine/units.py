"""Units: what is computed at once, in this process, in another one, or on another machine."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from merbench.errors import ConfigError
from merbench.plugin.digests import CORE, source_digest

if TYPE_CHECKING:
    from merbench.engine.task import FoldOutcome, Task
    from merbench.protocols import Fold

__all__ = ["Advance", "Grouping", "Unit", "Work", "divide", "processes", "software"]

Advance = Callable[[int], None]  # called with a number of fold-epochs
LIBRARIES = ("numpy", "scikit-learn", "torch")  # their versions can change digits


@dataclass(frozen=True)
class Grouping:
    """How the folds of a task are computed.

    Attributes:
        mode: `batched` (many networks at once), `sequential` (one network at a time; on a CPU one per process),
            `estimator` (one per process), `fit` (one per process on a CPU), or `checkpoints` (nothing is trained).
        at_once: number of folds in a group; 1 unless batched.
        reason: why the network is not batched, or why a group has fewer folds than usual; else empty.
        parameters: number of trained parameters of one network; 0 if the engine does not train it.
        fold_bytes: estimated memory of one fold in training; 0 if the engine does not train it.
        note: one sentence for the author of the network; empty if there is nothing to say.
    """

    mode: str
    at_once: int = 1
    reason: str = ""
    parameters: int = 0
    fold_bytes: int = 0
    note: str = ""

    def __str__(self) -> str:
        """The part of the grouping that can change the last digits of a fold's results."""
        return f"{self.mode}, {self.at_once} at once"


@dataclass(frozen=True)
class Unit:
    """Folds that are computed at once: a group of folds that train together, or one fold.

    Attributes:
        folds: at least one.
        fold_epochs: how much work it is, for progress. A fold that the engine does not train counts as one.
        threads: processor threads that it uses, at most; None for as many as there are.
    """

    folds: tuple[Fold, ...]
    fold_epochs: int
    threads: int | None

    def __str__(self) -> str:
        """The folds in a few words, e.g. `casme2/01 to casme2/04`."""
        first, last = self.folds[0].name, self.folds[-1].name
        return first if first == last else f"{first} to {last}"


def divide(task: Task, folds: Sequence[Fold], grouping: Grouping, done: set[str]) -> list[Unit]:
    """The units of a task.

    Args:
        task: what the folds share.
        folds: all folds of the run, including those in `done`, so that the groups are the same after a resume.
        grouping: how to compute the folds.
        done: names of finished folds. A group is left out only if all of its folds are finished.
    """
    if grouping.mode == "batched":
        from merbench.engine.grouping import groups, most_threads

        return [
            Unit(tuple(group), len(group) * task.recipe.epochs, most_threads(task, grouping.fold_bytes, len(group)))
            for group in groups(task, folds, grouping.at_once)
            if not {fold.name for fold in group} <= done
        ]
    epochs = task.recipe.epochs if grouping.mode == "sequential" else 1
    threads = 1 if task.device == "cpu" else None
    return [Unit((fold,), epochs, threads) for fold in folds if fold.name not in done]


@dataclass(frozen=True)
class Work:
    """What is to be done with the units of a run. It can be pickled, and called on any machine with the same software.

    Attributes:
        task: what all folds share, with the arrays of every clip.
        grouping: how the folds are computed.
        describe: describes the machine that it is called on, for the record; it can be pickled too.
        software: names and versions of the software that decides digits, on the machine that began the run.
    """

    task: Task
    grouping: Grouping
    describe: Callable[[], Mapping[str, Any]] = dict
    software: Mapping[str, str] = field(default_factory=dict)

    @property
    def one_by_one(self) -> bool:
        """Whether units of one machine follow one another, because each takes many of its cores, or its GPU."""
        return self.grouping.mode == "batched" or self.task.device != "cpu"

    @property
    def bytes_at_once(self) -> int:
        """Estimated memory of a unit in training; 0 if it is not known."""
        return self.grouping.fold_bytes * self.grouping.at_once

    def __call__(self, unit: Unit, advance: Advance = lambda fold_epochs: None) -> list[FoldOutcome]:
        """Compute a unit here.

        Args:
            unit: of this work.
            advance: called with fold-epochs as they are finished.

        Raises:
            TrainingError: a plugin's code fails, a loss is not finite, or memory runs out.
        """
        task, mode = self.task, self.grouping.mode
        if mode in ("batched", "sequential"):
            return _trained(task, unit, advance, stacked=mode == "batched")
        (fold,) = unit.folds
        outcome = (_fit_estimator if mode == "estimator" else _run_fit)(task, fold)
        advance(unit.fold_epochs)
        return [outcome]

    def elsewhere(self, unit: Unit) -> list[FoldOutcome]:
        """Compute a unit in a process that an executor started on some machine; the outcomes describe the machine.

        Raises:
            ConfigError: the machine would give other digits.
            TrainingError: see `__call__`.
        """
        from merbench.processes import keep_freed_memory

        self._check_software()
        keep_freed_memory()
        task = replace(self.task, labels=self.task.labels.copy())  # an executor may give memory that cannot be written
        outcomes = replace(self, task=task)(unit)
        return [replace(one, machine=self.describe()) for one in outcomes]

    def _check_software(self) -> None:
        here = software(self.task)
        for name, wanted in self.software.items():
            if (found := here.get(name, "missing")) != wanted:
                raise ConfigError(
                    f"a machine that takes part has other software: {name} is {found} there, and {wanted} where the "
                    "run was started; install the same"
                )


def software(task: Task) -> dict[str, str]:
    """Versions of Python and of libraries, and digests of the code of merbench and of the model's package."""
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    packages = dict.fromkeys((CORE, *task.author.modules))
    codes = {f"the code of {one}": source_digest(one)[:12] for one in packages if one}
    return {"Python": platform.python_version(), **versions, **codes}


def processes(grouping: Grouping, units: int, jobs: int | None = None) -> int:
    """Number of processes for `units` folds on a CPU: at most `jobs` or one per core, no more than fit into memory."""
    import joblib

    most: int = min(jobs or joblib.cpu_count(), units)
    if grouping.fold_bytes:
        from merbench.engine.device import free_memory

        most = min(most, free_memory() // grouping.fold_bytes)
    return max(1, most)


def _fit_estimator(task: Task, fold: Fold) -> FoldOutcome:
    from merbench.engine.estimators import fit_fold

    return fit_fold(task, fold)


def _run_fit(task: Task, fold: Fold) -> FoldOutcome:
    from merbench.engine.fits import run_fit  # imports torch

    return run_fit(task, fold)


def _trained(task: Task, unit: Unit, advance: Advance, *, stacked: bool) -> list[FoldOutcome]:
    from merbench.engine.device import choose_precision, threads
    from merbench.engine.memory import halved_if_full

    choose_precision(task.precision, task.device)
    train = partial(_train, task, advance=advance, stacked=stacked)
    # On as many threads as the unit says, so that results do not depend on what runs beside it.
    with threads(unit.threads):
        return halved_if_full(train, unit.folds, task.device) if stacked else train(unit.folds)


def _train(task: Task, folds: Sequence[Fold], advance: Advance, *, stacked: bool) -> list[FoldOutcome]:
    from merbench.engine.faults import in_folds
    from merbench.engine.loop import Group, train_group
    from merbench.engine.memory import if_full

    with in_folds(folds), if_full(task.device, task.recipe.batch_size):
        return train_group(Group(task, folds, stacked=stacked), advance)
