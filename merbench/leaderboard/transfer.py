"""Models that were trained on one database alone, on several boards of a dataset: from each database to each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from merbench.leaderboard.boards import Board
from merbench.leaderboard.extractions import configured
from merbench.leaderboard.rows import Row
from merbench.leaderboard.svg import Sheet, ink_on, shade, shorten
from merbench.leaderboard.wording import figure

__all__ = ["Carried", "Transfer", "transfers_of"]

MOST_ROWS = 40  # the best; a page has room for no more
CELL, HIGH = 84.0, 40.0  # px
LEFT = 96.0  # px for the names of databases
NAME = 14  # letters of a database's name


@dataclass(frozen=True)
class Carried:
    """One configuration that ran on every board of a table; `rows` are in the order of the boards."""

    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """Name and recipe."""
        return self.rows[0].with_details

    def uf1(self, place: int, part: str) -> float:
        """UF1 on a part of the clips, trained on the database of the board at `place`."""
        return self.rows[place].figures[part]["uf1"].value


@dataclass(frozen=True)
class Transfer:
    """The boards of one dataset whose training sides hold one database, and what ran on all of them.

    Attributes:
        boards: one for each database, in the order of the dataset's parts.
        carried: the best by mean UF1 first.
        total: how many configurations ran on all boards.
    """

    boards: tuple[Board, ...]
    carried: tuple[Carried, ...]
    total: int

    @property
    def databases(self) -> tuple[str, ...]:
        """The databases, trained on and tested on."""
        return tuple(board.trains_on for board in self.boards)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the databases on pages."""
        return tuple(map(self.boards[0].part_name, self.databases))

    def middle(self, place: int, part: str) -> float:
        """The median UF1 of all configurations."""
        return median(one.uf1(place, part) for one in self.carried)

    @property
    def finding(self) -> str:
        """What the medians show, in one sentence."""
        places = range(len(self.boards))
        own = [self.middle(place, self.databases[place]) for place in places]
        away = [self.middle(at, self.databases[to]) for at in places for to in places if at != to]
        who = f"{len(self.carried)} rows have a median" if len(self.carried) > 1 else f"{self.carried[0].name} has a"
        return (
            f"Trained on one database, {who} UF1 of {figure(min(own))} to {figure(max(own))} on its other people, and "
            f"of {figure(min(away))} to {figure(max(away))} on another database"
        )

    @property
    def picture(self) -> str:
        """The medians as SVG: a line for each database trained on, a column for each tested on."""
        sheet = Sheet(LEFT + CELL * len(self.boards), 26 + HIGH * len(self.boards))
        said = []
        for column, name in enumerate(self.names):
            sheet.text(LEFT + CELL * (column + 0.5), 14, shorten(name, NAME), "chart-muted", "middle", size=11)
        for line, source in enumerate(self.names):
            top = 24 + HIGH * line
            sheet.text(LEFT - 8, top + HIGH / 2 + 4, shorten(source, NAME), anchor="end", size=11)
            for column, target in enumerate(self.names):
                value = self.middle(line, self.databases[column])
                sheet.box(LEFT + CELL * column, top, CELL - 2, HIGH - 2, shade(value))
                at = LEFT + CELL * (column + 0.5) - 1
                sheet.text(at, top + HIGH / 2 + 3, figure(value), ink_on(value), "middle")
                said.append(f"From {source} to {target}: {figure(value)}.")
        return sheet.svg(f"transfer-{self.boards[0].slug}", "Median UF1 from one database to another", " ".join(said))


def transfers_of(boards: Sequence[Board]) -> list[Transfer]:
    """A table for each dataset with a board for every one of its databases, and a configuration that ran on all.

    A configuration is as on the page of extractions: model, recipe, settings, features and epoch policy.
    """
    alike: dict[tuple[str, str], dict[str, Board]] = defaultdict(dict)
    for board in boards:
        if board.trains_on and board.ranked:
            # Of two boards with other clips, the one with the plain name comes first and has most entries.
            alike[board.dataset, board.digests["clips"]].setdefault(board.trains_on, board)
    return [found for key in sorted(alike) if (found := _table(alike[key]))]


def _table(of: dict[str, Board]) -> Transfer | None:
    parts = [part for part in next(iter(of.values())).parts if part != "full"]
    if len(parts) < 2 or set(parts) != set(of):
        return None
    ordered = tuple(of[part] for part in parts)
    rows = [configured(board) for board in ordered]
    common = [Carried(tuple(one[key] for one in rows)) for key in rows[0] if all(key in one for one in rows)]
    whole = [one for one in common if all(row.uf1_of(part) for row in one.rows for part in parts)]
    whole.sort(key=lambda one: (-sum(one.uf1(place, part) for place in range(len(parts)) for part in parts), one.name))
    return Transfer(ordered, tuple(whole[:MOST_ROWS]), len(whole)) if whole else None
