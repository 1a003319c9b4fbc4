"""The checks of an executor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from merbench.engine.build import Build
from merbench.engine.executors import UnitRunner
from merbench.engine.task import FoldOutcome, Task
from merbench.engine.units import Grouping, Unit, Work, divide, software
from merbench.errors import MerbenchError
from merbench.plugin.calls import Author
from merbench.plugin.registry import load_target
from merbench.plugin.specs import Executor, Recipe
from merbench.plugin.validation import fault
from merbench.protocols import Fold
from merbench.testing.findings import Check, CheckFailed, require

__all__ = ["EXECUTOR_CHECKS", "ExecutorToys"]

CLIPS, FOLDS = 24, 6
REFUSED = "the toy model cannot be built"
MODEL = "sklearn.linear_model:LogisticRegression"


class ExecutorToys:
    """An executor with the work of six folds of a logistic regression on clips of noise.

    Args:
        spec: the executor.
        options: of its runner, such as the address of a cluster; None for none.
    """

    def __init__(self, spec: Executor, options: dict[str, object] | None = None) -> None:
        self.spec, self.options = spec, options or {}
        draws = np.random.default_rng(0)
        self.task = Task(
            build=Build(MODEL, {}, Author.of("model toy", "toy", MODEL)),
            author=Author.of("model toy", "toy", MODEL),
            arrays=(draws.normal(size=(CLIPS, 4)).astype(np.float32),),
            labels=np.arange(CLIPS) % 3,
            classes=3,
            recipe=Recipe(),
        )
        places = np.arange(CLIPS)
        sides = [places % FOLDS == one for one in range(FOLDS)]
        self.folds = [Fold(f"toy-{one}", train=places[~side], test=places[side]) for one, side in enumerate(sides)]
        self.work = self.work_of(self.task)
        self.units = divide(self.task, self.folds, self.work.grouping, set())

    def work_of(self, task: Task) -> Work:
        """The work of a task; a machine that takes part describes itself with its name."""
        return Work(task, Grouping("estimator"), _describe, software(task))

    def runner(self) -> UnitRunner:
        """A new runner."""
        made: type[UnitRunner] = load_target(self.spec.runner, owner=f"executor {self.spec.name}", base=UnitRunner)
        return made(**self.options)

    def computed(self, work: Work, units: Sequence[Unit]) -> tuple[list[FoldOutcome], int]:
        """The outcomes of some units, and how much the runner told of its progress."""
        told: list[int] = []
        found = [one for outcomes in self.runner().run(work, units, told.append) for one in outcomes]
        return found, sum(told)


def _describe() -> dict[str, str]:
    return {"toy": "machine"}


def spec_resolves(toys: ExecutorToys) -> str:
    """The spec has valid fields, and names a subclass of `merbench.UnitRunner`."""
    require(not (wrong := fault(toys.spec, "executors")), wrong)
    toys.runner()
    return toys.spec.runner


def computes_each_unit_once(toys: ExecutorToys) -> str:
    """Every fold has one outcome, in whatever order."""
    found, _ = toys.computed(toys.work, toys.units)
    names = sorted(one.name for one in found)
    require(names == [fold.name for fold in toys.folds], f"the outcomes are those of {', '.join(names) or 'no fold'}")
    return f"{len(found)} folds"


def gives_the_same_as_this_process(toys: ExecutorToys) -> str:
    """The class scores are those that this process computes, to the last digit."""
    found, _ = toys.computed(toys.work, toys.units)
    here = {one.name: one for unit in toys.units for one in toys.work(unit)}
    other = [one.name for one in found if not np.array_equal(one.scores, here[one.name].scores)]
    require(not other, f"the class scores differ on {', '.join(other)}")
    return f"{len(found)} folds"


def tells_its_progress(toys: ExecutorToys) -> str:
    """`advance` is called with the fold-epochs of every unit."""
    _, told = toys.computed(toys.work, toys.units)
    wanted = sum(unit.fold_epochs for unit in toys.units)
    require(told == wanted, f"it tells {told} of {wanted} fold-epochs")
    return f"{told} fold-epochs"


def passes_an_error_on(toys: ExecutorToys) -> str:
    """An error of a unit reaches the caller as it is, so that the user reads one line."""
    wrong = toys.work_of(replace(toys.task, build=_refused))
    try:
        toys.computed(wrong, toys.units)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        require(isinstance(error, MerbenchError) and REFUSED in str(error), f"instead of '{REFUSED}' it says {said}")
        return str(error)
    raise CheckFailed("it raises nothing although every unit fails")


def _refused() -> object:
    raise MerbenchError(REFUSED)


def can_be_stopped(toys: ExecutorToys) -> str:
    """A caller that stops after one unit can start again, and gets everything."""
    found = toys.runner().run(toys.work, toys.units, lambda fold_epochs: None)
    next(found)
    found.close()
    return computes_each_unit_once(toys)


EXECUTOR_CHECKS: tuple[Check[ExecutorToys], ...] = (
    spec_resolves,
    computes_each_unit_once,
    gives_the_same_as_this_process,
    tells_its_progress,
    passes_an_error_on,
    can_be_stopped,
)
