"""Executors that break one rule each, and one that keeps them all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import merbench


class Backwards(merbench.UnitRunner):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        for unit in reversed(units):
            outcomes = work.elsewhere(unit)
            advance(unit.fold_epochs)
            yield outcomes


class Forgetful(Backwards):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        return super().run(work, units[1:], advance)


class Repeating(Backwards):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        return super().run(work, [*units, units[0]], advance)


class Rounding(Backwards):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        for (outcome,) in super().run(work, units, advance):
            yield [replace(outcome, scores=outcome.scores.round(2))]


class Silent(Backwards):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        return super().run(work, units, lambda fold_epochs: None)


class Wrapping(Backwards):
    def run(self, work: Any, units: Any, advance: Any) -> Any:
        try:
            yield from super().run(work, units, advance)
        except merbench.MerbenchError as error:
            raise RuntimeError("a task failed") from error


class Once(Backwards):
    begun = False

    def run(self, work: Any, units: Any, advance: Any) -> Any:
        if Once.begun:
            raise RuntimeError("the cluster has stopped")
        try:
            yield from super().run(work, units, advance)
        except GeneratorExit:
            Once.begun = True


class NoRunner:
    pass


@merbench.hookimpl
def merbench_executors() -> Any:
    yield merbench.Executor(name="backwards", runner=f"{__name__}:Backwards")
    yield merbench.Executor(name="forgetful", runner=f"{__name__}:Forgetful")
    yield merbench.Executor(name="repeating", runner=f"{__name__}:Repeating")
