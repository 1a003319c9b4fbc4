"""The executor `local`: one unit after another in this process, or folds in processes of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

from merbench.engine.executors import Outcomes, UnitRunner
from merbench.engine.units import Advance, Unit, Work, processes
from merbench.processes import each, keep_freed_memory

__all__ = ["LocalRunner"]


class LocalRunner(UnitRunner):
    """Computes units that take the whole machine here, and others in as many processes as cores and memory allow."""

    def run(self, work: Work, units: Sequence[Unit], advance: Advance) -> Outcomes:
        """See `UnitRunner.run`.

        Raises:
            OutputError: a training process was ended from outside.
        """
        if work.one_by_one:
            yield from (work(unit, advance) for unit in units)
            return
        arguments = ((work, unit) for unit in units)
        jobs = processes(work.grouping, len(units), work.task.jobs)
        advice = "finished folds are kept: make room and run again"
        with closing(
            each(Work.__call__, arguments, jobs, does="trains", advice=advice, begin=keep_freed_memory)
        ) as found:
            for outcomes in found:
                advance(units[0].fold_epochs)  # each has one fold
                yield outcomes
