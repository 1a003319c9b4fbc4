"""Draw how often a model is right when it is so sure, as an SVG string (see `merbench.leaderboard.entry_charts`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from merbench.leaderboard.svg import Scale, Sheet

if TYPE_CHECKING:
    from merbench.leaderboard.entries import Entry
    from merbench.probabilities import Reliability

__all__ = ["reliability_chart"]

SMALL = 10.5  # px of text that explains
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SMALLEST, LARGEST = 5.0, 22.0  # px of the marks of one clip and of all clips


def reliability_chart(entry: Entry) -> str:
    """A mark for each bin of confidence over all clips: its mean confidence across, the share that is right upwards.

    A mark's area grows with its clips. On the diagonal, a model is right as often as it says. '' without probabilities.
    """
    full = entry.class_scores.get("full")
    if full is None or not full.bins:
        return ""
    sheet = Sheet(430, 372)
    across, up = Scale(0, 1, 52, 412), Scale(0, 1, 312, 12)
    _axes(sheet, across, up)
    _marks(sheet, across, up, full.bins)
    return sheet.svg(
        f"chart-reliability-{entry.id}",
        f"Reliability of the probabilities of {entry.record.plan.model}",
        f"Epoch policy {entry.policy}, all clips. {' '.join(map(_in_words, full.bins))}",
    )


def _marks(sheet: Sheet, across: Scale, up: Scale, bins: Sequence[Reliability]) -> None:
    whole = sum(one.clips for one in bins)
    for one in bins:
        x = across(one.confidence)
        sheet.lines([[(x, up(one.confidence)), (x, up(one.right))]], "chart-muted")
    sheet.lines([[(across(one.confidence), up(one.right)) for one in bins]], "chart-accent", 1.2)
    for one in bins:
        size = SMALLEST + (LARGEST - SMALLEST) * math.sqrt(one.clips / whole)
        sheet.dot(across(one.confidence), up(one.right), "chart-accent", size)


def _axes(sheet: Sheet, across: Scale, up: Scale) -> None:
    for tick in TICKS:
        sheet.lines([[(across.start, up(tick)), (across.end, up(tick))]], "chart-grid")
        sheet.text(across.start - 8, up(tick) + 4, f"{tick:g}", "chart-muted", "end", size=SMALL)
        sheet.text(across(tick), up.start + 18, f"{tick:g}", "chart-muted", "middle", size=SMALL)
    sheet.lines([[(across(0), up(0)), (across(1), up(1))]], "chart-muted")
    sheet.text(14, up(0.5), "share that is right", "chart-muted", "middle", size=SMALL, turn=90)
    sheet.text(across(0.5), up.start + 38, "probability of the predicted class", "chart-muted", "middle", size=SMALL)
    sheet.text(across(0.5), up.start + 54, "diagonal: right as often as it says", "chart-muted", "middle", size=SMALL)


def _in_words(one: Reliability) -> str:
    return f"Mean confidence {one.confidence:.2f}: {one.right:.2f} of {one.clips} clips are right."
