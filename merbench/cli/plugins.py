"""`merbench plugins`: every plugin that was found, where it comes from, and what became of it."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from merbench.cli.tables import print_json, print_table
from merbench.plugins import PluginReport
from merbench.registry import Registry

__all__ = ["add_parser", "run"]


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench plugins` to the command line."""
    about = "show every plugin: loaded, blocked, or failed and why"
    parser = verbs.add_parser("plugins", help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print the report of the load that has just been done."""
    report = registry.plugins.report
    if arguments.json:
        print_json([dataclasses.asdict(row) for row in report])
        return 0
    rows = [
        {
            "plugin": row.name,
            "distribution": row.distribution,
            "version": row.version,
            "status": row.status,
            "provides": row.reason or _provided(row),
        }
        for row in report
    ]
    print_table(("plugin", "distribution", "version", "status", "provides"), rows)
    return 0


def _provided(row: PluginReport) -> str:
    return "; ".join(f"{noun}: {', '.join(names)}" for noun, names in row.provides.items()) or "nothing"
