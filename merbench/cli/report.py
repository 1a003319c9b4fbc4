"""Print plans, records and several seeds on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Literal

from merbench.cli.progress import duration
from merbench.cli.tables import print_table
from merbench.engine.policies import TEST_SELECTED
from merbench.leaderboard.wording import figure

if TYPE_CHECKING:
    from merbench.plugin.registry import Registry
    from merbench.runs.estimate import Estimate
    from merbench.runs.schema import AnyPolicy, PartScores, Plan, Record, Submission

__all__ = ["estimate_lines", "marked", "plan_lines", "print_record", "print_seeds", "title"]

METRICS: tuple[Literal["uf1", "uar"], ...] = ("uf1", "uar")
WIDTH = 80  # columns of a terminal; a longer title is wrapped


def plan_lines(plan: Plan) -> list[str]:
    """Describe a plan in a few lines."""
    settings = ", ".join(f"{name} {value}" for name, value in {**plan.settings, **plan.options}.items())
    own = "its author's own loop" if plan.kind == "fit" else plan.training_loss
    return [
        f"{plan.model} (recipe {plan.recipe}) on {plan.dataset}, protocol {plan.protocol}, seed {plan.seed}",
        f"sees {' and '.join(plan.features) or 'only labels'}",
        f"{plan.clips_total} clips; {plan.device}, {plan.precision}{', compiled' if plan.compiled else ''}",
        *([f"trained with {own}"] if own else []),
        *([f"settings: {settings}"] if settings else []),
    ]


def estimate_lines(estimate: Estimate | None) -> list[str]:
    """Describe an estimate in a few lines."""
    if estimate is None:
        return ["estimate: seconds"]
    grouping = estimate.grouping
    how = f"{grouping.at_once} fold(s) at once" if grouping.mode == "batched" else "one fold at a time"
    why = f": {grouping.reason}" if grouping.reason else ""
    return [
        f"estimate: about {duration(estimate.seconds)}, and {estimate.memory / 2**30:.2g} GiB beyond the libraries",
        f"{how}{why}; {grouping.parameters:,} parameters each",
    ]


def title(plan: Plan | Submission, changed: str = "") -> str:
    """The model, the dataset and the protocol, in one line, with what `--set` changed in the recipe."""
    if plan.kind == "rescored":
        return f"{plan.model} (handed in) on {plan.dataset}, {plan.protocol}, epoch policy {_declared(plan)}"
    recipe = f"{plan.recipe}; {changed}" if changed else plan.recipe
    return f"{plan.model} ({recipe}) on {plan.dataset}, {plan.protocol}, seed {plan.seed}"


def print_record(record: Record, path: Path, registry: Registry) -> None:
    """Print the scores of a record, parts in the order of its dataset, and its path."""
    from merbench.runs.changes import changes, in_brief

    plan, scores = record.plan, record.scores
    policies = list(dict.fromkeys((plan.epoch_policy, *scores)))
    ranked = [policy for policy in policies if not _test_selected(policy, plan)]
    chosen = [policy for policy in policies if _test_selected(policy, plan)]
    rows = [
        {"part": part, "clips": clips}
        | {f"{metric.upper()} {policy}": _cell(scores[policy][part], metric) for policy in ranked for metric in METRICS}
        | {marked(policy, plan): _pair(scores[policy][part]) for policy in chosen}
        for part, clips in _clips(record, registry).items()
    ]
    print_table(list(rows[0]), rows, title=textwrap.fill(title(plan, in_brief(changes(plan, registry))), WIDTH))
    print("pooled over all folds; in brackets the 95 % interval over subjects")
    if chosen:
        print("test-selected: UF1 / UAR with the epoch chosen on the test labels; shown beside, never ranked")
    if record.clips < plan.clips_total:
        print(f"{record.clips} of {plan.clips_total} clips: incomplete, so it is not ranked")
    print(f"record: {path}")


def print_seeds(records: Sequence[Record], registry: Registry) -> None:
    """Print mean and standard deviation over seeds, for each part in the order of the dataset."""
    from merbench.runs.scoring import in_order

    plan = records[0].plan
    policy = plan.epoch_policy
    rows = []
    for part in in_order(records[0].scores[policy], plan.dataset, registry):
        found = [scores for record in records if (scores := record.scores[policy][part])]
        spread = {metric.upper(): _spread([getattr(one, metric) for one in found]) for metric in METRICS}
        rows.append({"part": part} | spread)
    print_table(
        list(rows[0]), rows, title=f"{len(records)} seeds, policy {marked(policy, plan)}: mean ± standard deviation"
    )


def marked(policy: AnyPolicy, plan: Plan | Submission) -> str:
    """The name of an epoch policy, marked if it is test-selected, and with what a sender declared."""
    if _test_selected(policy, plan):
        return f"{policy} (test-selected)"
    return f"{policy} ({_declared(plan)})" if plan.kind == "rescored" else policy


def _test_selected(policy: AnyPolicy, plan: Plan | Submission) -> bool:
    """Whether the epoch was chosen on test labels, by a run or as the sender of predictions declares."""
    return (plan.declared_policy if plan.kind == "rescored" else policy) in TEST_SELECTED


def _declared(plan: Submission) -> str:
    return "not stated" if plan.declared_policy == "unknown" else f"declared {plan.declared_policy}"


def _cell(scores: PartScores | None, metric: Literal["uf1", "uar"]) -> str:
    if scores is None:
        return "not defined"
    low, high = scores.intervals[metric]
    return f"{figure(getattr(scores, metric))} [{low:.2f} {high:.2f}]".replace("0.", ".")


def _pair(scores: PartScores | None) -> str:
    return "not defined" if scores is None else f"{figure(scores.uf1)} / {figure(scores.uar)}"


def _clips(record: Record, registry: Registry) -> dict[str, str]:
    """Part to its number of clips."""
    from merbench.runs.scoring import count, in_order

    counts = count(record)
    found = {part: next(iter(counts.of(part).cells.values())).sum() for part in counts.parts}
    return {part: str(found[part]) for part in in_order(found, record.plan.dataset, registry)}


def _spread(values: Sequence[float]) -> str:
    return f"{figure(fmean(values))} ± {figure(stdev(values))}" if len(values) > 1 else "not defined"
