"""`merbench run`: train and test a model on a dataset under a protocol, and print the scores."""

from __future__ import annotations

import argparse
import contextlib
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.broken import telling_broken
from merbench.cli.native import to_stderr
from merbench.cli.options import count, positive
from merbench.cli.progress import progress
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.runs.prepare import Job, Request
    from merbench.runs.schema import Record

__all__ = ["add_parser", "run"]

ADVICE = "fix the release and run again, or leave them out with --skip-broken"
STOPPED = "stopped; finished work is kept, and the same command continues the run"


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its options."""
    verb = verbs.add_parser(
        "run",
        help="train and test a model on a dataset",
        description="Train and test a model fold by fold. The same command continues an interrupted run, and prints "
        "the scores of a finished run at once.",
    )
    verb.add_argument("--model", required=True, help="see: merbench list models")
    verb.add_argument("--dataset", required=True, help="see: merbench list datasets")
    verb.add_argument("--protocol", default="", help="default: the dataset's own; see: merbench list protocols")
    verb.add_argument("--recipe", default="", help="default: the model's first; see: merbench list recipes")
    verb.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a model option, recipe setting or feature variant",
    )
    seeds = verb.add_mutually_exclusive_group()
    seeds.add_argument("--seed", type=count, default=0, help="default: 0")
    seeds.add_argument("--seeds", type=positive, metavar="K", help="K runs, with seeds 0 to K-1")
    verb.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    verb.add_argument("--precision", choices=("fp32", "tf32", "bf16"), default="fp32")
    verb.add_argument(
        "--epoch-policy",
        choices=("last", "inner", "oracle"),
        default="last",
        help="the policy to show first; inner trains a second time, on a part of each training side (default: last)",
    )
    verb.add_argument("--weights", type=Path, metavar="DIR", help="test checkpoints DIR/SUBJECT.pth without training")
    verb.add_argument(
        "--folds", default="*", metavar="PATTERN", help="run only folds whose name matches, e.g. 'DATABASE/*'"
    )
    verb.add_argument("--jobs", type=positive, metavar="N", help="processes for features; default: one for each core")
    verb.add_argument(
        "--skip-broken", action="store_true", help="leave broken clips out; the record says so and is not ranked"
    )
    verb.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: ./results")
    verb.add_argument("--fresh", action="store_true", help="start over; removes the files of the same run")
    verb.add_argument("--dry-run", action="store_true", help="only print the plan and an estimate of time and memory")
    verb.add_argument("--json", action="store_true", help="print only the record; with --seeds, a list of records")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run every seed; raises `MerbenchError` for errors that the user can fix."""
    seeds = range(arguments.seeds) if arguments.seeds else [arguments.seed]
    if arguments.dry_run:
        return _dry_run(_job(arguments, registry, seeds[0]), arguments)
    records = [_one(_job(arguments, registry, seed), arguments, registry) for seed in seeds]
    if arguments.json:
        texts = [record.to_json() for record in records]
        sys.stdout.write(f"[{','.join(texts)}]\n" if arguments.seeds else texts[0])
    elif len(records) > 1:
        from merbench.cli.report import print_seeds

        print_seeds(records, registry)
    return 0


def _job(arguments: argparse.Namespace, registry: Registry, seed: int) -> Job:
    from merbench.runs.prepare import prepare

    with _stdout(arguments), telling_broken(ADVICE), progress("clips") as shown:
        try:
            return prepare(registry, _request(arguments, seed), shown)
        except KeyboardInterrupt:
            shown.note(STOPPED)
            raise


def _stdout(arguments: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
    """Send other output to stderr with --json, so that stdout has only the record."""
    return to_stderr() if arguments.json else contextlib.nullcontext()


def _request(arguments: argparse.Namespace, seed: int) -> Request:
    from merbench.runs.prepare import Request

    given = vars(arguments) | {"settings": arguments.set, "seed": seed}
    return Request(**{field.name: given[field.name] for field in fields(Request)})


def _one(job: Job, arguments: argparse.Namespace, registry: Registry) -> Record:
    from merbench.cli.report import plan_lines, print_record
    from merbench.runs.run import run as run_job

    with _stdout(arguments), progress() as shown:
        for line in plan_lines(job.plan):
            shown.note(line)
        for warning in job.warnings:
            shown.note(f"note: {warning}")
        try:
            record, path = run_job(job, arguments.out, fresh=arguments.fresh, progress=shown)
        except KeyboardInterrupt:
            shown.note(STOPPED)
            raise
    if not arguments.json:
        print_record(record, path, registry)
    return record


def _dry_run(job: Job, arguments: argparse.Namespace) -> int:
    from merbench.cli.report import estimate_lines, plan_lines
    from merbench.runs.estimate import estimate

    if arguments.json:
        print(job.plan.model_dump_json(indent=1))
        return 0
    for line in [
        *plan_lines(job.plan),
        *(f"note: {warning}" for warning in job.warnings),
        *estimate_lines(estimate(job)),
    ]:
        print(line)
    return 0
