"""Draw the seeds of a row and their mean, for every part of its board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.leaderboard.board_charts import NARROW, SMALL, axis
from merbench.leaderboard.svg import Sheet
from merbench.leaderboard.wording import figure, with_claim

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.entries import Figure
    from merbench.leaderboard.rows import Row

__all__ = ["seeds_of"]

WIDE = 640.0  # px
LEFT = 96.0  # px for the names of the parts
LINE = 26.0  # px from one part to the next


def seeds_of(board: Board, row: Row, *, narrow: bool = False) -> str:
    """UF1 of every part: the mean over the seeds with its interval, and each seed; '' if UF1 is not defined."""
    means = {part: one for part in board.parts if (one := row.uf1_of(part))}
    if not means:
        return ""
    seeds = {part: [entry.figures[entry.policy][part]["uf1"].value for entry in row.entries] for part in means}
    sheet = Sheet(NARROW if narrow else WIDE, LINE * len(means) + 64)
    bottom = 8 + LINE * len(means)
    ends = [end for part, one in means.items() for end in (*(one.interval or ()), *seeds[part])]
    scale = axis(sheet, (LEFT + 14, sheet.width - 54), (4, bottom), ends, "UF1")
    for place, (part, mean) in enumerate(means.items()):
        y = 8 + LINE * (place + 0.5)
        sheet.text(LEFT, y + 4, board.part_name(part), anchor="end")
        if mean.interval:
            sheet.lines([[(scale(end), y) for end in mean.interval]], "chart-accent", 1.5)
        sheet.lines([[(scale(one), y - 7), (scale(one), y + 7)] for one in seeds[part]], "chart-ink", 1.2)
        sheet.dot(scale(mean.value), y, "chart-accent")
        sheet.text(sheet.width - 4, y + 4, figure(mean.value), anchor="end")
    sheet.text(LEFT + 14, bottom + 48, "dot: mean; line: 95 % interval; strokes: seeds", "chart-muted", size=SMALL)
    return sheet.svg(
        f"chart-seeds-{row.id}{'-narrow' if narrow else ''}",
        f"UF1 of every part and seed: {with_claim(row)}",
        " ".join(_sentence(board.part_name(part), mean, seeds[part]) for part, mean in means.items()),
    )


def _sentence(name: str, mean: Figure, seeds: list[float]) -> str:
    return f"{name}: {figure(mean.value)}, seeds {', '.join(map(figure, seeds))}."
