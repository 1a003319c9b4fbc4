"""The figure of a sweep: every configuration with its interval, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from merbench.leaderboard.board_charts import SMALL, axis
from merbench.leaderboard.rows import Row
from merbench.leaderboard.svg import Scale, Sheet, shorten
from merbench.leaderboard.wording import figure, interval

__all__ = ["drawn"]

WIDE = 760.0  # px
LEFT, RIGHT = 300.0, 640.0  # px: the ends of the axis
NAME = 44  # letters of a name; a longer name is cut
LINE = 22.0  # px from one row to the next
# The figure is a file of its own, so it brings the colours that a page would give it.
STYLE = """<style>
svg{background:#fdfdfb;font-family:system-ui,sans-serif}.chart-ink{color:#1b1d20}.chart-muted{color:#5c6067}
.chart-grid{color:#e5e4df}.chart-accent{color:#07567f}
@media (prefers-color-scheme:dark){svg{background:#131518}.chart-ink{color:#e8e6e1}.chart-muted{color:#a3a6ac}
.chart-grid{color:#2a2d32}.chart-accent{color:#7cc1e6}}
</style>"""


def drawn(rows: Sequence[Row], title: str, mark: str) -> str:
    """UF1 over all clips of each row with its 95 % interval, grouped by dataset and protocol, as SVG text.

    Args:
        rows: in their order; those whose UF1 is not defined are left out.
        title: what the figure shows.
        mark: a sentence below the axis, about choosing by the figure; empty for none.

    Returns:
        The text of a file.
    """
    scored = [_without_common(row, rows) for row in rows if row.uf1]
    groups = [(board, list(of_board)) for board, of_board in groupby(sorted(scored, key=_board), key=_board)]
    bottom = 8 + LINE * (len(scored) + len(groups))
    sheet = Sheet(WIDE, bottom + (70 if mark else 50))
    ends = [end for row in scored if row.uf1 for end in (row.uf1.value, *(row.uf1.interval or ()))] or [0, 1]
    scale = axis(sheet, (LEFT + 16, RIGHT), (4, bottom), ends, "UF1, all clips, mean over seeds, 95 % interval")
    y = 8 + LINE / 2
    for board, of_board in groups:
        sheet.text(8, y + 4, board, "chart-muted", size=SMALL)
        for row in of_board:
            y += LINE
            _line(sheet, scale, y, row)
        y += LINE
    sheet.text(8, bottom + 52, mark, "chart-muted", size=SMALL)
    said = " ".join(f"{row.with_details} on {_board(row)}: {_value(row)}." for row in scored)
    return sheet.svg("sweep", title, said).replace("<title", f"{STYLE}<title", 1) + "\n"


def _line(sheet: Sheet, scale: Scale, y: float, row: Row) -> None:
    if row.uf1 is None:
        return
    sheet.text(LEFT, y + 4, shorten(row.with_details, NAME), anchor="end")
    if row.uf1.interval:
        sheet.lines([[(scale(end), y) for end in row.uf1.interval]], "chart-accent", 1.5)
    sheet.dot(scale(row.uf1.value), y, "chart-accent")
    sheet.text(RIGHT + 14, y + 4, _value(row))


def _without_common(row: Row, rows: Sequence[Row]) -> Row:
    """The row without the settings that all rows of its model have, which would only make its name longer."""
    others = [one.changed for one in rows if one.model == row.model]
    changed = {name: value for name, value in row.changed.items() if any(one.get(name) != value for one in others)}
    return replace(row, changed=changed)


def _board(row: Row) -> str:
    plan = row.entries[0].record.plan
    return f"{plan.dataset}, {plan.protocol}"


def _value(row: Row) -> str:
    if row.uf1 is None:
        return "not defined"
    return figure(row.uf1.value) + (f" [{interval(row.uf1.interval)}]" if row.uf1.interval else "")
