"""The scores of each method of a board: from papers, from predictions that were handed in, and from runs."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from merbench.leaderboard.boards import Board
from merbench.leaderboard.rows import Row
from merbench.leaderboard.svg import shorten
from merbench.leaderboard.wording import figure

__all__ = ["Method", "methods_of", "papers_of", "reported_of"]

NAME = 60  # letters of a name in a sentence; a longer one is cut


@dataclass(frozen=True)
class Method:
    """UF1 over all clips of one row that was run or handed in, beside what papers report for its method.

    Attributes:
        name, ran, recipe: of the row; the recipe has what `--set` changed, and is empty if there was none.
        hollow: whether the run was shortened, or has settings of its own.
        joined: whether the run is as published, or the predictions were handed in: papers' figures speak of the same.
        reported: what papers print, in ascending order.
        unknown: scored from predictions whose sender does not say how the epoch was chosen.
        honest: the epoch was chosen without the test subject.
        selected: the epoch was chosen on the test labels, in the same runs or by the sender.
    """

    name: str
    ran: str
    recipe: str = ""
    hollow: bool = False
    joined: bool = False
    reported: tuple[float, ...] = ()
    unknown: float | None = None
    honest: float | None = None
    selected: float | None = None

    @property
    def title(self) -> str:
        """Name and recipe."""
        return f"{self.name} {self.recipe}".strip()

    def values(self) -> list[float]:
        """Every known score."""
        return [*self.reported, *(one for one in (self.unknown, self.honest, self.selected) if one is not None)]

    def line(self) -> tuple[float, float]:
        """The ends of the line that joins the figures of one thing; those of papers are left out if not `joined`."""
        found = self.values()[0 if self.joined else len(self.reported) :]
        return min(found), max(found)

    def sentence(self) -> str:
        """The figures in words."""
        kinds = (
            ("reported", ", ".join(map(figure, self.reported))),
            ("epoch choice not known", _shown(self.unknown)),
            ("honest", _shown(self.honest)),
            ("chosen on the test subject", _shown(self.selected)),
        )
        name = f"{shorten(self.title, NAME)} ({self.ran})"
        return f"{name}: {', '.join(f'{kind} {value}' for kind, value in kinds if value)}."


def methods_of(board: Board) -> list[Method]:
    """The methods that were run or handed in and have more than one known score, in the order of the board.

    Of each model the best ranked row counts, the best as published, and each row that is not ranked. All figures of a
    method but those of papers are of that row. A paper's figures belong to the model with that name, in any spelling.
    """
    rows = [row for row in board.rows if row.uf1]
    ours = [row for row in rows if row.badge != "reported"]
    ranked = [row for row in reversed(ours) if not row.unranked]
    best = {_plain(row.model): row.id for row in ranked}.values()
    published = {_plain(row.model): row.id for row in ranked if _as_published(row)}.values()
    shown = [row for row in ours if row.unranked or row.id in (*best, *published)]
    found = [_method(row, reported_of(board, row)) for row in shown]
    return [method for method in found if len(method.values()) > 1]


def reported_of(board: Board, row: Row) -> tuple[float, ...]:
    """What papers report for the model of a row, in ascending order: UF1 over all clips."""
    return tuple(sorted(one.uf1.value for one in papers_of(board, row) if one.uf1))


def papers_of(board: Board, row: Row) -> list[Row]:
    """The papers' rows that speak of the model of a row."""
    names = {_plain(row.model), _plain(row.name)}
    return [one for one in board.rows if one.badge == "reported" and _plain(one.model) in names]


def reported_rows_of(board: Board, method: str) -> list[Row]:
    """The rows of papers for a method with this name, in any spelling."""
    return [row for row in board.rows if row.badge == "reported" and _plain(row.model) == _plain(method)]


def handed_in_rows_of(board: Board, method: str) -> list[Row]:
    """The rows of predictions that somebody handed in for a method with this name, those that lack clips too."""
    rows = [row for row in board.every_row if row.badge == "rescored"]
    return [row for row in rows if _plain(method) in (_plain(row.model), _plain(row.name))]


def published_run(board: Board, method: str) -> Row | None:
    """The first of the ranked rows that ran a method as published; None if there is none."""
    runs = (row for row in board.ranked if row.claim == "as published")
    return next((row for row in runs if _plain(method) in (_plain(row.model), _plain(row.name))), None)


def _as_published(row: Row) -> bool:
    return row.claim == "as published" or row.badge == "rescored"


def _method(row: Row, reported: tuple[float, ...]) -> Method:
    assert row.uf1
    oracle = row.oracle.get("full", {}).get("uf1")
    chosen = row.uf1.value if _is_selected(row) else oracle.value if oracle else None
    return Method(
        name=row.name,
        recipe=row.details,
        ran=row.ran,
        hollow=row.hollow,
        joined=_as_published(row),
        reported=reported,
        unknown=row.uf1.value if row.unranked and not _is_selected(row) else None,
        honest=None if row.unranked else row.uf1.value,
        selected=chosen,
    )


def _is_selected(row: Row) -> bool:
    return "test-selected" in row.policy


def _shown(value: float | None) -> str:
    return "" if value is None else figure(value)


@functools.lru_cache(maxsize=4096)  # every row is compared with every paper
def _plain(name: str) -> str:
    """A name as it is compared: without case, hyphens and blanks."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
