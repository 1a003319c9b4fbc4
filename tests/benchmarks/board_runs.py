"""The runs of the composite's boards that compare class weights, choices of C, epoch policies and protocols.

    python -m tests.benchmarks.board_runs                  # what is missing from leaderboards/records, with its time
    python -m tests.benchmarks.board_runs --run --most 15  # run what takes at most 15 minutes each, and add the records

Run them from a clean, committed checkout: a record holds the commit and a digest of the code.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.record import read_record
from merbench.runs.schema import Plan

__all__ = ["RUNS", "Run", "main", "missing"]

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
DATASET, OWN_FLOW = "composite", "composite-causalnet"  # CausalNet sees flow that only the second release has
OF_CAUSALNET = 15  # minutes of its recipe `quick`
# network -> minutes of its recipe `quick` on two idle cores
QUICK = {
    "rcn-w": 3,
    "rcn-a": 3,
    "rcn-s": 4,
    "rcn-f": 4,
    "off-apexnet": 2,
    "dual-inception": 2,
    "sssnet": 3,
    "ststnet": 4,
    "htnet": 9,
    "timm:resnet18": 8,
    "timm:vit_tiny_patch16_224": 7,
}
SEEDS = (0, 1, 2)
TOGETHER = "loso"
# protocol -> the seeds that a network has under it; one database to train on takes a third of the time or less
ELSEWHERE = {
    "loso-per-database": SEEDS,
    "lodo": SEEDS,
    "from-smic": SEEDS[:1],
    "from-casme2": SEEDS[:1],
    "from-samm": SEEDS[:1],
}
# Models that answer alike with every seed -> their recipes under these protocols.
REGRESSION, DESCRIPTOR = ("default", "nested", "nested-unweighted"), ("linear", "linear-unweighted")
ELSEWHERE_FIXED = {"flow-lr": REGRESSION, "flow-svm": REGRESSION, "bi-woof": DESCRIPTOR, "hoof": DESCRIPTOR}


class Run(NamedTuple):
    """One run, and about how many minutes it takes on two idle cores."""

    model: str
    recipe: str
    seed: int
    minutes: int
    policy: str = "last"
    protocol: str = TOGETHER
    dataset: str = DATASET

    def arguments(self) -> list[str]:
        """The arguments of `merbench`."""
        named = ["--model", self.model, "--recipe", self.recipe, "--dataset", self.dataset, "--seed", str(self.seed)]
        return ["run", *named, "--protocol", self.protocol, "--epoch-policy", self.policy, "--device", "cpu"]


def _runs() -> Iterator[Run]:
    for model in ("flow-lr", "flow-svm"):
        for recipe, minutes in (("default", 1), ("unweighted", 1), ("nested", 3), ("nested-unweighted", 3)):
            yield Run(model, recipe, 0, minutes)
    for model in ("bi-woof", "hoof"):
        for kernel in ("linear", "rbf", "chi2"):
            yield from (Run(model, f"{kernel}{ending}", 0, 2) for ending in ("", "-unweighted", "-nested"))
    for model, minutes in QUICK.items():
        for seed in SEEDS:
            yield from _both_ways(model, seed, minutes)
    for seed in SEEDS:
        yield from _both_ways("causalnet", seed, OF_CAUSALNET, OWN_FLOW)
    for protocol, seeds in ELSEWHERE.items():
        for model, recipes in ELSEWHERE_FIXED.items():
            yield from (Run(model, recipe, 0, 1, protocol=protocol) for recipe in recipes)
        for model, minutes in QUICK.items():
            yield from (Run(model, "quick", seed, -(-minutes // 3), protocol=protocol) for seed in seeds)
    # ten, because docs/shallow.md measures the authors' log in standard deviations of a seed
    yield from (Run("ststnet", "published", seed, 30) for seed in range(10))
    yield from (Run("ststnet", "published-balanced", seed, 30) for seed in SEEDS)


def _both_ways(model: str, seed: int, minutes: int, dataset: str = DATASET) -> Iterator[Run]:
    """The recipe `quick` without and with class weights, and with the epoch chosen inside each training side."""
    yield Run(model, "quick", seed, minutes, dataset=dataset)
    yield Run(model, "quick-balanced", seed, minutes, dataset=dataset)
    yield Run(model, "quick", seed, 2 * minutes, "inner", dataset=dataset)  # a second pass on 4/5 of each training side


RUNS = tuple(_runs())


def main(argv: Sequence[str] | None = None, records: Path = RECORDS) -> None:
    """List the missing runs, or run them and add their records."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.board_runs", description=__doc__)
    parser.add_argument("--run", action="store_true", help="run them and add their records, the quickest first")
    parser.add_argument("--most", type=int, default=10**6, metavar="MINUTES", help="leave out runs that take longer")
    asked = parser.parse_args(argv)
    for run in missing(records):
        if run.minutes <= asked.most:
            print(f"merbench {' '.join(run.arguments())}  # {run.minutes} min", flush=True)
            if asked.run:
                _run(run, records)


def missing(records: Path) -> list[Run]:
    """The runs without a record, the quickest first."""
    current = Registry(load(allow=())).protocols.current
    plans = [read_record(path).plan for path in sorted(records.glob("*.json"))]
    made = {
        (one.model, one.recipe, one.seed, one.epoch_policy, current(one.protocol), one.dataset)
        for one in plans
        if isinstance(one, Plan)
    }
    rest = (one for one in RUNS if (*one[:3], one.policy, one.protocol, one.dataset) not in made)
    return sorted(rest, key=lambda one: one.minutes)


def _run(run: Run, records: Path) -> None:
    with tempfile.TemporaryDirectory() as out:
        merbench = [sys.executable, "-m", "merbench"]
        subprocess.run([*merbench, *run.arguments(), "--out", out], check=True, env=os.environ)
        (record,) = Path(out).glob("*/record.json")
        subprocess.run([*merbench, "leaderboard", "add", str(record), "--to", str(records)], check=True)


if __name__ == "__main__":
    main()
