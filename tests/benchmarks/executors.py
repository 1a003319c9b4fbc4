"""Measure what an executor adds: 68 short folds on this machine alone, on a Ray cluster of this machine, and in two
jobs of submitit's stand-in for Slurm, which starts them at once.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

from merbench.engine.folds import compute_folds, group_estimator
from merbench.engine.local import LocalRunner
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.executors import open_executor
from merbench.runs.prepare import Job, Request, prepare
from tests.benchmarks.row import Row

# The extra's library, and the executor with its options.
EXTRAS = {"ray": "ray", "submitit": "slurm:cluster=local,jobs=2"}
MODELS = {"majority": "folds of milliseconds", "flow-lr": "folds of a tenth of a second"}


def run(reference: Path | None) -> list[Row]:
    """Seconds to the first fold and to the last, in turn; `reference` is not used."""
    registry = Registry(load())
    return [row for model, what in MODELS.items() for row in _measured(registry, model, what)]


def _measured(registry: Registry, model: str, what: str) -> Iterator[Row]:
    job = prepare(registry, Request(model=model, dataset="composite"))
    names = ["local", *(name for library, name in EXTRAS.items() if importlib.util.find_spec(library))]
    times = {name: _times(registry, name, job) for name in names}
    whole = times["local"][1]
    for name, (first, last) in times.items():
        each = 1000 * last / len(job.folds)
        figure = f"{first:.2f} s to the first fold, {last:.2f} s to the last; {each:.0f} ms a fold"
        ratio = "" if name == "local" else f"; {last / whole:.1f} times local"
        yield Row(f"{len(job.folds)} {what}, --executor {name}", figure, f"{model} on composite{ratio}")
    for library, name in EXTRAS.items():
        if name not in names:
            yield Row(f"{len(job.folds)} {what}, --executor {name}", "not measured", f"{library} is not installed")


def _times(registry: Registry, name: str, job: Job) -> tuple[float, float]:
    """Seconds until the first fold and until the last."""
    runner = LocalRunner() if name == "local" else open_executor(registry, name)
    started, first = time.perf_counter(), 0.0
    for _ in compute_folds(job.task, job.folds, group_estimator(), set(), lambda fold_epochs: None, runner):
        first = first or time.perf_counter() - started
    return first, time.perf_counter() - started
