"""Where a record would stand on a board: its rank, the test against each leading row, and where answers differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from merbench.errors import RecordError
from merbench.leaderboard.boards import Board, Site, counts_of, make_site
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.entries import Entry, make_entry
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import holm
from merbench.plugin.registry import Registry
from merbench.runs.schema import Record
from merbench.scores import PairedTest, compare_confusions

__all__ = ["Difference", "Position", "position_of", "position_on"]


@dataclass(frozen=True)
class Difference:
    """How the answers of two rows differ, on the clips of their first seeds.

    Attributes:
        gained: ids of the clips that the record has right and the other row wrong.
        lost: ids of the clips that the record has wrong and the other row right.
    """

    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """A record beside the rows of its board.

    Attributes:
        board: with the record's row in it.
        row: of the record, and of the seeds of the same configuration that the board has already.
        against: each other leading row, with the paired test of the record against it, Holm-corrected over these tests;
            empty if no other row of the same clips, labels and folds is ranked.
        difference: to the best other row; None if there is none, or if the clips of one of them may not be shown.
    """

    board: Board
    row: Row
    against: tuple[tuple[Row, PairedTest], ...]
    difference: Difference | None


def position_of(record: Record, entries: Sequence[Entry], registry: Registry, cache: Cache | None = None) -> Position:
    """The position of a verified record among the entries of a leaderboard.

    Args:
        record: if it is on the leaderboard already, it is compared with the others.
        entries: of the leaderboard.
        registry: of datasets and protocols.
        cache: keeps the standings of rows.

    Raises:
        RecordError: the record lacks clips.
    """
    new = make_entry(record, registry)
    others = (one for one in entries if one.id != new.id)
    return position_on(make_site([new, *others], (), registry, cache=cache), new.id)


def position_on(site: Site, entry: str) -> Position:
    """The position of an entry of a site, given by its id, among the other rows of its board.

    Raises:
        RecordError: as for `position_of`.
    """
    board, row, new = next((b, r, e) for b in site.boards for r in b.every_row for e in r.entries if e.id == entry)
    if row not in board.rows:
        raise RecordError(f"the record would not be ranked: it {row.unranked}")
    others = [one for one in board.ranked if one is not row]
    leading = [one for one in others if one.standing and one.standing.leading] or others[:1]
    tests = [compare_confusions(counts_of(row), counts_of(one)) for one in leading]
    corrected = holm([one.p_value for one in tests])
    against = [PairedTest(one.difference, one.interval, p) for one, p in zip(tests, corrected, strict=True)]
    difference = _difference(board, new, others[0].entries[0]) if others else None
    return Position(board, row, tuple(zip(leading, against, strict=True)), difference)


def _difference(board: Board, one: Entry, other: Entry) -> Difference | None:
    if one.answers is None or other.answers is None:
        return None
    theirs = dict(zip(other.answers.clips, other.answers.predicted[other.policy], strict=True))
    ours = zip(one.answers.clips, one.answers.truth, one.answers.predicted[one.policy], strict=True)
    marks = [(clip, predicted == truth, theirs[clip] == truth) for clip, truth, predicted in ours]
    return Difference(
        gained=tuple(board.by_part(clip for clip, right, before in marks if right and not before)),
        lost=tuple(board.by_part(clip for clip, right, before in marks if before and not right)),
    )
