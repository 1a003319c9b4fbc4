"""`merbench run`: train and test a model on a dataset under a protocol, and print the scores."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.broken import telling_broken
from merbench.cli.native import to_stderr
from merbench.cli.options import add_executor, count, positive, shard
from merbench.cli.progress import progress
from merbench.plugin.registry import Registry
from merbench.progress import Silent

if TYPE_CHECKING:
    from merbench.engine.executors import UnitRunner
    from merbench.runs.prepare import Job, Request
    from merbench.runs.run import Unmerged
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
        "--compile",
        action="store_true",
        dest="compiled",
        help="compile the network with torch.compile: other digits, and worth it for long runs only",
    )
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
    verb.add_argument(
        "--shard",
        type=shard,
        metavar="I/N",
        help="compute only the I-th of N shares of the folds; merbench results merge makes one record of all",
    )
    verb.add_argument(
        "--jobs", type=positive, metavar="N", help="processes or threads, at most; default: one for each core"
    )
    add_executor(verb)
    verb.add_argument(
        "--skip-broken", action="store_true", help="leave broken clips out; the record says so and is not ranked"
    )
    verb.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: ./results")
    verb.add_argument("--fresh", action="store_true", help="start over; removes the files of the same run")
    verb.add_argument("--keep-weights", action="store_true", help="save the network of each fold, for merbench predict")
    verb.add_argument("--dry-run", action="store_true", help="only print the plan and an estimate of time and memory")
    verb.add_argument("--json", action="store_true", help="print only the record; with --seeds, a list of records")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run every seed; raises `MerbenchError` for errors that the user can fix."""
    seeds = range(arguments.seeds) if arguments.seeds else [arguments.seed]
    runner = _runner(arguments, registry)
    if arguments.dry_run:
        return _dry_run(_job(arguments, registry, seeds[0]), arguments)
    found = [_one(_job(arguments, registry, seed), runner, arguments, registry) for seed in seeds]
    records = [record for record in found if record]
    if arguments.json:
        texts = [record.to_json() for record in records]
        sys.stdout.write(f"[{','.join(texts)}]\n" if arguments.seeds else "".join(texts))
    elif len(records) > 1:
        from merbench.cli.report import print_seeds

        print_seeds(records, registry)
    return 0


def _runner(arguments: argparse.Namespace, registry: Registry) -> UnitRunner:
    from merbench.runs.executors import open_executor

    return open_executor(registry, arguments.executor)


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


def _one(job: Job, runner: UnitRunner, arguments: argparse.Namespace, registry: Registry) -> Record | None:
    """Run one seed; returns its record, or None if other shards have to be merged first."""
    from merbench.cli.report import plan_lines, print_record
    from merbench.runs.run import Unmerged

    with _stdout(arguments), progress() as shown:
        for line in plan_lines(job.plan):
            shown.note(line)
        for warning in job.warnings:
            shown.note(f"note: {warning}")
        try:
            done = _carry_out(
                job,
                arguments,
                fresh=arguments.fresh,
                keep_weights=arguments.keep_weights,
                runner=runner,
                progress=shown,
            )
        except KeyboardInterrupt:
            shown.note(STOPPED)
            raise
    if isinstance(done, Unmerged):
        left = f"{done.missing} of {done.folds} folds are left to other shards"
        print(
            f"{left}, so there is no record yet: merbench results merge makes it\nshard: {done.folder}",
            file=sys.stderr if arguments.json else sys.stdout,
        )
        return None
    record, path = done
    if not arguments.json:
        print_record(record, path, registry)
    return record


def _carry_out(job: Job, arguments: argparse.Namespace, **how: Any) -> tuple[Record, Path] | Unmerged:
    from merbench.runs.run import run as run_job
    from merbench.runs.run import run_shard

    if arguments.shard:
        return run_shard(job, arguments.out, arguments.shard, **how)
    return run_job(job, arguments.out, **how)


def _weights(job: Job, arguments: argparse.Namespace) -> Iterator[str]:
    from merbench.runs.kept import announce, can_keep
    from merbench.runs.store import RunFolder

    if arguments.keep_weights and can_keep(job, Silent()):
        yield announce(job, RunFolder(arguments.out, job.plan))


def _dry_run(job: Job, arguments: argparse.Namespace) -> int:
    from merbench.cli.report import estimate_lines, plan_lines
    from merbench.runs.estimate import estimate

    if arguments.json:
        print(job.plan.model_dump_json(indent=1))
        return 0
    for line in [
        *plan_lines(job.plan),
        *(f"note: {warning}" for warning in job.warnings),
        *(
            ["estimate: not known, because the model trains itself"]
            if job.plan.kind == "fit"
            else estimate_lines(estimate(job))
        ),
        *([f"shard {arguments.shard}: one of {arguments.shard.count} shares of that time"] if arguments.shard else []),
        *_weights(job, arguments),
    ]:
        print(line)
    return 0
