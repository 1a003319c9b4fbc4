"""`merbench results`: list, show and verify records. The modules `exchange` and `comparing` have the other actions."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.api import read_record, run_columns
from merbench.cli import comparing, exchange
from merbench.cli.tables import print_json, print_table
from merbench.errors import MerbenchError, printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.runs.schema import Record

__all__ = ["add_parser", "run"]

# Printed by `verify` for a record with predictions, and for one without.
PREDICTED = "scores, digests and folds follow from the predictions"
COUNTED = "scores follow from the counts of each subject"
COLUMNS = ("model", "recipe", "set", "dataset", "protocol", "seed", "epoch_policy", "uf1", "uar", "name")


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its actions to the command line."""
    verb = verbs.add_parser(
        "results",
        help="list, show, verify and compare records; score predictions made elsewhere",
        description="List, show, verify and compare records; score predictions; write records without clips.",
    )
    actions = verb.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the records in a folder")
    listing.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: ./results")
    listing.add_argument("--json", action="store_true", help="print a list of objects")
    show = actions.add_parser("show", help="print the scores in a record")
    show.add_argument("record", type=Path, help="a record file")
    show.add_argument("--json", action="store_true", help="print the record as it is")
    verify = actions.add_parser("verify", help="recompute scores and digests from the predictions, and compare")
    verify.add_argument("record", type=Path, nargs="+", help="record files")
    compare = actions.add_parser("compare", help="compare runs that differ in one setting alone")
    compare.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: ./results")
    compare.add_argument("--by", required=True, metavar="OPTION", help="the setting, as in --set OPTION=VALUE")
    compare.add_argument("--json", action="store_true", help="print a list of objects")
    exchange.add_parsers(actions)


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run the action. `verify` raises `RecordError` with the first difference."""
    if arguments.action == "list":
        return _list(arguments, registry)
    actions = {
        "show": _show,
        "verify": _verify,
        "compare": comparing.compare,
        "import": exchange.run_import,
        "export": exchange.run_export,
        "merge": exchange.run_merge,
    }
    return actions[arguments.action](arguments, registry)


def _list(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.data.homes import embedded_datasets

    rows = [_row(path, registry) for path in sorted(arguments.folder.rglob("*.json")) if _may_be_record(path)]
    if arguments.json:
        print_json(rows)
        return 0
    if not rows:
        dataset = next(iter(embedded_datasets(registry)), "DATASET")
        print(f"no records in {arguments.folder}; make one: merbench run --model MODEL --dataset {dataset}")
        return 0
    print_table(COLUMNS, [{column: _cell(row, column) for column in COLUMNS} for row in rows])
    return 0


def _cell(row: dict[str, Any], column: str) -> str:
    if "error" in row:  # the error names the file
        return str(row["error"]) if column == "name" else ""
    value = row[column]
    if column == "set":
        from merbench.runs.changes import in_brief

        return in_brief(value)
    if value is None:  # imported predictions have no recipe and no seed
        return "" if column in ("recipe", "seed") else "not defined"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _may_be_record(path: Path) -> bool:
    return path.name == "record.json" or path.parent.resolve().name == "records"


def _row(path: Path, registry: Registry) -> dict[str, Any]:
    from merbench.runs.record import under_current_names

    try:
        record = read_record(path)
    except MerbenchError as error:
        return {"name": str(path), "error": str(error)}
    return {"name": str(path), **_headline(under_current_names(record, registry), registry)}


def _headline(record: Record, registry: Registry) -> dict[str, Any]:
    from merbench.cli.report import marked
    from merbench.runs.changes import changes

    plan = record.plan
    full = record.scores[plan.epoch_policy]["full"]
    return {
        **run_columns(record),
        "set": changes(plan, registry),
        "epoch_policy": marked(plan.epoch_policy, plan),
        "uf1": full.uf1 if full else None,
        "uar": full.uar if full else None,
    }


def _show(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.cli.report import print_record
    from merbench.runs.record import under_current_names

    record = read_record(arguments.record)
    if arguments.json:
        sys.stdout.write(record.to_json())
    else:
        print_record(under_current_names(record, registry), arguments.record, registry)
        for warning in record.warnings:
            print(f"note: {printable(warning)}")
    return 0


def _verify(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.runs import record as files
    from merbench.runs.verify import verify

    for path in arguments.record:
        record = files.read_record(path)
        unchecked = verify(record, registry)
        print(f"{path}: {PREDICTED if record.predictions else COUNTED}")
        for sentence in unchecked:
            print(f"{path}: {printable(sentence)}")
    return 0
