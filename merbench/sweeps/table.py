"""The table of a sweep: a line for each configuration, with the mean over its seeds."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from merbench.leaderboard.entries import Entry
from merbench.leaderboard.rows import Row, make_rows
from merbench.leaderboard.wording import figure
from merbench.plugin.registry import Registry
from merbench.scores import Metric

__all__ = ["MARK", "NESTED", "cells", "figures_csv", "in_their_order", "precise"]

METRICS: tuple[Metric, ...] = ("uf1", "uar")
MARK = "choosing a setting by this table is choosing on the test subjects; --nested chooses inside each training side"
NESTED = "a setting chosen in each fold saw the training side only; choosing a row is choosing on the test subjects"


def in_their_order(entries: Iterable[Entry], registry: Registry) -> list[Row]:
    """The rows of some entries: one for each configuration, in the order of its first entry."""
    places: dict[str, int] = {}
    unique = {entry.id: entry for entry in entries}
    for entry in unique.values():
        places[entry.id] = len(places)
    rows = make_rows(list(unique.values()), registry)
    return sorted(rows, key=lambda row: min(places[entry.id] for entry in row.entries))


def cells(rows: Sequence[Row]) -> list[dict[str, str]]:
    """The lines of the table for people, by heading. Scores are pooled over all folds and clips."""
    return [_named(row) | _scored(row) for row in rows]


def _named(row: Row) -> dict[str, str]:
    plan = row.entries[0].record.plan
    return {
        "model": row.model,
        "settings": row.details,
        "dataset": plan.dataset,
        "protocol": plan.protocol,
        "policy": row.policy,
        "seeds": str(len(row.entries)),
    }


def _scored(row: Row) -> dict[str, str]:
    found: dict[str, str] = {}
    for metric in METRICS:
        one = row.figures.get("full", {}).get(metric)
        name = metric.upper()
        found[name] = figure(one.value) if one else "not defined"
        found[f"{name} 95 %"] = " ".join(map(figure, one.interval)) if one and one.interval else ""
        found[f"{name} sd"] = figure(one.spread) if one and one.spread is not None else ""
    return found


def figures_csv(rows: Sequence[Row], mark: str) -> str:
    """The table in full precision, with the ids of the records, and `mark` about choosing by it in each line."""
    lines = [precise(row) for row in rows]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*lines[0], "choice"])
    writer.writerows([*line.values(), mark] for line in lines)
    return text.getvalue()


def precise(row: Row) -> dict[str, Any]:
    """A line of the table for programs: scores in [0, 1], None if they are not defined."""
    found: dict[str, Any] = {**_named(row), "seeds": len(row.entries)}
    for metric in METRICS:
        one = row.figures.get("full", {}).get(metric)
        low, high = (one and one.interval) or (None, None)
        values = (one and one.value, low, high, one and one.spread)
        found |= dict(zip((metric, f"{metric}_low", f"{metric}_high", f"{metric}_sd"), values, strict=True))
    return found | {"records": " ".join(entry.record.id for entry in row.entries)}
