"""Draw the charts of an entry's page as SVG strings: confusion and training loss.

A stylesheet must give every class in `merbench.leaderboard.svg.CLASSES` a `color`, in both themes. A chart fits a
phone, unless there are many classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.leaderboard.svg import Scale, Sheet, ink_on, shade, shorten, ticks

if TYPE_CHECKING:
    from merbench.leaderboard.entries import Entry
    from merbench.runs.schema import AnyPolicy

__all__ = ["confusions", "loss_curve"]

SMALL = 10.5  # px of text that explains

CELL_WIDTH, CELL_HEIGHT = 54.0, 31.0  # px of a confusion matrix's cell
MOST_CLASSES = 12  # a matrix of more classes is only a table

CURVE_POINTS = 120  # drawn of a curve with more epochs
# A greater loss is drawn at this value: no honest record has it, and sums of such numbers overflow a float.
GREATEST_LOSS = 1e6


def confusions(entry: Entry, policy: AnyPolicy) -> list[str]:
    """The confusion matrix of each part: clips as numbers, the share of each true class as shade.

    None with more than 12 classes.
    """
    if len(entry.record.plan.classes) > MOST_CLASSES:
        return []
    return [
        _confusion_of_part(entry, policy, place, part, entry.counts.of(part).cells[policy].sum(axis=0))
        for place, part in enumerate(entry.counts.parts)
    ]


def _confusion_of_part(entry: Entry, policy: AnyPolicy, place: int, part: str, matrix: np.ndarray) -> str:
    classes, left = entry.record.plan.classes, 118.0
    sheet = Sheet(left + CELL_WIDTH * len(classes), 44 + CELL_HEIGHT * len(classes))
    _true_classes(sheet, left - 10, 36, classes)
    _matrix(sheet, left, f"{shorten(part, 16)}, {matrix.sum()} clips", classes, matrix)
    return sheet.svg(
        f"chart-confusion-{policy}-{place}-{entry.id}",
        f"Confusion of {entry.record.plan.model}, {part}, epoch policy {policy}",
        "Rows: true class, columns: predicted class, numbers: clips. "
        f"{np.trace(matrix)} of {matrix.sum()} clips are right.",
    )


def loss_curve(entry: Entry) -> str:
    """The training loss of every epoch: its mean over the folds, and the band of their 10th to 90th percentile.

    '' if no fold has two epochs. If folds differ in their number of epochs, the fewest are drawn.
    """
    curves = [fold.loss for fold in entry.record.folds if len(fold.loss) > 1]
    if not curves:
        return ""
    epochs = min(map(len, curves))
    loss = np.clip(np.array([curve[:epochs] for curve in curves]), -GREATEST_LOSS, GREATEST_LOSS)
    drawn = np.unique(np.linspace(0, epochs - 1, min(epochs, CURVE_POINTS)).round().astype(int))
    mean, (low, high) = loss[:, drawn].mean(axis=0), np.quantile(loss[:, drawn], (0.1, 0.9), axis=0)
    sheet = Sheet(430, 230)
    top = max(float(high.max()), float(mean.max()), 1e-3) * 1.04
    across, down = Scale(1, epochs, 48, 418), Scale(min(0.0, float(low.min())), top, 170, 12)
    _curve_axes(sheet, across, down)
    x = [across(epoch + 1) for epoch in drawn]
    lower, upper, middle = ([*zip(x, map(down, values), strict=True)] for values in (low, high, mean))
    sheet.area([*upper, *reversed(lower)], "chart-band")
    sheet.lines([middle], "chart-accent", 1.6)
    return sheet.svg(
        f"chart-loss-{entry.id}",
        f"Training loss of {entry.record.plan.model} by epoch",
        f"Mean over {len(curves)} folds: {mean[0]:.3g} after epoch 1, {mean[-1]:.3g} after epoch {epochs}. "
        "The band holds the folds from the 10th to the 90th percentile.",
    )


def _true_classes(sheet: Sheet, x: float, y: float, classes: Sequence[str]) -> None:
    sheet.text(x, y - 6, "true ↓  predicted →", "chart-muted", "end", size=9)
    for index, name in enumerate(classes):
        sheet.text(x, y + CELL_HEIGHT * (index + 0.5) + 4, shorten(name, 16), anchor="end")


def _matrix(sheet: Sheet, x: float, heading: str, classes: Sequence[str], matrix: np.ndarray) -> None:
    sheet.text(x, 13, heading)
    for index, name in enumerate(classes):
        sheet.text(x + CELL_WIDTH * (index + 0.5), 30, shorten(name, 10), "chart-muted", "middle", size=SMALL)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for (row, column), share in np.ndenumerate(shares):
        left, top = x + CELL_WIDTH * column, 36 + CELL_HEIGHT * row
        sheet.box(left, top, CELL_WIDTH - 1, CELL_HEIGHT - 1, shade(share))
        sheet.text(
            left + (CELL_WIDTH - 1) / 2, top + CELL_HEIGHT / 2 + 4, str(matrix[row, column]), ink_on(share), "middle"
        )


def _curve_axes(sheet: Sheet, across: Scale, down: Scale) -> None:
    for loss in ticks(down.low, down.high, 4):
        sheet.lines([[(across.start, down(loss)), (across.end, down(loss))]], "chart-grid")
        sheet.text(across.start - 8, down(loss) + 4, f"{loss:g}", "chart-muted", "end", size=SMALL)
    for epoch in (1, *(one for one in ticks(1, across.high, 8, whole=True) if one > 1)):
        sheet.text(across(epoch), down.start + 16, f"{epoch:g}", "chart-muted", "middle", size=SMALL)
    for line, about in enumerate(("epoch; line: mean training loss of the folds", "band: 10th to 90th percentile")):
        sheet.text(across.start, down.start + 36 + 16 * line, about, "chart-muted", size=SMALL)
