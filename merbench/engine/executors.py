"""Executors: where the units of a run are computed. `local`, the default, uses the processes of this machine."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from merbench.plugin.hooks import hookimpl
from merbench.plugin.specs import Executor

if TYPE_CHECKING:
    from merbench.engine.task import FoldOutcome
    from merbench.engine.units import Advance, Unit, Work

Outcomes: TypeAlias = "Generator[list[FoldOutcome], None, None]"  # of one unit after another

__all__ = ["Outcomes", "UnitRunner", "merbench_executors"]


class UnitRunner(ABC):
    """Computes the units of a run somewhere. An executor names a subclass, which gets its options as keywords."""

    @staticmethod
    def import_paths() -> list[str]:
        """Folders that other processes need on their `PYTHONPATH`: those of plugin files and checkouts.

        The folders of the standard library and of installed packages are left out, because every environment has its
        own, and they would come before it.
        """
        own = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
        own += site.getsitepackages([sys.prefix, sys.base_prefix])
        folders = [Path(path).absolute() for path in sys.path if os.path.isdir(path)]
        return [str(folder) for folder in folders if not any(folder.is_relative_to(one) for one in own)]

    @abstractmethod
    def run(self, work: Work, units: Sequence[Unit], advance: Advance) -> Outcomes:
        """Compute each unit, and yield its outcomes as soon as they are there, in any order.

        What is yielded is saved at once, so a unit is lost only while it is computed. If the caller stops early, the
        generator is closed: it must end what it started.

        Args:
            work: `work(unit, advance)` computes a unit in this process, `work.elsewhere(unit)` in another one, also on
                another machine. It can be pickled, and holds the features of all clips that take part.
            units: not finished, at least one. Each has its `folds`, its `fold_epochs`, and the number of `threads` that
                it may use, so that digits do not depend on the
                machine; None means all of the machine.
            advance: to be called with `unit.fold_epochs` for each unit that was computed elsewhere.

        Raises:
            MerbenchError: a unit failed, or was lost again and again.
        """


@hookimpl
def merbench_executors() -> Iterable[Executor]:
    """The executor that needs nothing else."""
    yield Executor(
        name="local", runner="merbench.engine.local:LocalRunner", about="this machine: its cores, or its GPUs"
    )
