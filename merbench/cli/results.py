"""`merbench results`: list, show and verify records; import and export have a module of their own."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli import exchange
from merbench.cli.tables import print_json, print_table
from merbench.errors import MerbenchError, printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.runs.schema import Record

__all__ = ["add_parser", "run"]

# What verify says of a record with predictions, and of one without.
PREDICTED = "scores, digests and folds follow from the predictions"
COUNTED = "scores follow from the counts of each subject"
COLUMNS = ("model", "recipe", "dataset", "protocol", "seed", "epoch_policy", "uf1", "uar", "name")


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Adds the verb and its actions."""
    verb = verbs.add_parser(
        "results",
        help="list, show and verify records; hand in predictions",
        description="List, show and verify records; make them of predictions handed in; publish them without clips.",
    )
    actions = verb.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="the records of a folder")
    listing.add_argument("folder", nargs="?", type=Path, default=Path("results"), help="default: ./results")
    listing.add_argument("--json", action="store_true")
    show = actions.add_parser("show", help="the scores in a record")
    show.add_argument("record", type=Path)
    show.add_argument("--json", action="store_true", help="the record as it is")
    verify = actions.add_parser("verify", help="recompute scores and digests from the predictions")
    verify.add_argument("record", type=Path, nargs="+")
    exchange.add_parsers(actions)


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Does the action; `verify` raises `RecordError` with the first difference."""
    if arguments.action == "list":
        return _list(arguments, registry)
    actions = {"show": _show, "verify": _verify, "import": exchange.run_import, "export": exchange.run_export}
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
    if "error" in row:  # it names the file
        return str(row["error"]) if column == "name" else ""
    value = row[column]
    if value is None:  # predictions that were handed in have no recipe and no seed
        return "" if column in ("recipe", "seed") else "not defined"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _may_be_record(path: Path) -> bool:
    return path.name == "record.json" or path.parent.resolve().name == "records"


def _row(path: Path, registry: Registry) -> dict[str, Any]:
    from merbench.runs.record import read_record
    from merbench.runs.verify import check_scores

    try:
        record = read_record(path)
        check_scores(record)
    except MerbenchError as error:
        return {"name": str(path), "error": str(error)}
    return {"name": str(path), **_headline(_under_current_names(record, registry))}


def _headline(record: Record) -> dict[str, Any]:
    from merbench.cli.report import marked

    plan = record.plan
    full = record.scores[plan.epoch_policy]["full"]
    return {
        "model": plan.model,
        "recipe": None if plan.kind == "rescored" else plan.recipe,
        "dataset": plan.dataset,
        "protocol": plan.protocol,
        "seed": None if plan.kind == "rescored" else plan.seed,
        "epoch_policy": marked(plan.epoch_policy, plan),
        "uf1": full.uf1 if full else None,
        "uar": full.uar if full else None,
    }


def _under_current_names(record: Record, registry: Registry) -> Record:
    """The record as it is shown: a protocol that was renamed since has its current name."""
    protocol = registry.protocols.current(record.plan.protocol)
    return record.model_copy(update={"plan": record.plan.model_copy(update={"protocol": protocol})})


def _show(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.cli.report import print_record
    from merbench.runs.record import read_record
    from merbench.runs.verify import check_scores

    record = read_record(arguments.record)
    check_scores(record)
    if arguments.json:
        sys.stdout.write(record.to_json())
    else:
        print_record(_under_current_names(record, registry), arguments.record)
        for warning in record.warnings:
            print(f"note: {printable(warning)}")
    return 0


def _verify(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.runs.record import read_record
    from merbench.runs.verify import verify

    for path in arguments.record:
        record = read_record(path)
        unchecked = verify(record, registry)
        print(f"{path}: {PREDICTED if record.predictions else COUNTED}")
        for sentence in unchecked:
            print(f"{path}: {printable(sentence)}")
    return 0
