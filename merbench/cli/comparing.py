"""`merbench results compare`: what a setting changes."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from merbench.cli.placing import signed
from merbench.cli.tables import print_json, print_table
from merbench.errors import RecordError, printable
from merbench.leaderboard.wording import figure, p_value
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.leaderboard.ablation import Ablation, Line
    from merbench.leaderboard.entries import Figure
    from merbench.scores import Metric

__all__ = ["compare"]

METRICS: tuple[Metric, ...] = ("uf1", "uar")
CHOOSING = "choosing a value by this table is choosing on the test subjects"


def compare(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print a table for each group of runs that differ in one setting alone."""
    from threadpoolctl import threadpool_limits

    from merbench.leaderboard.ablation import ablations, left_out
    from merbench.leaderboard.cache import open_cache
    from merbench.leaderboard.entries import read_entries, record_files

    paths = record_files([arguments.folder])
    files = {entry.id: (path, entry) for path, entry in read_entries(paths, registry, open_cache(registry))}
    entries = [entry for _, entry in files.values()]
    if not entries:
        raise RecordError(f"no records in {arguments.folder}; make some: merbench run --set {arguments.by}=VALUE")
    with threadpool_limits(1):
        found = ablations(entries, arguments.by, registry)
    if arguments.json:
        print_json([_object(one, arguments.by) for one in found])
        return 0
    for one in found:
        _print(one, arguments.by)
    print(CHOOSING)
    for id_, why in left_out(entries, found, arguments.by).items():
        print(printable(f"left out {files[id_][0]}: {why}"))
    return 0


def _print(found: Ablation, option: str) -> None:
    plan, base = found.plan, found.lines[0].row
    others = {name: value for name, value in base.changed.items() if name != option}
    title = f"{plan.model} ({replace(base, changed=others).details}) on {plan.dataset}, {plan.protocol}"
    columns = (option, "seeds", "UF1", "UF1 95 %", "UAR", "UAR 95 %", "difference", "difference 95 %", "p")
    rows = [dict(zip(columns, _cells(line), strict=True)) for line in found.lines]
    print_table(columns, rows, title=printable(title))


def _cells(line: Line) -> tuple[str, ...]:
    full, test = line.row.figures.get("full", {}), line.test
    scores = [cell for metric in METRICS for cell in _score(full.get(metric))]
    tested = (signed(test.difference), " to ".join(map(signed, test.interval)), p_value(test.p_value)) if test else ()
    return line.value, str(len(line.row.entries)), *scores, *(tested or ("", "", ""))


def _score(one: Figure | None) -> tuple[str, str]:
    if one is None:
        return "not defined", ""
    return figure(one.value), " ".join(map(figure, one.interval or ()))


def _object(found: Ablation, option: str) -> dict[str, Any]:
    plan = found.plan
    lines: list[dict[str, Any]] = []
    for line in found.lines:
        full = line.row.figures.get("full", {})
        lines.append(
            {
                "value": line.value,
                "records": [one.record.id for one in line.row.entries],
                **{str(metric): one.value for metric, one in full.items()},
                "intervals": {str(metric): one.interval for metric, one in full.items()},
                "difference": line.test.difference if line.test else None,
                "interval": line.test.interval if line.test else None,
                "p": line.test.p_value if line.test else None,
            }
        )
    return {"model": plan.model, "recipe": plan.recipe, "dataset": plan.dataset, "by": option, "lines": lines}
