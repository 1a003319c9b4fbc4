"""The columns of the pages' tables, and the notes that their rows refer to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from merbench.leaderboard.site import Row

__all__ = ["Column", "Notes", "board_columns", "choices", "record_columns", "reported_columns"]

MOST_CHOICES = 60  # of a filter
MOST_NOTES = 60  # of one page
LONGEST_NOTE = 2000  # characters shown on a board; the whole note is on the entry's page


@dataclass(frozen=True)
class Column:
    """A column: `key` for the page's address, what its head says, and how the script reads it.

    Attributes:
        kind: `text`, `score` (the interval stands below the figure; the greatest first), or `number` (the least first).
        name: what it is called outside its table; the head may lean on a heading above it.
    """

    key: str
    head: str
    kind: str = "text"
    name: str = ""


class Notes:
    """The distinct notes of some rows, numbered from 1 in the order of the rows; why a row is not ranked is one.

    Args:
        rows: as they stand in the table.
        few: leave out the notes of rows that have a page of their own, where each note stands too.

    Attributes:
        texts: the notes, in their order.
        cut: whether notes of rows with a page of their own were left out.
    """

    longest = LONGEST_NOTE

    def __init__(self, rows: Iterable[Row], few: bool = False) -> None:
        self.cut = False
        self._numbers: dict[str, int] = {}
        self._of: dict[str, list[int]] = {}
        for row in rows:
            if row.unranked:
                self._add(row, f"Not ranked: {row.unranked}.")
            for text in row.notes:
                if row.entries and (few or (text not in self._numbers and len(self._numbers) >= MOST_NOTES)):
                    self.cut = True
                else:
                    self._add(row, text)
        self.texts = tuple(self._numbers)

    def of(self, row: Row) -> list[int]:
        """Numbers of a row's notes."""
        return self._of.get(row.id, [])

    def _add(self, row: Row, text: str) -> None:
        self._of.setdefault(row.id, []).append(self._numbers.setdefault(text, len(self._numbers) + 1))


def board_columns(parts: Sequence[str]) -> list[Column]:
    """The columns of a board with these parts."""
    return [
        Column("rank", "Rank", "number"),
        Column("model", "Model"),
        Column("badge", "Badge"),
        *(
            Column(f"{part}-{metric}", metric.upper(), "score", f"{part} {metric.upper()}")
            for part in parts
            for metric in ("uf1", "uar")
        ),
        Column("accuracy", "Accuracy", "score"),
        Column("selection", "Oracle \N{MINUS SIGN} last", "score"),
        Column("parameters", "Parameters", "number"),
        Column("time", "Time", "number"),
        Column("device", "Device"),
        Column("policy", "Epoch policy"),
        Column("clips", "Clips", "score"),
    ]


def record_columns() -> list[Column]:
    """The columns of the newest records."""
    return [
        Column("model", "Model"),
        Column("recipe", "Recipe"),
        Column("seed", "Seed", "number"),
        Column("dataset", "Dataset"),
        Column("protocol", "Protocol"),
        Column("badge", "Badge"),
        Column("policy", "Epoch policy"),
        Column("uf1", "UF1", "score"),
        Column("uar", "UAR", "score"),
        Column("finished", "Finished"),
    ]


def reported_columns() -> list[Column]:
    """The columns of the reported figures."""
    return [
        Column("method", "Method"),
        Column("metric", "Metric"),
        Column("value", "Value", "score"),
        Column("dataset", "Dataset"),
        Column("protocol", "Protocol"),
        Column("part", "Part"),
        Column("classes", "Classes", "number"),
        Column("clips", "Clips", "number"),
        Column("policy", "Epoch policy"),
        Column("evidence", "Evidence"),
        Column("year", "Year", "number"),
        Column("board", "Board"),
        Column("source", "Source", "number"),
    ]


def choices(values: Iterable[str]) -> list[str]:
    """The distinct values that a filter offers."""
    return sorted(set(values))[:MOST_CHOICES]
