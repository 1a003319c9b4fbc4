"""What the first page shows of the board with most runs: the finding, who leads, and the pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from merbench.leaderboard import pictures
from merbench.leaderboard.boards import Board
from merbench.leaderboard.difficulty import Clip, clips_of, subjects_of
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.finding import Fact, facts, foremost, headline, leading, middle
from merbench.leaderboard.methods import reported_of
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import ALPHA

__all__ = ["Chart", "Front", "Leader", "front_of"]

DOZEN = 12  # rows under "Who leads"
MOST_CLIPS = 100  # named of those that no leading row solves


@dataclass(frozen=True)
class Chart:
    """A picture in two widths, its heading, and what it says in a sentence."""

    heading: str
    wide: str
    narrow: str
    about: str


@dataclass(frozen=True)
class Leader:
    """A row under "Who leads": the best of its model, what papers report for the model, and the picture of both."""

    row: Row
    reported: float | None
    wide: str
    narrow: str


@dataclass(frozen=True)
class Front:
    """The first screen of a board.

    Attributes:
        headline: the finding; empty if no row is ranked.
        facts: beside the picture.
        years: UF1 that papers report, by year; None if there is none.
        leaders: the best row of each model, at most a dozen.
        pictures: the further ones that can be drawn.
        unsolved: ids of the clips that no leading row solves, at most a hundred; `unsolved_total` of them.
    """

    board: Board
    headline: str
    facts: Sequence[Fact]
    years: Chart | None
    leaders: Sequence[Leader]
    pictures: Sequence[Chart]
    unsolved: Sequence[str]
    unsolved_total: int


def front_of(board: Board, compared: dict[str, Any]) -> Front:
    """The first screen of a board; `compared` is what `compare_rows` gives for it."""
    rows = leading(board)
    clips = clips_of(rows)
    unsolved = board.by_part(one.clip for one in clips if one.right == 0)
    return Front(
        board=board,
        headline=headline(board),
        facts=facts(board),
        years=_picture("", lambda narrow: pictures.years(board, narrow=narrow), _years_about(board)),
        leaders=_leaders(board),
        pictures=[one for one in _pictures(board, rows, clips, compared) if one],
        unsolved=unsolved[:MOST_CLIPS],
        unsolved_total=len(unsolved),
    )


def _picture(heading: str, draw: Callable[[bool], str], about: str) -> Chart | None:
    wide = draw(False)
    return Chart(heading, wide, draw(True), about) if wide else None


def _years_about(board: Board) -> str:
    clips = f" over all {board.clips_total} clips" if board.clips_total else ""
    unknown = {row.model for row in board.rows if row.badge == "reported" and row.uf1 and not row.first_published}
    late = f" Left out, for that year is not known: {', '.join(sorted(unknown))}." if unknown else ""
    return (
        f"UF1{clips}, by the year in which the method was first published.{late} Circles: figures that papers report, "
        "without interval or test; filled: the authors' released code chooses the epoch on the test subject. Line and "
        "blue band: the middle of the leading models, each with its best row, and its 95 % interval. Orange band: the "
        "same for the networks among them, with the epoch chosen on the test subject."
    )


def _leaders(board: Board) -> list[Leader]:
    rows = foremost(board.ranked)[:DOZEN]
    reported = {row.id: reported_of(board, row) for row in rows}
    span = pictures.span_of(rows, (value for values in reported.values() for value in values))
    honest = middle(foremost(leading(board)), _uf1)
    band = honest.interval if honest else None

    def drawn(row: Row, narrow: bool) -> str:
        return pictures.strip(row, reported[row.id], span, band, narrow=narrow)

    return [Leader(row, max(reported[row.id], default=None), drawn(row, False), drawn(row, True)) for row in rows]


def _uf1(row: Row) -> Figure | None:
    return row.uf1


def _pictures(
    board: Board, rows: Sequence[Row], clips: Sequence[Clip], compared: dict[str, Any]
) -> Iterator[Chart | None]:
    points = [(leader.row, leader.reported) for leader in _checked(board)]
    yield _picture(
        "Reported against honest",
        lambda narrow: pictures.diagonal(board, points, narrow=narrow),
        "Across: the highest UF1 that a paper reports for the method. Up: the run here, as published if there is such "
        "a run, with its 95 % interval. On the slanted line both agree. Hollow: shortened, or with settings of its "
        "own, so it tests the method but not the paper's figure.",
    )
    solved = sum(one.right == 1 for one in clips)
    yield _picture(
        "How hard the clips are",
        lambda narrow: pictures.difficulty(board, clips, len(rows), narrow=narrow),
        f"{solved} of {len(clips)} clips are solved by every seed of every leading row, "
        f"{sum(one.right == 0 for one in clips)} by none. "
        "Between: the mean over the rows of the share of seeds that are right.",
    )
    yield _picture(
        "Chance of being first",
        lambda narrow: pictures.chances(board, narrow=narrow),
        "How often a leading row has the highest UF1 when the subjects are drawn again with replacement.",
    )
    names = [one[0] for one in compared.get("rows", ())]
    by_id = {row.id: row for row in board.ranked}
    beats = _beats(compared, len(names))
    yield _picture(
        "Who beats whom",
        lambda narrow: pictures.duels(board, [by_id[one] for one in names], beats, narrow=narrow),
        f"Blue: the row of the line beats the row of the column (paired test over subjects, p < {ALPHA:.2f} before "
        "correction for the number of tests). Orange: it is beaten. Empty: the test separates nothing.",
    )
    yield _picture(
        "What a score costs",
        lambda narrow: pictures.costs(board, narrow=narrow),
        "Time of a whole run with all folds, of the fastest seed, on the machine that its record names. Hollow: "
        "shortened, or own settings.",
    )
    yield _picture(
        "The hardest subjects",
        lambda narrow: pictures.hardest(board, subjects_of(rows), narrow=narrow),
        "Share of a subject's clips that are right, the mean over the leading rows; subjects with "
        f"{pictures.FEWEST} clips or more.",
    )


@dataclass(frozen=True)
class _Checked:
    row: Row
    reported: float


def _checked(board: Board) -> Iterator[_Checked]:
    """Each model with a reported figure: its best run as published, else its best run."""
    chosen: dict[str, Row] = {}
    for row in board.ranked:
        known = chosen.setdefault(row.model, row)
        if row.claim == "as published" and known.claim != "as published":
            chosen[row.model] = row
    for row in chosen.values():
        if reported := reported_of(board, row):
            yield _Checked(row, max(reported))


def _beats(compared: dict[str, Any], total: int) -> Callable[[int, int], bool]:
    """Whether one of the compared rows, which are the best first, beats another."""
    found = {}
    pairs = iter(compared.get("pairs", ()))
    for a in range(total):
        for b in range(a + 1, total):
            found[a, b] = next(pairs)[0] < ALPHA
    return lambda a, b: found.get((a, b), False)
