"""Carries out the runs of a sweep, one after another: a failed run does not stop the others."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from merbench.engine.executors import UnitRunner
from merbench.errors import MerbenchError, OutputError, one_line, printable
from merbench.files import locked
from merbench.leaderboard.entries import Entry, make_entry, read_verified, record_files
from merbench.plugin.registry import Registry
from merbench.progress import Progress
from merbench.runs.prepare import Job, prepare
from merbench.runs.record import record_bytes
from merbench.runs.run import run as run_job
from merbench.runs.store import RunFolder
from merbench.sweeps.pace import Pace
from merbench.sweeps.runs import Run

__all__ = ["Done", "Showing", "alone", "cannot_write", "drive", "known_records", "reason_of"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}  # of a disk
IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR}  # a file where a folder is needed
NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}  # of a file system that cannot lock

Showing = Callable[[str], AbstractContextManager[Progress]]  # from what is counted to a display


@dataclass
class Done:
    """What came of the runs of a sweep.

    Attributes:
        entries: the entry of each run that is finished, in the order of the runs.
        paths: the file of each record.
        failed: the reason of each run that failed, in one line.
    """

    entries: dict[Run, Entry] = field(default_factory=dict)
    paths: dict[Run, Path] = field(default_factory=dict)
    failed: dict[Run, str] = field(default_factory=dict)


def drive(runs: Sequence[Run], registry: Registry, out: Path, showing: Showing, runner: UnitRunner) -> Done:
    """Carry out every run that is not finished under `out`.

    A run that another process computes at the same time is left until all others are done, and then waited for.

    Raises:
        OutputError: `out` cannot be written, so that no run can be kept.
    """
    driver = _Driver(registry, out, showing, runner, Pace(runs))
    for run in [run for run in runs if not driver.carry_out(run, wait=False)]:
        driver.carry_out(run, wait=True)
    done = driver.done  # in the order of the runs, whichever was waited for
    return Done(
        entries={run: done.entries[run] for run in runs if run in done.entries},
        paths={run: done.paths[run] for run in runs if run in done.paths},
        failed={run: done.failed[run] for run in runs if run in done.failed},
    )


def known_records(out: Path) -> dict[str, Path]:
    """The record files under a folder by the ids that they state; other files are ignored."""
    found: dict[str, Path] = {}
    for path in record_files([out]) if out.is_dir() else ():
        with contextlib.suppress(MerbenchError, ValueError, KeyError, TypeError, RecursionError):
            found.setdefault(str(json.loads(record_bytes(path))["id"]), path)
    return found


def reason_of(error: Exception) -> str:
    """Why a run failed, in one line."""
    return one_line(error) if isinstance(error, MerbenchError) else f"{type(error).__name__}: {one_line(error)[:200]}"


def cannot_write(error: Exception) -> bool:
    """Whether no file can be written, so that no later run could be kept either."""
    cause = error.__cause__
    return isinstance(error, OutputError) and isinstance(cause, OSError) and cause.errno in FULL | IN_THE_WAY


class _Driver:
    def __init__(self, registry: Registry, out: Path, showing: Showing, runner: UnitRunner, pace: Pace) -> None:
        self.registry, self.out, self.showing, self.runner, self.pace = registry, out, showing, runner, pace
        self.known, self.done = known_records(out), Done()

    def carry_out(self, run: Run, *, wait: bool) -> bool:
        """Carry out one run, or note why it failed; False if another process computes it, and this one does not wait.

        Raises:
            OutputError: `out` cannot be written.
        """
        try:
            with self.showing("clips") as shown:
                job = prepare(self.registry, run.request, shown)
            found = self._found(run, job) or self._computed(run, job, wait)
        except Exception as error:  # also what a plugin makes a library raise: the other runs go on
            if cannot_write(error):
                raise
            self.done.failed[run] = reason_of(error)
            self._note(f"{run.name} failed: {reason_of(error)}")
            found = True
        if found:
            self.pace.finish(run, self.done.entries.get(run))
        return found

    def _found(self, run: Run, job: Job) -> bool:
        """Whether the run was finished before, in any folder under `out`."""
        path = self.known.get(job.plan.digest())
        if path is None:
            return False
        record, _ = read_verified(path, self.registry)
        self._keep(run, make_entry(record, self.registry), path)
        self._note(f"{self.pace.place(run)} was finished before: {run.name}")
        return True

    def _computed(self, run: Run, job: Job, wait: bool) -> bool:
        with self.showing("folds x epochs") as shown, alone(RunFolder(self.out, job.plan), wait) as held:
            if not held:
                shown.note(f"{run.name}: another process computes this run; going on with the next")
                return False
            shown.note(f"{self.pace.headline(run)}: {run.name}")
            for warning in job.warnings:
                shown.note(f"note: {warning}")
            record, path = run_job(job, self.out, runner=self.runner, progress=shown)
        self._keep(run, make_entry(record, self.registry), path)
        return True

    def _note(self, text: str) -> None:
        with self.showing("runs") as shown:
            shown.note(printable(text))

    def _keep(self, run: Run, entry: Entry, path: Path) -> None:
        self.done.entries[run], self.done.paths[run] = entry, path


@contextlib.contextmanager
def alone(folder: RunFolder, wait: bool) -> Iterator[bool]:
    """Whether no other process computes the run. Two would give the same record: the lock only saves their time."""
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(locked(folder.path / "run", wait=wait))
        except OSError as error:
            if error.errno in NO_LOCKS:
                yield True
                return
            raise OutputError(f"cannot write {folder.path}: {error.strerror}; choose another folder: --out") from error
        try:
            yield held
        finally:
            if held:
                _tidy(folder.path)


def _tidy(folder: Path) -> None:
    """Remove the lock, and the folder of a run that failed before it kept anything."""
    with contextlib.suppress(OSError):
        os.unlink(folder / "run.lock")
        os.rmdir(folder)
