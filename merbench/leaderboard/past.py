"""Records that are no longer ranked: withdrawn by a line beside the records, or replaced or removed in git."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from merbench.errors import MerbenchError
from merbench.leaderboard.entries import Entry, make_entry
from merbench.leaderboard.history import Removed, removed_records
from merbench.leaderboard.rows import configuration
from merbench.plugin.registry import Registry
from merbench.runs.schema import Record
from merbench.runs.verify import verify

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
        registry: verifies old records. One that is not valid today is left out.
    """
    present = [one for one in entries if not one.withdrawn]
    found = [_past(one, "withdrawn", *_withdrawal(one)) for one in entries if one.withdrawn]
    removed, missing = removed_records(folders, {one.record.id for one in entries})
    lines = {_line(one) for one in present}
    for entry, old in _verified(removed, registry):
        fate: Fate = "superseded" if _line(entry) in lines else "removed"
        found.append(_past(entry, fate, old.date, old.reason))
    found.sort(key=lambda one: (one.date, one.model, one.recipe, one.seed, one.record))
    return found[::-1], missing


def _withdrawal(entry: Entry) -> tuple[str, str, str]:
    one = next(one for one in entry.disputes if one.status == "withdrawn")
    return one.date, one.reason, one.link


def _verified(removed: Collection[Removed], registry: Registry) -> Iterator[tuple[Entry, Removed]]:
    for one in removed:
        try:
            verify(one.record, registry)
        except MerbenchError:
            continue
        yield make_entry(one.record, registry), one


def _past(entry: Entry, fate: Fate, date: str, reason: str, link: str = "") -> Past:
    plan, full = entry.record.plan, entry.figures.get(entry.policy, {}).get("full", {})
    return Past(
        record=entry.id,
        row=configuration(entry, plan.protocol)[:12],
        dataset=plan.dataset,
        protocol=entry.protocol,
        model=plan.model,
        recipe=str(getattr(plan, "recipe", "")),
        seed=str(getattr(plan, "seed", "")),
        uf1=full["uf1"].value if "uf1" in full else None,
        fate=fate,
        date=date,
        reason=reason,
        link=link,
    )


def _line(entry: Entry) -> tuple[str, ...]:
    """What a record and its successor have in common."""
    plan: Record | object = entry.record.plan
    run = str(getattr(plan, "recipe", getattr(plan, "paper", ""))), str(getattr(plan, "seed", ""))
    return entry.record.plan.model, entry.record.plan.dataset, entry.protocol, entry.policy, *run
