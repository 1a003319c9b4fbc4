"""Enumerates the runs of a sweep, before anything is prepared."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from merbench.errors import OptionError, printable
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request
from merbench.runs.settings import choose_recipe
from merbench.sweeps.file import Grid, Sweep, SweepError

__all__ = ["Run", "check_names", "matching", "runs_of"]


@dataclass(frozen=True)
class Run:
    """One run of a sweep."""

    request: Request

    @property
    def name(self) -> str:
        """What the sweep asks for, as it is printed: `flow-lr (quick; C=0.1) on demo, seed 0`."""
        asked = self.request
        details = "; ".join(filter(None, (asked.recipe, ", ".join(asked.settings))))
        other = (asked.protocol, asked.epoch_policy, asked.precision, asked.device, f"folds {asked.folds}")
        defaults = ("", "last", "fp32", "auto", "folds *")
        named = [one for one, default in zip(other, defaults, strict=True) if one != default]
        model = f"{asked.model} ({details})" if details else asked.model
        without = ["without broken clips"] if asked.skip_broken else []
        return printable(", ".join([f"{model} on {asked.dataset}", *named, *without, f"seed {asked.seed}"]))

    @property
    def configuration(self) -> Request:
        """What is the same for all seeds."""
        return replace(self.request, seed=0)


def runs_of(sweep: Sweep) -> list[Run]:
    """Every run of a sweep once. The first seed of all configurations comes first, so that a sweep that is stopped has
    compared everything.

    Raises:
        SweepError: an exclude matches no run, or no run is left.
    """
    runs = dict.fromkeys(_runs(sweep))
    if not runs:
        raise SweepError(f"{sweep.path}: the excludes leave no run; take one of them out")
    return sorted(runs, key=lambda run: run.request.seed)


def matching(runs: Sequence[Run], pattern: str) -> list[Run]:
    """The runs whose name matches a shell pattern.

    Raises:
        OptionError: there are none.
    """
    found = [run for run in runs if fnmatch.fnmatchcase(run.name, pattern)]
    if not found:
        raise OptionError(f"--only {pattern!r} matches none of {len(runs)} runs; they are named like: {runs[0].name}")
    return found


def check_names(runs: Sequence[Run], registry: Registry) -> None:
    """Check the names and settings of all runs, so that a slip is told before the first run starts.

    Raises:
        UnknownName: a model, recipe, dataset or protocol does not exist.
        OptionError: a model does not have a setting, or a setting has a wrong value.
    """
    asked = [run.request for run in runs]
    for dataset in dict.fromkeys(one.dataset for one in asked):
        registry.datasets.get(dataset)
    for protocol in dict.fromkeys(one.protocol for one in asked if one.protocol):
        registry.protocols.get(protocol)
    for choice in dict.fromkeys((one.model, one.recipe, tuple(one.settings)) for one in asked):
        choose_recipe(registry, *choice)


def _runs(sweep: Sweep) -> Iterator[Run]:
    unused = set(range(len(sweep.excluded)))
    for part in sweep.runs:
        for run in _runs(part) if isinstance(part, Sweep) else _product(part):
            matched = [place for place, grid in enumerate(sweep.excluded) if _matches(run.request, grid)]
            unused.difference_update(matched)
            if not matched:
                yield run
    if unused:
        raise SweepError(f"{sweep.path}: the [[exclude]] number {min(unused) + 1} matches no run; correct it")


def _product(grid: Grid) -> Iterator[Run]:
    settings = [[f"{name}={value}" for value in values] for name, values in grid.settings.items()]
    for values in itertools.product(*grid.values.values()):
        for chosen in itertools.product(*settings):
            fields: dict[str, Any] = dict(zip(grid.values, values, strict=True))
            yield Run(Request(**fields, settings=chosen))


def _matches(request: Request, grid: Grid) -> bool:
    chosen = dict(one.split("=", 1) for one in request.settings)
    return all(getattr(request, field) in values for field, values in grid.values.items()) and all(
        chosen.get(name) in values for name, values in grid.settings.items()
    )
