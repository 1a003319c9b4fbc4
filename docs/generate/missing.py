"""The runs that the composite's boards lack."""

from __future__ import annotations

from docs.generate.board import LEADERBOARDS
from tests.benchmarks.board_runs import DATASET, RUNS, Run, missing

__all__ = ["missing_runs"]


def missing_runs() -> str:
    """How many of the planned runs have a record, and a line for each group of those that have none."""
    rest = missing(LEADERBOARDS / "records")
    seeds: dict[str, list[int]] = {}
    for run in rest:
        seeds.setdefault(_name(run), []).append(run.seed)
    count = f"{len(RUNS) - len(rest)} of {len(RUNS)} planned runs have a record."
    return "\n".join([f"{count} Without one:\n", *map(_line, seeds.items())] if rest else [count])


def _name(run: Run) -> str:
    what = f"`{run.model}` `{run.recipe}`, protocol `{run.protocol}`"
    policy = "" if run.policy == "last" else f", {run.policy} epoch"
    return what + policy + ("" if run.dataset == DATASET else f", on `{run.dataset}`")


def _line(group: tuple[str, list[int]]) -> str:
    name, seeds = group
    return f"- {name}: seed{'s' * (len(seeds) > 1)} {', '.join(map(str, sorted(seeds)))}"
