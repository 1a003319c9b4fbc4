"""`merbench sweep`: many runs from one file, and one table of them."""

from __future__ import annotations

import argparse
import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.native import to_stderr
from merbench.cli.options import add_executor, positive
from merbench.cli.placing import plain
from merbench.cli.progress import duration, progress
from merbench.cli.tables import print_json, print_table
from merbench.errors import MerbenchError, printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.leaderboard.rows import Row
    from merbench.sweeps.drive import Done
    from merbench.sweeps.forecast import Forecast
    from merbench.sweeps.runs import Run

__all__ = ["add_parser", "run"]

STOPPED = "stopped; finished work is kept, and the same command continues the sweep"
SPARE = ("UAR sd", "UF1 sd", "UAR 95 %", "policy", "protocol")


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its options."""
    verb = verbs.add_parser(
        "sweep",
        help="carry out many runs from one file",
        description="Carry out every combination of the models, settings, datasets and seeds in a file, and compare "
        "them. A run that is finished under --out is not repeated, and the same command continues a sweep.",
    )
    verb.add_argument("file", type=Path, metavar="FILE", help="a TOML file with the options of merbench run as lists")
    verb.add_argument(
        "--dry-run", action="store_true", help="only print every run, what is finished, and the estimated time"
    )
    verb.add_argument("--only", metavar="PATTERN", help="only runs whose name, as --dry-run prints it, matches")
    verb.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: ./results")
    verb.add_argument(
        "--jobs", type=positive, metavar="N", help="processes or threads, at most; default: one for each core"
    )
    add_executor(verb)
    verb.add_argument(
        "--nested",
        action="store_true",
        help="choose among the values of set.NAME in each fold, on held-out training subjects; trains a second time",
    )
    verb.add_argument("--json", action="store_true", help="print only one object, with the table and what failed")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Carry out the sweep; the exit code is 2 if a run failed."""
    from merbench.sweeps.file import read_sweep
    from merbench.sweeps.nested import candidates_of
    from merbench.sweeps.runs import Run, check_names, matching, runs_of

    runs = runs_of(read_sweep(arguments.file))
    check_names(runs, registry)
    if arguments.only is not None:
        runs = matching(runs, arguments.only)
    if arguments.nested:
        candidates_of(runs)  # raises if there is nothing to choose
    runs = [Run(replace(one.request, jobs=arguments.jobs)) for one in runs]
    with to_stderr() if arguments.json else contextlib.nullcontext():
        result = _result(runs, arguments, registry)
    if isinstance(result, list):
        _print_forecasts(result, arguments)
        return 0
    return _finish(result, arguments, registry)


def _result(runs: Sequence[Run], arguments: argparse.Namespace, registry: Registry) -> Done | list[Forecast]:
    from merbench.runs.executors import open_executor
    from merbench.sweeps.drive import drive
    from merbench.sweeps.forecast import forecast
    from merbench.sweeps.nested import choose_inside

    runner = open_executor(registry, arguments.executor)
    try:
        if arguments.dry_run:
            return list(forecast(runs, registry, arguments.out, progress))
        done = drive(runs, registry, arguments.out, progress, runner)
        return choose_inside(done, runs, registry, arguments.out, progress, runner) if arguments.nested else done
    except KeyboardInterrupt:
        with progress() as shown:
            shown.note(STOPPED)
        raise


def _print_forecasts(found: Sequence[Forecast], arguments: argparse.Namespace) -> None:
    rows = [
        {
            "run": one.run.name,
            "state": f"{one.state}: {one.reason}" if one.reason else one.state,
            "time": _time(one),
            "memory": _memory(one),
        }
        for one in found
    ]
    if arguments.json:
        print_json(rows)
        return
    print_table(list(rows[0]), rows)
    print(_total(found))
    if arguments.nested:
        print("--nested trains each candidate once more, on a part of each training side; this time is not in the list")


def _time(one: Forecast) -> str:
    if one.state in ("finished", "cannot run"):
        return ""
    if one.cost is None:
        return "not known"
    return "short" if one.cost == "short" else duration(one.cost.seconds)


