"""What a job computes: its share of the units, one after another. Each outcome is a file in the run's own folder."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import submitit

import merbench

__all__ = ["WORK", "Share", "outcome_file"]

WORK = "work"


def outcome_file(folder: Path, number: int) -> Path:
    """The file with the outcomes of a unit, or with the error that it ended with."""
    return folder / f"{number}.outcome"


@dataclass(frozen=True)
class Share:
    """The units of one job, by their number in the run. Slurm may end the job and start it again at any time.

    Attributes:
        folder: of the run, on every machine.
        units: by number.
    """

    folder: Path
    units: tuple[tuple[int, merbench.Unit], ...]

    def __call__(self) -> None:
        """Compute what is not finished yet; of several tasks of a job, each takes its part and its GPU."""
        task = submitit.JobEnvironment()
        _take_gpu(task.local_rank, task.num_tasks)
        # Made by the user's own run, in a folder that only the user can write to.
        work: merbench.Work = pickle.loads((self.folder / WORK).read_bytes())
        for number, unit in self.units[task.global_rank :: task.num_tasks]:
            if not outcome_file(self.folder, number).exists():
                _write(outcome_file(self.folder, number), _computed(work, unit))

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """What Slurm starts again after it took the machine away: the same share, without the finished units."""
        return submitit.helpers.DelayedSubmission(self)


def _computed(work: merbench.Work, unit: merbench.Unit) -> list[Any] | merbench.MerbenchError:
    try:
        return work.elsewhere(unit)
    except merbench.MerbenchError as error:  # the run tells it in one line
        return error


def _write(path: Path, found: object) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(pickle.dumps(found))
    partial.replace(path)


def _take_gpu(rank: int, tasks: int) -> None:
    """Leave a task one of the GPUs that its job sees."""
    seen = [one for one in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if one]
    if tasks > 1 and seen:
        os.environ["CUDA_VISIBLE_DEVICES"] = seen[rank % len(seen)]
