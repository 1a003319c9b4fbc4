"""Hands units in as the jobs of a Slurm array, and collects their outcomes from a shared folder."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

import merbench
from merbench_slurm.share import WORK, Share, outcome_file

__all__ = ["SlurmRunner"]

LOST = 2  # times until a unit is reported
WAIT = {"slurm": 2.0, "local": 0.1}  # seconds between two looks into the folder


class SlurmRunner(merbench.UnitRunner):
    """Runs units in the jobs of a Slurm array.

    Args:
        folder: which all machines see under the same path. The run keeps what travels in a folder of its own there, and
            removes it at the end.
        jobs: of the array, at most; each computes its share of the units one after another. 0 for a job for each unit.
        partition: of the cluster; empty for its default.
        minutes: after which Slurm ends a job.
        cores: of a task.
        gpus: of a job, which has a task for each. 0 for none, or for one with `--device cuda`.
        memory: of a job, in GiB; 0 for the cluster's default.
        cluster: `slurm`, or `local` for processes of this machine, which shows what would happen.
    """

    def __init__(
        self,
        folder: str = ".",
        jobs: int = 0,
        partition: str = "",
        minutes: int = 240,
        cores: int = 1,
        gpus: int = 0,
        memory: int = 0,
        cluster: str = "slurm",
    ) -> None:
        if cluster not in WAIT:
            raise merbench.OptionError(f"--executor slurm:cluster={cluster}: it is {' or '.join(WAIT)}")
        self.folder, self.cluster = Path(folder).absolute(), cluster
        self.jobs, self.minutes, self.cores, self.gpus, self.memory = jobs, minutes, cores, gpus, memory
        self.partition = partition

    def run(
        self, work: merbench.Work, units: Sequence[merbench.Unit], advance: Callable[[int], None]
    ) -> Generator[list[Any], None, None]:
        """See `merbench.UnitRunner.run`.

        Raises:
            OptionError: there is no Slurm here, it refuses the jobs, or the folder cannot be written.
            MerbenchError: a unit failed, or its job was lost twice.
        """
        with self._own_folder(work) as folder:
            left, losses = dict(enumerate(units)), Counter[int]()
            running = self._submit(folder, work, list(left.items()))
            try:
                while left:
                    over = [job for job in running if job.done()]
                    for number in [number for number in left if outcome_file(folder, number).exists()]:
                        unit = left.pop(number)
                        outcomes = _outcomes(folder, number)
                        advance(unit.fold_epochs)
                        yield outcomes
                    for job in over:
                        share = [(number, left[number]) for number, _ in running.pop(job).units if number in left]
                        if share:
                            _count_loss(job, share, losses)
                            running |= self._submit(folder, work, share)
                    time.sleep(WAIT[self.cluster] if left else 0)
            finally:
                for job in running:
                    job.cancel(check=False)

    def _submit(
        self, folder: Path, work: merbench.Work, units: Sequence[tuple[int, merbench.Unit]]
    ) -> dict[submitit.Job[None], Share]:
        most = self.jobs or (os.cpu_count() or 1 if self.cluster == "local" else len(units))
        shares = [Share(folder, tuple(units[first::most])) for first in range(min(most, len(units)))]
        try:
            executor = submitit.AutoExecutor(folder / "jobs", cluster=self.cluster, slurm_max_num_timeout=0)
            executor.update_parameters(**self._asked(work))
            with _import_paths(self.import_paths()):
                return dict(zip(executor.submit_array(shares), shares, strict=True))
        except (RuntimeError, OSError, FailedJobError) as error:
            raise merbench.OptionError(
                f"--executor slurm: the jobs cannot be handed in ({_first_line(error)}); correct the options, or "
                "try them on this machine with cluster=local"
            ) from error

    def _asked(self, work: merbench.Work) -> dict[str, Any]:
        gpus = self.gpus or int(work.task.device == "cuda")
        asked: dict[str, Any] = {
            "name": "merbench",
            "nodes": 1,
            "tasks_per_node": max(gpus, 1),
            "gpus_per_node": gpus,
            "cpus_per_task": self.cores,
            "timeout_min": self.minutes,
        }
        if self.memory:
            asked["mem_gb"] = self.memory
        if self.partition:
            asked["slurm_partition"] = self.partition
        return asked

    @contextmanager
    def _own_folder(self, work: merbench.Work) -> Iterator[Path]:
        """The folder of the run, with the work in it."""
        made = None
        try:
            made = Path(tempfile.mkdtemp(prefix="merbench-slurm-", dir=self.folder))
            (made / WORK).write_bytes(pickle.dumps(work))
        except OSError as error:
            if made:
                shutil.rmtree(made, ignore_errors=True)
            raise merbench.OptionError(
                f"--executor slurm: {self.folder} cannot be written ({error.strerror}); choose another folder=PATH"
            ) from error
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _outcomes(folder: Path, number: int) -> list[Any]:
    found = pickle.loads(outcome_file(folder, number).read_bytes())
    if isinstance(found, merbench.MerbenchError):
        raise found
    outcomes: list[Any] = found
    return outcomes


def _count_loss(job: submitit.Job[None], share: Sequence[tuple[int, merbench.Unit]], losses: Counter[int]) -> None:
    """Note that a job ended before its share was done; the first unit is the one that it had.

    Raises:
        MerbenchError: the job cannot run, or its unit was lost before.
    """
    number, unit = share[0]
    losses[number] += 1
    error = job.exception()
    if isinstance(error, FailedJobError):
        trace = str(error).split("-" * 22)[1].strip()  # submitit's text has it between two lines of these
        raise merbench.MerbenchError(
            f"--executor slurm: a job cannot compute {unit} ({trace.splitlines()[-1]}); it needs the same software and "
            "the same paths as this machine"
        )
    if losses[number] == LOST:
        raise merbench.MerbenchError(
            f"--executor slurm: {unit} was lost {LOST} times ({_first_line(error)}); finished folds are kept: make "
            "sure that the job has enough memory and minutes, and run the same command again"
        )


@contextmanager
def _import_paths(paths: Sequence[str]) -> Iterator[None]:
    """Jobs import from where this process does, such as the folder of a plugin file."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _first_line(error: object) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
