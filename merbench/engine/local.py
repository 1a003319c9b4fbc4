"""The executor `local`: one unit after another in this process, or units in processes of this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from operator import call
from pathlib import Path
from typing import IO

from merbench.engine.executors import Outcomes, UnitRunner
from merbench.engine.units import Advance, Unit, Work, processes
from merbench.processes import each, keep_freed_memory

__all__ = ["LocalRunner", "take_gpu"]

held: list[IO[str]] = []  # the lock of this process's GPU


class LocalRunner(UnitRunner):
    """Computes units that take the whole machine here, and others in as many processes as cores and memory allow. On a
    machine with several GPUs, each has a process of its own.
    """

    def run(self, work: Work, units: Sequence[Unit], advance: Advance) -> Outcomes:
        """See `UnitRunner.run`.

        Raises:
            OutputError: a training process was ended from outside.
        """
        gpus = _gpus(work)
        jobs = min(len(gpus), len(units))
        if work.one_by_one and jobs < 2:
            yield from (work(unit, advance) for unit in units)
            return
        with tempfile.TemporaryDirectory() as locks:
            if not work.one_by_one:
                jobs, begin = processes(work.grouping, len(units), work.task.jobs), keep_freed_memory
            else:
                begin = partial(take_gpu, Path(locks), gpus)
            advice = "finished folds are kept: make room and run again"
            arguments = ((work, unit) for unit in units)
            with closing(each(call, arguments, jobs, does="trains", advice=advice, begin=begin)) as found:
                for outcomes in found:
                    advance(len(outcomes) * units[0].fold_epochs // len(units[0].folds))
                    yield outcomes


def _gpus(work: Work) -> list[str]:
    if work.task.device != "cuda":
        return []
    from merbench.engine.device import visible_gpus  # imports torch

    return visible_gpus()


def take_gpu(locks: Path, gpus: Sequence[str]) -> None:
    """Let this process see only one GPU, which no other process with the same `locks` has taken. Call it before CUDA is
    used.

    Args:
        locks: a folder, in which a file for each GPU is locked until its process ends.
        gpus: of `visible_gpus`; at least as many as there are processes.
    """
    import fcntl  # not on Windows

    for number, gpu in enumerate(gpus):
        file = (locks / str(number)).open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            continue
        held.append(file)
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        return
