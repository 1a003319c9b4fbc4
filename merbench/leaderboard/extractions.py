"""Pair the rows of boards that hold the same clips under two datasets: how much of a score is the extraction?

Two datasets with the same clips, classes, subjects and folds differ in what a model sees of a clip. A model that ran on
both with the same settings shows what this difference does to its score.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

from merbench.leaderboard.boards import Board, counts_of, finished, table_key
from merbench.leaderboard.front import Chart
from merbench.leaderboard.rows import Row, of_seeds, seeds_of
from merbench.leaderboard.statistics import ALPHA, against, tested
from merbench.leaderboard.svg import Scale, Sheet, shorten, ticks
from merbench.leaderboard.wording import figure, rounded, signed, signed_interval, with_claim
from merbench.runs.schema import Plan
from merbench.scores import PairedTest

__all__ = ["Extractions", "Pair", "configured", "extractions_of"]

MOST_PAIRS = 40  # rows of a table: the best; a page has room for no more
MOST_TABLES = 4
WIDE, NARROW = 700.0, 340.0  # px
LINE = 22.0  # px from one row to the next
NAME = 32  # letters of a name in a picture; a longer one is cut
SMALL = 11.0  # px of text that explains


@dataclass(frozen=True)
class Pair:
    """One configuration on both boards.

    Attributes:
        a, b: its rows, with the seeds that both have.
        test: UF1 of b minus UF1 of a over all clips, paired over subjects; of several seeds, their means. The p-value
            is corrected by Holm's method for all pairs of the table.
        error: the standard error of that p-value.
    """

    a: Row
    b: Row
    test: PairedTest
    error: float

    @property
    def differs(self) -> bool:
        """Whether the test separates the two scores."""
        return self.test.p_value <= ALPHA


@dataclass(frozen=True)
class Extractions:
    """The pairs of two boards, in the order of the first board; `total` pairs were found."""

    a: Board
    b: Board
    pairs: tuple[Pair, ...]
    total: int

    @property
    def finding(self) -> str:
        """What the pairs show, in one sentence."""
        changes = [one.test.difference for one in self.pairs]
        differ, rows = sum(one.differs for one in self.pairs), len(self.pairs)
        if rows == 1:
            seen = "finds this difference" if differ else "does not find a difference"
            return f"UF1 of the only row moves by {signed(changes[0])} between the extractions; a paired test {seen}"
        ends = signed_interval((min(changes), max(changes)))
        return (
            f"UF1 moves by a median of {figure(median(map(abs, changes)))} between the extractions ({ends}); "
            f"paired tests tell them apart in {differ or 'none'} of {rows} rows"
        )

    @property
    def picture(self) -> Chart:
        """UF1 of each pair on both boards."""
        about = f"UF1 over all clips of each row: on {self.a.dataset} and on {self.b.dataset}."
        return Chart("", _drawn(self, narrow=False), _drawn(self, narrow=True), about)


def extractions_of(boards: Sequence[Board]) -> list[Extractions]:
    """Every board beside the one with most ranked rows that holds the same clips under another dataset.

    Two boards hold the same clips if their digests of clips, labels and folds are equal, and their protocols, classes
    and clips of each class of each subject. At most four, each with the best forty rows; none without a common row.
    """
    alike: dict[tuple[str, ...], list[Board]] = defaultdict(list)
    for board in boards:
        if board.ranked:
            alike[board.protocol, *table_key(board.ranked[0].entries[0])].append(board)
    found = [table for key in sorted(alike) for table in _tables(alike[key])]
    return found[:MOST_TABLES]


def _tables(boards: Sequence[Board]) -> Iterator[Extractions]:
    first, *others = sorted(boards, key=lambda one: (-len(one.ranked), one.slug))
    for other in others:
        rows = _common(first, other)
        if rows and other.dataset != first.dataset:
            yield Extractions(first, other, tuple(_tested(rows[:MOST_PAIRS])), len(rows))


def _common(a: Board, b: Board) -> list[tuple[Row, Row]]:
    """The rows of one configuration on both boards, each with the seeds that both have."""
    of_a, of_b = configured(a), configured(b)
    found = [(row, of_b[key], seeds_of(row) & seeds_of(of_b[key])) for key, row in of_a.items() if key in of_b]
    return [(of_seeds(one, seeds), of_seeds(other, seeds)) for one, other, seeds in found if seeds]


def configured(board: Board) -> dict[str, Row]:
    """The ranked runs of a board by their configuration, the best first.

    Of rows that differ in the version of the code or in the device alone, the one with most seeds counts, then the
    newest.
    """
    found: dict[str, Row] = {}
    for row in board.ranked:
        key = _configuration(row)
        if key and (key not in found or _weight(row) > _weight(found[key])):
            found[key] = row
    return found


def _configuration(row: Row) -> str:
    """What a row's runs must share with those on another dataset; empty for predictions that were handed in, and for a
    model that sees nothing of a clip.
    """
    plan = row.entries[0].record.plan
    if not isinstance(plan, Plan) or not plan.features:
        return ""
    # The same feature may be read from one release and computed from another, so only its name counts.
    names = [one.split(" ")[0].partition("@")[0] for one in plan.features]
    kept = {"kind", "model", "recipe", "settings", "options", "epoch_policy", "precision", "compiled", "weights"}
    return json.dumps([plan.model_dump(mode="json", include=kept), names], sort_keys=True)


def _weight(row: Row) -> tuple[int, str, str]:
    return len(row.entries), max(map(finished, row.entries)), row.id


def _tested(rows: Sequence[tuple[Row, Row]]) -> Iterator[Pair]:
    counts = [(counts_of(b), counts_of(a)) for a, b in rows]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        p_values, errors = tested(counts, threads)
    for (a, b), (of_b, of_a), p_value, error in zip(rows, counts, p_values, errors, strict=True):
        yield Pair(a, b, against(of_b, of_a, p_value), error)


def _drawn(found: Extractions, *, narrow: bool) -> str:
    """A line from the score on the first board to the score on the second, for each pair."""
    left, bottom = 130.0 if narrow else 210.0, LINE * len(found.pairs) + 8
    sheet = Sheet(NARROW if narrow else WIDE, bottom + 58)
    scores = [_scores(pair) for pair in found.pairs]
    scale = Scale(min(map(min, scores)) - 0.01, max(map(max, scores)) + 0.01, left + 12, sheet.width - 12)
    for value in ticks(scale.low, scale.high, 4 if narrow else 8):
        sheet.lines([[(scale(value), 4), (scale(value), bottom)]], "chart-grid")
        sheet.text(scale(value), bottom + 16, rounded(value), "chart-muted", "middle", size=SMALL)
    for index, (pair, (before, after)) in enumerate(zip(found.pairs, scores, strict=True)):
        y = 8 + LINE * (index + 0.5)
        sheet.text(left, y + 4, shorten(pair.a.with_details, 20 if narrow else NAME), anchor="end", size=SMALL)
        with sheet.named(f"{with_claim(pair.a)}: {figure(before)} and {figure(after)}"):
            sheet.lines([[(scale(before), y), (scale(after), y)]], "chart-accent", 1.6)
            _mark(sheet, scale(before), y)
            sheet.dot(scale(after), y, "chart-accent")
    _legend(sheet, bottom + 36, 2 if narrow else left + 2, found)
    title = f"UF1 on {found.a.dataset} and on {found.b.dataset}"
    said = " ".join(
        f"{with_claim(pair.a)}: {figure(before)} and {figure(after)}."
        for pair, (before, after) in zip(found.pairs, scores, strict=True)
    )
    return sheet.svg(f"extractions{'-narrow' if narrow else ''}-{found.b.slug}", title, said)


def _scores(pair: Pair) -> tuple[float, float]:
    """UF1 on both boards; every ranked row has it."""
    assert pair.a.uf1
    assert pair.b.uf1
    return pair.a.uf1.value, pair.b.uf1.value


def _mark(sheet: Sheet, x: float, y: float) -> None:
    """The score on the first board: an upright line, so that the two marks differ in shape too."""
    sheet.lines([[(x, y - 6), (x, y + 6)]], "chart-muted", 2.5)


def _legend(sheet: Sheet, y: float, x: float, found: Extractions) -> None:
    _mark(sheet, x + 10, y)
    sheet.dot(x + 10, y + 16, "chart-accent")
    for line, board in ((y, found.a), (y + 16, found.b)):
        sheet.text(x + 20, line + 4, f"on {shorten(board.dataset, NAME)}", "chart-muted", size=SMALL)
