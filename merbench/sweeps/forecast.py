"""What a sweep would do: each run, whether it is finished, and what it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from merbench.errors import MerbenchError, one_line
from merbench.plugin.registry import Registry
from merbench.runs.estimate import Estimate, estimate
from merbench.runs.prepare import Job, Request, prepare
from merbench.runs.store import RunFolder
from merbench.sweeps.drive import Showing, cannot_write, known_records
from merbench.sweeps.runs import Run

__all__ = ["Forecast", "forecast"]


@dataclass(frozen=True)
class Forecast:
    """What is known of a run before it is carried out.

    Attributes:
        state: `begun` if some folds may be finished.
        reason: why the run cannot be carried out; else empty.
        cost: seconds and bytes of the whole run, `short` for an estimator or checkpoints; None if it is not known.
    """

    run: Run
    state: Literal["finished", "begun", "to do", "cannot run"]
    reason: str = ""
    cost: Estimate | Literal["short"] | None = None


def forecast(runs: Sequence[Run], registry: Registry, out: Path, showing: Showing) -> Iterator[Forecast]:
    """Prepare each run, which computes features, and estimate what it takes: once for all seeds of a configuration.

    Raises:
        OutputError: features cannot be stored.
    """
    known = known_records(out)
    costs: dict[Request, Estimate | Literal["short"] | None] = {}
    for run in runs:
        try:
            with showing("clips") as shown:
                job = prepare(registry, run.request, shown)
            state = _state(job, out, known)
            if state != "finished" and run.configuration not in costs:
                costs[run.configuration] = _cost(job)
            yield Forecast(run, state, cost=None if state == "finished" else costs[run.configuration])
        except MerbenchError as error:
            if cannot_write(error):
                raise
            yield Forecast(run, "cannot run", one_line(error))


def _state(job: Job, out: Path, known: dict[str, Path]) -> Literal["finished", "begun", "to do"]:
    if job.plan.digest() in known:
        return "finished"
    return "begun" if (RunFolder(out, job.plan).path / "plan.json").exists() else "to do"


def _cost(job: Job) -> Estimate | Literal["short"] | None:
    return None if job.plan.kind == "fit" else estimate(job) or "short"
