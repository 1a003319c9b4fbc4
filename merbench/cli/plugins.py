"""`merbench plugins`: every plugin that was found, where it comes from, and what became of it."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from merbench.cli.tables import print_json, print_table
from merbench.plugin.loading import PluginReport
from merbench.plugin.registry import Registry

__all__ = ["add_parser", "run"]

SLOW = 0.2  # seconds; all built-in plugins together take less


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench plugins` to the command line."""
    about = "show every plugin: loaded, blocked, or failed and why"
    parser = verbs.add_parser("plugins", help=about, description=about)
    parser.add_argument("--times", action="store_true", help="show how long each took to import, the slowest first")
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print the report of the load that has just been done."""
    report = registry.plugins.report
    if arguments.times:
        report = sorted(report, key=lambda row: -row.seconds)
    if arguments.json:
        print_json([_plain(row, times=arguments.times) for row in report])
        return 0
    columns = ["plugin", "distribution", "version", "status", "provides"]
    if arguments.times:
        columns.insert(4, "seconds")
    print_table(columns, [_cells(row) for row in report])
    return 0


def _plain(row: PluginReport, *, times: bool) -> dict[str, Any]:
    shown = {field.name: getattr(row, field.name) for field in dataclasses.fields(row) if field.name != "error"}
    seconds = shown.pop("seconds")
    return {**shown, "seconds": seconds, "slow": _slow(row)} if times else shown


def _cells(row: PluginReport) -> dict[str, str]:
    return {
        "plugin": row.name,
        "distribution": row.distribution,
        "version": row.version,
        "status": row.status,
        "seconds": "" if row.status == "blocked" else f"{row.seconds:.3f}{' slow' if _slow(row) else ''}",
        "provides": row.reason or _provided(row),
    }


def _slow(row: PluginReport) -> bool:
    return row.seconds >= SLOW


def _provided(row: PluginReport) -> str:
    return "; ".join(f"{noun}: {', '.join(names)}" for noun, names in row.provides.items()) or "nothing"
