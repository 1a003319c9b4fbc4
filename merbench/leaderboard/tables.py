"""The columns of the pages' tables, the notes of their rows, and the pages of a long table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from merbench.leaderboard.rows import Row

__all__ = [
    "PER_PAGE",
    "Column",
    "Notes",
    "board_columns",
    "choices",
    "page_name",
    "paged",
    "record_columns",
    "reported_columns",
]

PER_PAGE = 200  # rows of a table on one page
MOST_CHOICES = 60  # of a filter
MOST_NOTES = 60  # of one page

T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column: `key` for the page's address, the words of its head, and how the script reads it.

    Attributes:
        kind: `text`, `score` (the interval is below the figure; the greatest first), or `number` (the least first).
        name: the column's name outside its table, if the head needs the heading above it.
    """

    key: str
    head: str
    kind: str = "text"
    name: str = ""


class Notes:
    """The distinct notes of some rows, numbered from 1 in the order of the rows; why a row is not ranked is a note too.

    Attributes:
        texts: the notes, in their order.
        cut: whether notes of rows that have a page of their own were left out.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.cut = False
        self._numbers: dict[str, int] = {}
        self._of: dict[str, list[int]] = {}
        for row in rows:
            if row.unranked:
                self._add(row, f"Not ranked: {row.unranked}.")
            for one in row.contested:
                self._add(row, f"Contested on {one.date}: {one.reason}")
            for text in row.notes:
                if row.entries and text not in self._numbers and len(self._numbers) >= MOST_NOTES:
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
    """The columns of the reported results."""
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
        Column("year", "First published", "number"),
        Column("board", "Board"),
        Column("reference", "Reference", "number"),
    ]


def choices(values: Iterable[str]) -> list[str]:
    """The distinct values that a filter offers."""
    return sorted(set(values))[:MOST_CHOICES]


def paged(rows: Sequence[T]) -> list[Sequence[T]]:
    """The rows of each page; one page without rows if there are none."""
    return [rows[start : start + PER_PAGE] for start in range(0, max(len(rows), 1), PER_PAGE)]


def page_name(stem: str, number: int) -> str:
    """The file name of a table's page: `STEM.html`, `STEM-page2.html`, ..."""
    return f"{stem}.html" if number == 1 else f"{stem}-page{number}.html"
