"""`merbench results import`, `export` and `merge`: records of predictions made elsewhere, without clips, of shards."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from merbench.errors import RecordError, printable
from merbench.plugin.registry import Registry

__all__ = ["add_parsers", "run_export", "run_import", "run_merge"]


def add_parsers(actions: argparse._SubParsersAction[Any]) -> None:
    """Add the actions to the command line."""
    handed_in = actions.add_parser(
        "import",
        help="score predictions that were made elsewhere",
        description="Make a record of the predictions in a log of MEGC2019 (a line `database subject` for each fold, "
        "then `clip truth prediction`), in a log by subject (`Best Predicted` and `Ground Truth` of each subject, then "
        "a summary of all), or in a CSV with the header clip,prediction.",
    )
    handed_in.add_argument(
        "log", type=Path, help="a log of MEGC2019, a log by subject, or a CSV with the header clip,prediction"
    )
    handed_in.add_argument("--model", required=True, metavar="NAME", help="the model's name in tables")
    handed_in.add_argument(
        "--dataset",
        default="",
        help="a dataset with a canonical clip list; default: the one with the most databases",
    )
    handed_in.add_argument("--protocol", default="", help="default: the dataset's own")
    handed_in.add_argument(
        "--order",
        choices=("truth-prediction", "prediction-truth"),
        default="truth-prediction",
        help="order of the columns of a log; default: truth-prediction, the official one",
    )
    handed_in.add_argument(
        "--declared-policy",
        choices=("last", "inner", "oracle", "unknown"),
        default="unknown",
        help="how the epoch was chosen; oracle: on the test labels; default: unknown",
    )
    handed_in.add_argument("--paper", default="", metavar="TEXT", help="what to cite")
    handed_in.add_argument("--link", default="", metavar="URL", help="where to read more")
    handed_in.add_argument("--out", type=Path, metavar="FILE", help="default: a new folder in ./results")
    handed_in.add_argument("--json", action="store_true", help="print only the record")
    export = actions.add_parser(
        "export",
        help="write a record without clips, if labels may not be published",
        description="Replace each clip's truth and prediction by the confusion matrix of its subject. Every score, "
        "interval and paired test stays the same.",
    )
    export.add_argument("record", type=Path, help="the record.json of a run")
    export.add_argument("--out", type=Path, metavar="FILE", help="default: NAME-subjects.json beside the record")
    merge = actions.add_parser(
        "merge",
        help="make one record of the shards of a run",
        description="Make one record of all shards of a run (merbench run --shard I/N), and copy their folds into one "
        "folder. Neither the data nor the model is needed.",
    )
    merge.add_argument(
        "shards", type=Path, nargs="+", metavar="DIR", help="the folder of a run, or a folder of results with one run"
    )
    merge.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: ./results")
    merge.add_argument("--json", action="store_true", help="print only the record")


def run_import(arguments: argparse.Namespace, registry: Registry) -> int:
    """Make the record, write it, and print its scores. Warnings go to stderr."""
    from merbench.cli.report import print_record
    from merbench.runs.submissions import Declaration, default_path, keep, submit

    declared = Declaration(
        model=arguments.model,
        dataset=arguments.dataset,
        protocol=arguments.protocol,
        order=arguments.order,
        policy=arguments.declared_policy,
        paper=arguments.paper,
        link=arguments.link,
    )
    record = submit(arguments.log, declared, registry)
    path = arguments.out or default_path(record)
    record = keep(record, path)
    for warning in record.warnings:
        print(f"note: {printable(warning)}", file=sys.stderr)
    if arguments.json:
        sys.stdout.write(record.to_json())
    else:
        print_record(record, path, registry)
    return 0


def run_export(arguments: argparse.Namespace, registry: Registry) -> int:
    """Verify a record and write it without its clips. An existing file is not overwritten."""
    from merbench.runs.export import without_clips, write_new
    from merbench.runs.record import read_record
    from merbench.runs.scoring import count
    from merbench.runs.verify import verify

    record = read_record(arguments.record)
    verify(record, registry)
    try:
        exported = without_clips(record)
    except RecordError as error:
        raise RecordError(f"{arguments.record}: {error}") from error
    path: Path = arguments.out or arguments.record.with_name(f"{arguments.record.stem}-subjects.json")
    write_new(path, exported.to_json())
    subjects = len(count(exported).subjects)
    print(f"{path}: {record.clips} clips of {subjects} subjects, without their truth and predictions")
    return 0


def run_merge(arguments: argparse.Namespace, registry: Registry) -> int:
    """Merge shards, and print the scores of their record."""
    from merbench.cli.report import print_record
    from merbench.runs.merge import merge

    record, path = merge(arguments.shards, arguments.out)
    if arguments.json:
        sys.stdout.write(record.to_json())
    else:
        print_record(record, path, registry)
    return 0
