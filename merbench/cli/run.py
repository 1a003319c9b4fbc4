"""`merbench run`: train and test a model on a dataset under a protocol, and print what came of it."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
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

MEND = "mend the release and run again, or leave them out with --skip-broken"


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Adds the verb and its options."""
    verb = verbs.add_parser(
        "run",
        help="train and test a model on a dataset",
        description="Train and test a model fold by fold. The same command again continues where it stopped; "
        "a finished run answers at once.",
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
        help="which one to show first; inner trains a second time on part of each training side",
    )
    verb.add_argument(
        "--weights", type=Path, metavar="DIR", help="score checkpoints DIR/SUBJECT.pth; nothing is trained"
    )
    verb.add_argument(
        "--folds", default="*", metavar="PATTERN", help="run only folds whose name matches, e.g. 'DATABASE/*'"
    )
    verb.add_argument("--jobs", type=positive, metavar="N", help="processes for features; default: one for each core")
    verb.add_argument(
        "--skip-broken", action="store_true", help="leave broken clips out; the record says so and is not ranked"
    )
    verb.add_argument("--out", type=Path, default=Path("results"), metavar="DIR", help="default: ./results")
    verb.add_argument("--fresh", action="store_true", help="start over, removing what the same run left before")
    verb.add_argument(
        "--dry-run", action="store_true", help="print the plan with an estimate of time and memory, and stop"
    )
    verb.add_argument("--json", action="store_true", help="print the record, and only it; with --seeds, a list of them")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Runs every seed; raises `MerbenchError` for what the user can mend."""
    # Before torch is loaded, which reads it once: threads that wait by spinning stall on a machine that others use too
    # (on two busy cores 1324 ms a step); a short spin, then sleep, costs a quiet one nothing (35 for 34 ms).
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    seeds = range(arguments.seeds) if arguments.seeds else [arguments.seed]
    if arguments.dry_run:
        return _dry_run(_job(arguments, registry, seeds[0]), arguments)
    records = [_one(_job(arguments, registry, seed), arguments) for seed in seeds]
    if arguments.json:
        texts = [record.to_json() for record in records]
        sys.stdout.write(f"[{','.join(texts)}]\n" if arguments.seeds else texts[0])
    elif len(records) > 1:
        from merbench.cli.report import print_seeds

        print_seeds(records)
    return 0


def _job(arguments: argparse.Namespace, registry: Registry, seed: int) -> Job:
    from merbench.runs.prepare import prepare

    with _stdout(arguments), telling_broken(MEND), progress("clips") as shown:
        try:
            return prepare(registry, _request(arguments, seed), shown)
        except KeyboardInterrupt:
            shown.note("stopped; what is finished is kept, and the same command continues")
            raise


def _stdout(arguments: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
    """With --json, stdout is for the record alone."""
    return to_stderr() if arguments.json else contextlib.nullcontext()


def _request(arguments: argparse.Namespace, seed: int) -> Request:
    from merbench.runs.prepare import Request

    return Request(
        model=arguments.model,
        dataset=arguments.dataset,
        protocol=arguments.protocol,
        recipe=arguments.recipe,
        settings=arguments.set,
        seed=seed,
        device=arguments.device,
        precision=arguments.precision,
        epoch_policy=arguments.epoch_policy,
        folds=arguments.folds,
        weights=arguments.weights,
        jobs=arguments.jobs,
        skip_broken=arguments.skip_broken,
    )


def _one(job: Job, arguments: argparse.Namespace) -> Record:
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
            shown.note("stopped; what is finished is kept, and the same command continues")
            raise
    if not arguments.json:
        print_record(record, path)
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
