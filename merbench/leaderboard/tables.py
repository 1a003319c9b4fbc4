"""The columns of the pages' tables, the notes of their rows, and the pages of a long table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from merbench.leaderboard.wording import clipped, duration, figure, magnitude, signed
from merbench.scores import Metric

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.rows import Row

__all__ = [
    "PER_PAGE",
    "SCORES",
    "Column",
    "Notes",
    "approaches",
    "board_columns",
    "choices",
    "compact",
    "page_name",
    "paged",
    "pager",
    "record_columns",
    "reported_columns",
]

PER_PAGE = 200  # rows of a table on one page
SCORES: tuple[Metric, ...] = ("uf1", "uar")  # of every part
MOST_CHOICES = 60  # of a filter
MOST_NOTES = 60  # of one page

T = TypeVar("T")


@dataclass(frozen=True)
class Column:
    """A column: `key` for the page's address, the words of its head, and how the script reads it.

    Attributes:
        kind: `text`, `score` (the interval is below the figure; the greatest first), or `number` (the least first).
        name: the column's name outside its table, if the head needs the heading above it.
        part: whose figures it has; the rows are ranked by this part when the column orders them.
        same: what all rows of the table have in this column, so that it is not shown at first; None if they differ.
    """

    key: str
    head: str
    kind: str = "text"
    name: str = ""
    part: str = ""
    same: str | None = None


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


def board_columns(board: Board, part: str) -> list[Column]:
    """The columns of a board's table that is ordered by a part: its figures first, then those of the others in order.

    A score that no row has gets no column.
    """
    rows = board.every_row
    scores = [
        Column(f"{one}-{metric}", metric.upper(), "score", f"{one} {metric.upper()}", one)
        for one in dict.fromkeys((part, *board.parts))
        for metric in SCORES
        if any(metric in row.figures.get(one, {}) for row in rows)
    ]
    columns = [
        Column("rank", "Rank", "number"),
        Column("model", "Model"),
        Column("badge", "Badge"),
        *scores,
        Column("accuracy", "Accuracy", "score"),
        Column("selection", "Oracle \N{MINUS SIGN} last", "score"),
        Column("parameters", "Parameters", "number"),
        Column("time", "Time", "number"),
        Column("device", "Device"),
        Column("policy", "Epoch policy"),
        Column("clips", "Clips" if part == "full" else "All clips", "score"),
    ]
    values = _values(rows, part)
    return [replace(one, same=_same(values[one.key])) if one.key in values else one for one in columns]


def _values(rows: Sequence[Row], part: str) -> dict[str, list[str]]:
    """What the rows have in each column that may be the same in every row."""
    scores = [row.figures.get(part, {}) for row in rows]
    return {
        "badge": [f"{row.badge} {row.claim}".strip() for row in rows],
        "accuracy": [figure(one["accuracy"].value) if "accuracy" in one else "" for one in scores],
        "selection": [signed(row.gains[part]) if part in row.gains else "" for row in rows],
        "parameters": [magnitude(row.parameters) for row in rows],
        "time": [duration(row.seconds) for row in rows],
        "device": [clipped(row.device or "", 30) for row in rows],
        "policy": [row.policy for row in rows],
        "clips": ["" if row.clips is None else str(row.clips) for row in rows],
    }


def _same(values: Sequence[str]) -> str | None:
    """The one value of a column, where cells may be empty; None if there are several, or if a single row has it."""
    found = {one for one in values if one}
    return None if len(found) > 1 or (found and len(values) == 1) else next(iter(found), "")


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


def pager(stem: str, number: int, total: int) -> dict[str, Any]:
    """Which page of a long table this is, and links to every page."""
    return {"page": number, "pages": [page_name(stem, one) for one in range(1, total + 1)]}


def approaches(rows: Sequence[Any]) -> dict[str, Any]:
    """The distinct approaches, and for each row a digit: the place of its approach."""
    distinct = sorted({row.approach for row in rows})
    return {"approaches": distinct, "approach": "".join(str(distinct.index(row.approach)) for row in rows)}


def compact(content: Any) -> str:
    """Content as JSON, for the script."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
