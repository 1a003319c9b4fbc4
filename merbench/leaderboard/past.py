"""Records that are no longer ranked: withdrawn by a line beside the records, or replaced or removed in git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from merbench.leaderboard.entries import Entry, counting_policy
from merbench.leaderboard.history import removed_records
from merbench.leaderboard.rows import configuration
from merbench.plugin.registry import Registry
from merbench.runs.schema import AnyPolicy, Plan, Record, Submission
from merbench.runs.scoring import Counts, count
from merbench.scores import mean_rate

__all__ = ["Past", "past_of"]

Fate = Literal["withdrawn", "superseded", "removed"]


@dataclass(frozen=True)
class Past:
    """A record that was on the leaderboard.

    Attributes:
        record: first twelve digits of its id.
        row: id of the row that it belonged to.
        dataset, protocol: of its board.
        model, recipe, seed: recipe and seed are empty for predictions that were handed in.
        uf1: over all clips, under the policy that counted; None if it is not defined.
        fate: `superseded` if a present record has the same model, recipe, seed and policy, else `removed`; `withdrawn`
            by a line of `disputes.csv`.
        date: `YYYY-MM-DD`; reason: a sentence; link: where the reason can be read, or empty.
    """

    record: str
    row: str
    dataset: str
    protocol: str
    model: str
    recipe: str
    seed: str
    uf1: float | None
    fate: Fate
    date: str
    reason: str
    link: str = ""


def past_of(entries: Sequence[Entry], folders: Sequence[Path], registry: Registry) -> tuple[list[Past], str]:
    """Past records, newest first, and why git gives no history, in one sentence; empty if it does.

    Args:
        entries: of all files in the folders, withdrawn ones too.
        folders: of records.
        registry: knows today's names of protocols.
    """
    removed, missing = removed_records(folders, {one.record.id for one in entries})
    lines = {_line(one.record.plan, one.protocol) for one in entries if not one.withdrawn}
    found = [*map(_withdrawn, (one for one in entries if one.withdrawn))]
    for one in removed:
        plan = one.record.plan
        protocol = registry.protocols.current(plan.protocol)
        fate: Fate = "superseded" if _line(plan, protocol) in lines else "removed"
        score = _uf1(count(one.record), counting_policy(one.record))
        found.append(_past(one.record, protocol, score, fate, one.date, one.reason))
    found.sort(key=lambda one: (one.date, one.model, one.recipe, one.seed, one.record), reverse=True)
    return found, missing


def _withdrawn(entry: Entry) -> Past:
    one = next(one for one in entry.disputes if one.status == "withdrawn")
    score = _uf1(entry.counts, entry.policy)
    return _past(entry.record, entry.protocol, score, "withdrawn", one.date, one.reason, one.link)


def _uf1(counts: Counts, policy: AnyPolicy) -> float | None:
    """UF1 over all clips, computed from the answers; None if some class has no clip."""
    confusion = counts.confusions[policy]
    return mean_rate(confusion[None], "uf1") if confusion.sum(axis=(0, 2)).all() else None


def _past(record: Record, protocol: str, uf1: float | None, fate: Fate, date: str, reason: str, link: str = "") -> Past:
    plan = record.plan
    return Past(
        record=record.id[:12],
        row=configuration(plan, plan.protocol)[:12],
        dataset=plan.dataset,
        protocol=protocol,
        model=plan.model,
        recipe=plan.recipe if isinstance(plan, Plan) else "",
        seed=str(plan.seed) if isinstance(plan, Plan) else "",
        uf1=uf1,
        fate=fate,
        date=date,
        reason=reason,
        link=link,
    )


def _line(plan: Plan | Submission, protocol: str) -> tuple[str, ...]:
    """What a record and its successor have in common."""
    run = (plan.recipe, str(plan.seed)) if isinstance(plan, Plan) else (plan.paper, plan.link)
    return plan.model, plan.dataset, protocol, plan.epoch_policy, *run
