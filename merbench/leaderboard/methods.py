"""The scores of each method of a board: from papers, from predictions that were handed in, and from runs."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from merbench.leaderboard.boards import Board
from merbench.leaderboard.rows import Row
from merbench.leaderboard.svg import shorten
from merbench.leaderboard.wording import figure

__all__ = ["Method", "methods_of"]

NAME = 60  # letters of a name in a sentence; a longer one is cut


@dataclass(frozen=True)
class Method:
    """UF1 over all clips of one method, by kind; the best if there are several of a kind.

    Attributes:
        name: as its first row spells it.
        reported: what papers print, in ascending order.
        unknown: scored from predictions whose sender does not say how the epoch was chosen.
        honest: the epoch was chosen without the test subject.
        selected: the epoch was chosen on the test labels.
    """

    name: str
    reported: tuple[float, ...] = ()
    unknown: float | None = None
    honest: float | None = None
    selected: float | None = None

    def values(self) -> list[float]:
        """Every known score."""
        return [*self.reported, *(one for one in (self.unknown, self.honest, self.selected) if one is not None)]

    def sentence(self) -> str:
        """The figures in words."""
        kinds = (
            ("reported", ", ".join(map(figure, self.reported))),
            ("epoch choice not known", _shown(self.unknown)),
            ("honest", _shown(self.honest)),
            ("chosen on the test subject", _shown(self.selected)),
        )
        name = shorten(self.name, NAME)
        return f"{name}: {', '.join(f'{kind} {value}' for kind, value in kinds if value)}."


def methods_of(board: Board) -> list[Method]:
    """The methods that were run or handed in and have more than one known score, in the order of the board.

    A paper's figures belong to the runs of the model with that name, in any spelling.
    """
    rows = [row for row in board.rows if row.uf1]
    ours = dict.fromkeys(_plain(row.model) for row in rows if row.badge != "reported")
    found = [_method([row for row in rows if _plain(row.model) == name]) for name in ours]
    return [method for method in found if len(method.values()) > 1]


def _method(rows: list[Row]) -> Method:
    ours = [row for row in rows if row.badge != "reported"]
    unstated = [row for row in ours if row.unranked and not _is_selected(row)]
    oracles = [row.oracle["full"]["uf1"].value for row in ours if "uf1" in row.oracle.get("full", {})]
    return Method(
        name=ours[0].model,
        reported=tuple(sorted(row.uf1.value for row in rows if row.badge == "reported" and row.uf1)),
        unknown=_best(unstated),
        honest=_best([row for row in ours if not row.unranked]),
        selected=max([*oracles, *filter(None, [_best([row for row in ours if _is_selected(row)])])], default=None),
    )


def _is_selected(row: Row) -> bool:
    return "test-selected" in row.policy


def _best(rows: list[Row]) -> float | None:
    return max((row.uf1.value for row in rows if row.uf1), default=None)


def _shown(value: float | None) -> str:
    return "" if value is None else figure(value)


def _plain(name: str) -> str:
    """A name as it is compared: without case, hyphens and blanks."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