def _memory(one: Forecast) -> str:
    return "" if one.cost is None or one.cost == "short" else f"{one.cost.memory / 2**30:.2g} GiB"


def _total(found: Sequence[Forecast]) -> str:
    """`24 runs: 3 finished, 21 to do; about 12 min for 13 runs, 4 short, 4 not known`."""
    states = ", ".join(f"{count} {state}" for state, count in Counter(one.state for one in found).items())
    estimated = [one.cost.seconds for one in found if one.cost is not None and one.cost != "short"]
    others = Counter(_time(one) for one in found if one.cost == "short" or _time(one) == "not known")
    times = [f"about {duration(sum(estimated))} for {len(estimated)}"] if estimated else []
    times += [f"{count} {time}" for time, count in others.items()]
    return f"{len(found)} runs: {states}" + (f"; time: {', '.join(times)}" if times else "")


def _finish(done: Done, arguments: argparse.Namespace, registry: Registry) -> int:
    """Show the table, write its files, and tell what failed."""
    from merbench.sweeps.table import MARK, NESTED, in_their_order

    rows = in_their_order(done.entries.values(), registry)
    mark = NESTED if arguments.nested else MARK
    files = _written(rows, arguments, mark) if rows else {}
    if arguments.json:
        print_json(_object(rows, done, mark, files))
    else:
        if rows:
            _print_rows(rows, mark, files)
        _print_failures(done)
    return MerbenchError.exit_code if done.failed else 0


def _written(rows: Sequence[Row], arguments: argparse.Namespace, mark: str) -> dict[str, Path]:
    """Write the table and the figure beside the runs; raises OutputError."""
    from merbench.runs.store import write_whole
    from merbench.sweeps.figure import drawn
    from merbench.sweeps.table import figures_csv

    # Part of a sweep does not replace the files of the whole sweep.
    kind = ("-nested" if arguments.nested else "") + ("-part" if arguments.only is not None else "")
    name, out = arguments.file.stem + kind, arguments.out
    texts = {
        "table": (out / f"{name}.csv", figures_csv(rows, mark)),
        "table for a page": (out / f"{name}.md", "\n".join(_markdown(rows, mark)) + "\n"),
        "figure": (out / f"{name}.svg", drawn(rows, f"UF1 of the runs of {arguments.file.name}", mark)),
    }
    for path, text in texts.values():
        write_whole(path, text)
    return {what: path for what, (path, _) in texts.items()} | {"records": out}


def _markdown(rows: Sequence[Row], mark: str) -> Iterator[str]:
    from merbench.sweeps.table import cells

    lines = cells(rows)
    yield f"| {' | '.join(lines[0])} |"
    yield f"| {' | '.join('---' for _ in lines[0])} |"
    yield from (f"| {' | '.join(map(plain, line.values()))} |" for line in lines)
    yield from ("", f"{mark[0].upper()}{mark[1:]}.")


def _object(rows: Sequence[Row], done: Done, mark: str, files: dict[str, Path]) -> dict[str, Any]:
    from merbench.sweeps.table import precise

    return {
        "rows": [precise(row) for row in rows],
        "choice": mark,
        "records": {one.name: path for one, path in done.paths.items()},
        "failed": {one.name: reason for one, reason in done.failed.items()},
        "files": files,
    }


def _print_rows(rows: Sequence[Row], mark: str, files: dict[str, Path]) -> None:
    from merbench.sweeps.table import cells

    lines = cells(rows)
    print_table(list(lines[0]), lines, title="UF1 and UAR over all folds and clips; mean over seeds", spare=SPARE)
    print(mark)
    for what, path in files.items():
        print(f"{what}: {path}")


def _print_failures(done: Done) -> None:
    for one, reason in done.failed.items():
        print(printable(f"failed: {one.name}: {reason}"))
    if done.failed:
        print(f"failed runs: {len(done.failed)}; the same command tries them again")
