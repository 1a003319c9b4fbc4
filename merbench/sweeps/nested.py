"""Replaces the runs of a sweep that differ in settings alone by one record each, whose settings are chosen inside."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from merbench.engine.executors import UnitRunner
from merbench.errors import OptionError, printable
from merbench.leaderboard.entries import Entry, counting_policy, make_entry, read_verified
from merbench.plugin.registry import Registry
from merbench.runs.nested import choose, nested_plan, nested_record
from merbench.runs.prepare import Job, prepare
from merbench.runs.record import read_record
from merbench.runs.run import held_out
from merbench.runs.schema import Plan, Record
from merbench.runs.store import RunFolder, write_whole
from merbench.sweeps.drive import Done, Showing, alone, cannot_write, known_records, reason_of
from merbench.sweeps.runs import Run

__all__ = ["candidates_of", "choose_inside"]


def candidates_of(runs: Sequence[Run]) -> dict[Run, list[Run]]:
    """The runs that differ in settings alone, by the run without settings.

    Raises:
        OptionError: no two runs do.
    """
    found: dict[Run, list[Run]] = {}
    for run in runs:
        found.setdefault(Run(replace(run.request, settings=())), []).append(run)
    if all(len(candidates) == 1 for candidates in found.values()):
        raise OptionError("--nested chooses among values of set.NAME, and no two runs differ in those alone")
    return found


def choose_inside(
    done: Done, runs: Sequence[Run], registry: Registry, out: Path, showing: Showing, runner: UnitRunner
) -> Done:
    """Choose among the runs that differ in settings alone; other runs stay as they are.

    Raises:
        OptionError: no two runs differ in settings alone.
        OutputError: `out` cannot be written.
    """
    nested = Done(failed=dict(done.failed))
    for base, candidates in candidates_of(runs).items():
        if any(run in done.failed for run in candidates):
            continue  # the failed candidate is reported
        if len(candidates) == 1:
            nested.entries[base], nested.paths[base] = done.entries[candidates[0]], done.paths[candidates[0]]
            continue
        try:
            path = _chosen(base, [(run, done.paths[run]) for run in candidates], registry, out, showing, runner)
            nested.entries[base], nested.paths[base] = _entry(path, registry), path
        except Exception as error:
            if cannot_write(error):
                raise
            nested.failed[base] = reason_of(error)
            with showing("runs") as shown:
                shown.note(printable(f"{base.name} failed: {reason_of(error)}"))
    return nested


def _entry(path: Path, registry: Registry) -> Entry:
    record, _ = read_verified(path, registry)
    return make_entry(record, registry)


def _chosen(
    base: Run,
    candidates: Sequence[tuple[Run, Path]],
    registry: Registry,
    out: Path,
    showing: Showing,
    runner: UnitRunner,
) -> Path:
    """The record file of the choice among some runs, given with their record files."""
    jobs = [_prepared(run, registry, showing) for run, _ in candidates]
    plan = nested_plan([job.plan for job in jobs])
    folder = RunFolder(out, plan)
    if earlier := known_records(out).get(folder.id):
        return earlier
    with alone(folder, wait=True):  # another process may choose among the same runs
        if not folder.has_record():
            record = _record(plan, list(zip(candidates, jobs, strict=True)), out, showing, runner)
            folder.open(plan)
            write_whole(folder.record, record.to_json())
    return folder.record


def _record(
    plan: Plan, candidates: Sequence[tuple[tuple[Run, Path], Job]], out: Path, showing: Showing, runner: UnitRunner
) -> Record:
    started, held = time.perf_counter(), []
    for (run, _), job in candidates:
        with showing("folds x epochs") as shown:
            shown.note(f"{run.name}: training on a part of each training side, to choose settings there")
            held.append(held_out(job, out, runner=runner, progress=shown))
    records = [read_record(path) for (_, path), _ in candidates]
    chosen = choose(held, counting_policy(records[0]))
    return nested_record(plan, records, chosen, time.perf_counter() - started)


def _prepared(run: Run, registry: Registry, showing: Showing) -> Job:
    with showing("clips") as shown:
        return prepare(registry, run.request, shown)
