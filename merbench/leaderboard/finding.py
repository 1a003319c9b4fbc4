"""What a board finds, in one sentence and a few figures: every word follows from the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from merbench.leaderboard import wording
from merbench.leaderboard.boards import Board
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.rows import Row

__all__ = ["Fact", "facts", "foremost", "headline", "leading", "middle", "selected"]


@dataclass(frozen=True)
class Fact:
    """A figure of a board and what it says, as a sentence that goes on after the figure."""

    value: str
    text: str


def leading(board: Board, part: str = "full") -> list[Row]:
    """The leading group: the ranked rows that the test does not separate from a better row; the best first."""
    return [row for row in board.ranked_by(part) if row.standings[part].leading]


def foremost(rows: Sequence[Row]) -> list[Row]:
    """The first row of each model: a model with many recipes must not count many times."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.model, row)
    return list(found.values())


def middle(rows: Sequence[Row], figure: Callable[[Row], Figure | None]) -> Figure | None:
    """The figure of the row in the middle, by that figure; of an even number of rows, the better of the two."""
    found = sorted((one for one in map(figure, rows) if one), key=lambda one: one.value)
    return found[len(found) // 2] if found else None


def selected(row: Row) -> Figure | None:
    """UF1 over all clips with the epoch chosen on the test subject."""
    return row.oracle.get("full", {}).get("uf1")


def headline(board: Board, part: str = "full") -> str:
    """The finding over the clips of a part, in one sentence; empty if no row is ranked."""
    rows, ranked = foremost(leading(board, part)), board.ranked_by(part)
    score = middle(rows, lambda row: row.uf1_of(part))
    if not score:
        return ""
    where = "" if part == "full" else f" on {board.part_name(part)}"
    found = f"Honest runs score {wording.rounded(score.value)}{where}"
    reported = [one.value for one in (row.uf1_of(part) for row in board.rows if row.badge == "reported") if one]
    if reported:
        found += f", reported figures go up to {wording.rounded(max(reported))}"
    if len(rows) == 1:
        return f"{found}, and {rows[0].name} leads" if len(ranked) > 1 else f"{found}: one entry so far"
    models = len(foremost(ranked))
    group = f"{len(rows)} of {models}" if len(rows) < models else f"the {models}"
    return f"{found}, and {group} models cannot be told apart"


def facts(board: Board) -> list[Fact]:
    """The figures that stand beside the picture, each with what it says."""
    return [*_honest(board), *_highest(board), *_choosing(board), *_resolution(board)]


def _honest(board: Board) -> Iterator[Fact]:
    rows = foremost(leading(board))
    score = middle(rows, lambda row: row.uf1)
    if not score:
        return
    ends = f" (95\N{NO-BREAK SPACE}% interval {wording.interval(score.interval)})" if score.interval else ""
    whose = f"the middle of {len(rows)} leading models" if len(rows) > 1 else rows[0].name
    text = f"is what {whose} scores on people whom it has not seen{ends}."
    if len(rows) > 1:
        text += " No test separates any of them from a better one, which does not make them equal."
    text += _one_source(board)
    if quick := _quickest(rows):
        device = f" on a {wording.clipped(quick.device, 20).upper()}" if quick.device else ""
        text += f" {quick.name} (recipe {quick.recipe}) is in the group; "
        text += f"its whole run takes {wording.duration(quick.seconds)}{device}."
    yield Fact(wording.rounded(score.value), text)


def _one_source(board: Board) -> str:
    """That the finding holds for the data of one release alone, if every ranked row saw no other."""
    sources = {row.data_from.partition(" of ")[2] for row in board.ranked if row.data_from}
    if len(sources) != 1 or not (name := sources.pop()):
        return ""
    return f" Every ranked row saw one release ({wording.clipped(name, 60)}), so this says nothing of other inputs."


def _quickest(rows: Sequence[Row]) -> Row | None:
    """The best baseline of several leading rows."""
    baselines = [row for row in rows if row.claim == "baseline" and row.seconds]
    return baselines[0] if len(rows) > 1 and baselines else None


def _highest(board: Board) -> Iterator[Fact]:
    reported = [(row.uf1.value, row) for row in board.rows if row.badge == "reported" and row.uf1]
    if not reported:
        return
    value, row = max(reported, key=lambda pair: pair[0])
    second = row.paper and row.paper.evidence == "second-hand"
    where = " (second-hand: taken from another source than its paper)" if second else ""
    where = " (printed in its authors' README)" if row.paper and row.paper.evidence == "readme" else where
    text = f"is the highest reported figure, of {wording.clipped(row.model, 60)}{where}. "
    text += "Its released code chooses the epoch on the test subject. " if "test-selected" in row.policy else ""
    text += "Without the predictions behind it, nobody can test it here."
    yield Fact(wording.rounded(value), text)


def _choosing(board: Board) -> Iterator[Fact]:
    chosen = foremost([row for row in leading(board) if row.selection is not None])
    gains = sorted(row.selection for row in chosen if row.selection is not None)
    if not gains:
        return
    ends = f"{wording.rounded_sign(gains[0])} to {wording.rounded_sign(gains[-1])}"
    rows = f"the median of {len(gains)} leading networks; {ends}" if len(gains) > 1 else "one leading network"
    text = f"is what choosing the epoch on the test subject adds to UF1 ({rows}){_among(chosen)}."
    seeds = [row.seed_selection for row in chosen if row.seed_selection is not None]
    if seeds:
        gain = wording.rounded_sign(median(seeds))
        text += f" For comparison, the best of three seeds for each subject, which is chance alone, adds {gain}."
    yield Fact(wording.rounded_sign(median(gains)), text)


def _among(rows: Sequence[Row]) -> str:
    epochs = sorted(row.epochs for row in rows if row.epochs)
    if not epochs:
        return ""
    return f", among {epochs[0]} to {epochs[-1]} epochs" if epochs[0] < epochs[-1] else f", among {epochs[0]} epochs"


def _resolution(board: Board) -> Iterator[Fact]:
    tests = [row.standing.against_best for row in leading(board) if row.standing and row.standing.against_best]
    if not tests:
        return
    half = median((test.interval[1] - test.interval[0]) / 2 for test in tests)
    text = "is half the 95\N{NO-BREAK SPACE}% interval of the difference between the first and another leading row "
    text += f"(median): with {board.subjects_total} subjects, a test of one pair cannot tell most smaller "
    text += "differences from zero."
    yield Fact(f"±{wording.rounded(half)}", text)
