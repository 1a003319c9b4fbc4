"""From entries to the rows of a table: one row for each configuration, its seeds folded into means and spreads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import groupby
from statistics import fmean, stdev
from typing import Any

import numpy as np

from merbench.leaderboard.site import Entry, Family, Figure, Figures, Paper, Row
from merbench.plugin.registry import Registry
from merbench.protocols import shares_subjects
from merbench.runs.schema import AnyPolicy, Plan, Record, Submission
from merbench.runs.weights import given_files, starts_from
from merbench.scores import Metric, interval_of, resampled

__all__ = ["configuration", "counting_policy", "make_rows"]

FAMILIES: dict[str, Family] = {"torch": "network", "estimator": "handcrafted", "rescored": "not stated"}
MOST = 10**15  # of a count or of seconds that a record may state


def make_rows(entries: Sequence[Entry], registry: Registry) -> list[Row]:
    """One row for each configuration: the seeds of one fold into it."""
    ordered = sorted(entries, key=lambda one: (configuration(one), _seed(one)))
    return [_row(tuple(seeds), registry) for _, seeds in groupby(ordered, key=configuration)]


def configuration(entry: Entry) -> str:
    """sha256 (hex) of a plan but for its seed."""
    plan = entry.record.plan.model_dump(mode="json", exclude={"seed"})
    return hashlib.sha256(json.dumps(plan, sort_keys=True).encode()).hexdigest()


def _seed(entry: Entry) -> int:
    plan = entry.record.plan
    return plan.seed if isinstance(plan, Plan) else 0


def _row(entries: tuple[Entry, ...], registry: Registry) -> Row:
    first = entries[0].record
    plan, policy = first.plan, counting_policy(first)
    honest, selected = _mean(entries, policy), _mean(entries, "oracle")
    last = honest if policy == "last" else _mean(entries, "last")
    return Row(
        id=configuration(entries[0])[:12],
        model=plan.model,
        recipe=plan.recipe if isinstance(plan, Plan) else "",
        badge="rescored" if isinstance(plan, Submission) else "reproduced",
        family=FAMILIES[plan.kind],
        policy=_policy_in_words(plan),
        figures=honest,
        oracle=selected,
        selection=_selection(selected, last),
        clips=first.clips,
        clips_total=plan.clips_total,
        parameters=_whole(first.environment, "engine", "parameters"),
        seconds=_mean_seconds(entries),
        device=plan.device if isinstance(plan, Plan) else None,
        paper=_paper(plan, registry),
        notes=tuple(dict.fromkeys(warning for one in entries for warning in one.record.warnings)),
        entries=entries,
        unranked=_unranked(entries[0], registry),
    )


def counting_policy(record: Record) -> AnyPolicy:
    """The policy under which a record is listed: never `oracle`, for `last` is in every record of a run."""
    plan = record.plan
    return "last" if plan.epoch_policy == "oracle" else plan.epoch_policy


def _policy_in_words(plan: Plan | Submission) -> str:
    if isinstance(plan, Plan):
        return "last" if plan.epoch_policy == "oracle" else plan.epoch_policy
    said = {"oracle": "declared test-selected", "unknown": "not stated"}
    return said.get(plan.declared_policy, f"declared {plan.declared_policy}")


def _unranked(entry: Entry, registry: Registry) -> str:
    """Why a record is not ranked; empty where it is."""
    record, plan = entry.record, entry.record.plan
    if record.clips != plan.clips_total:
        return f"covers {record.clips} of {plan.clips_total} clips"
    if not record.complete:
        return f"only folds {plan.folds} were run"
    if record.scores[counting_policy(record)]["full"] is None:
        return "UF1 is not defined: some class has no clip"
    if entry.protocol in registry.protocols.names():
        if shares_subjects(registry, entry.protocol):
            return "its folds have subjects on both sides"
    elif entry.split_subjects is None:
        return "its protocol is not installed, and without clips nothing shows who is in its folds"
    elif entry.split_subjects:
        return "its protocol is not installed, and subjects are tested in several folds"
    if isinstance(plan, Plan):
        return _unknown_training(plan)
    reasons = {
        "oracle": "its sender chose the epoch on the test labels",
        "unknown": "its sender does not say how the epoch was chosen",
    }
    return reasons.get(plan.declared_policy, "")


def _unknown_training(plan: Plan) -> str:
    """Why nobody can say what a run's weights were trained on; empty where all training is the run's own."""
    if plan.weights:
        return "made from given checkpoints: how their epoch was chosen is not known"
    if files := given_files(plan):
        return starts_from(files)
    return ""


def _mean(entries: Sequence[Entry], policy: AnyPolicy) -> Figures:
    """Each figure over the seeds: the mean, and of several the spread; the interval is that of the mean. Nothing where
    a seed has no predictions under the policy.
    """
    if any(policy not in one.figures for one in entries):
        return {}
    if len(entries) == 1:
        return entries[0].figures[policy]
    masks = entries[0].counts.parts()
    return {part: _mean_of_part(entries, policy, part, masks[part]) for part in entries[0].figures[policy]}


def _mean_of_part(entries: Sequence[Entry], policy: AnyPolicy, part: str, subjects: np.ndarray) -> dict[Metric, Figure]:
    drawn = [resampled(one.counts.confusions[policy][subjects]) for one in entries]
    means: dict[Metric, Figure] = {}
    for metric in entries[0].figures[policy][part]:
        values = [one.figures[policy][part][metric].value for one in entries]
        interval = interval_of(np.mean([one[metric] for one in drawn], axis=0))
        means[metric] = Figure(fmean(values), interval, stdev(values))
    return means


def _selection(selected: Figures, last: Figures) -> float | None:
    best, honest = (figures.get("full", {}).get("uf1") for figures in (selected, last))
    return best.value - honest.value if best and honest else None


def _paper(plan: Plan | Submission, registry: Registry) -> Paper | None:
    if isinstance(plan, Submission):
        return Paper(title=plan.paper or plan.model, link=plan.link) if plan.paper or plan.link else None
    # Of a member its family's: making the member may take a library that takes seconds to load.
    family = registry.models.families().get(plan.model.rpartition(":")[0])
    known = plan.model in registry.models.names()
    paper = registry.models.get(plan.model).paper if known else family.paper if family else ""
    return Paper(title=paper) if paper else None


def _whole(environment: dict[str, Any], *keys: str) -> int | None:
    """A count that a record's environment holds; a stranger's may hold anything."""
    value: Any = environment
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MOST else None


def _mean_seconds(entries: Sequence[Entry]) -> float | None:
    found = [one.record.environment.get("seconds") for one in entries]
    seconds = [one for one in found if isinstance(one, int | float) and one is not True and 0 < one < MOST]
    return fmean(seconds) if len(seconds) == len(entries) else None
