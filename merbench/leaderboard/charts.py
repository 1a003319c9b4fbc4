"""Draw the charts of the pages as SVG strings: intervals, reported and honest scores, confusion, subjects, loss.

A stylesheet must give every class in `merbench.leaderboard.svg.CLASSES` a `color`, in both themes. Charts are up to 860
pixels wide; on a narrow screen they scroll inside their figure, because scaled text would be too small.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.leaderboard.difficulty import accuracies
from merbench.leaderboard.methods import Method, methods_of
from merbench.leaderboard.svg import Point, Scale, Sheet, shade, shorten, ticks
from merbench.leaderboard.wording import DASH, figure, interval

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.entries import Entry
    from merbench.leaderboard.rows import Row
    from merbench.runs.schema import AnyPolicy
    from merbench.runs.scoring import Counts

__all__ = ["confusion", "dumbbells", "forest", "loss_curve", "subject_matrix"]

NAME = 28  # letters of a name; a longer name is cut
LEFT = 196.0  # px for names, left of the marks
LINE = 22.0  # px from one row to the next
SMALL = 10.5  # px of text that explains
WIDTH = 860.0  # px of the widest chart

FOREST_ROWS = 20
REPORTED_ROWS = 6  # of those, kept for papers' figures if not all rows fit

CELL_WIDTH, CELL_HEIGHT = 54.0, 31.0  # px of a confusion matrix's cell
MOST_CLASSES = 12  # a matrix of more classes is only a table
DARK = 0.55  # cells with a greater share have the shades fill6 to fill10

MATRIX_ROWS = 16
MATRIX_SUBJECTS = 300
BAR = 17.0  # px from one row of the subject matrix to the next

CURVE_POINTS = 120  # drawn of a curve with more epochs
# A greater loss is drawn at this value: no honest record has it, and sums of such numbers overflow a float.
GREATEST_LOSS = 1e6


def forest(board: Board) -> str:
    """UF1 (full) with its 95 % interval of the ranked rows, beside the papers' figures; '' if there are no scores.

    Shows at most 20 rows, the best of each kind; the title then says so.
    """
    ranked = _best(board.ranked)
    reported = _best(row for row in board.rows if row.badge == "reported")
    kept = ranked[: FOREST_ROWS - min(len(reported), REPORTED_ROWS)]
    rows = _best([*kept, *reported[: FOREST_ROWS - len(kept)]])
    if not rows:
        return ""
    everyone = len(ranked) + len(reported)
    sheet = Sheet(760, LINE * len(rows) + 90)
    bottom = 30 + LINE * len(rows)
    ends = [end for row in rows for end in (_uf1(row), *(_interval(row) or ()))]
    scale = _axis(sheet, (LEFT + 16, 620), (24, bottom), ends, "UF1, all clips")
    for index, row in enumerate(rows):
        _forest_row(sheet, scale, 30 + LINE * (index + 0.5), row)
    _legend(sheet, bottom + 48, [
        (sheet.dot, "chart-accent", "scored from predictions, 95 % interval over subjects"),
        (sheet.ring, "chart-accent", "shortened training"),
        (sheet.ring, "chart-reported", "reported by a paper, without interval"),
    ])  # fmt: skip
    return sheet.svg(
        f"chart-forest-{board.slug}",
        f"UF1 with 95 % intervals: {board.title}"
        + (f" (the best {len(rows)} of {everyone} rows)" if len(rows) < everyone else ""),
        "UF1 over all clips, best first. " + " ".join(_sentence(row) for row in rows),
    )


def dumbbells(board: Board) -> str:
    """UF1 (full) of each method with more than one known score: reported, honest, chosen on the test labels.

    Shows at most 20 methods, the best; '' if there are none.
    """
    methods = methods_of(board)[:FOREST_ROWS]
    if not methods:
        return ""
    sheet = Sheet(WIDTH, LINE * len(methods) + 108)
    bottom = 30 + LINE * len(methods)
    values = [value for method in methods for value in method.values()]
    scale = _axis(sheet, (LEFT + 16, 560), (24, bottom), values, "UF1, all clips")
    for column, heading in enumerate(("reported", "not known", "honest", "test-selected")):
        name = "chart-ink" if heading == "honest" else "chart-muted"
        sheet.text(630 + 74 * column, 16, heading, name, "end", size=SMALL)
    for index, method in enumerate(methods):
        _dumbbell(sheet, scale, 30 + LINE * (index + 0.5), method)
    _legend(sheet, bottom + 48, [
        (sheet.ring, "chart-reported", "reported by a paper (the number: the highest)"),
        (sheet.diamond, "chart-warn", "epoch chosen on the test subject"),
        (sheet.ring, "chart-warn", "choice of the epoch not known"),
    ])  # fmt: skip
    _legend(sheet, bottom + 66, [
        (sheet.dot, "chart-accent", "honest: epoch chosen without the test subject"),
        (sheet.ring, "chart-accent", "honest, of a shortened training"),
    ])  # fmt: skip
    return sheet.svg(
        f"chart-dumbbells-{board.slug}",
        f"What papers report, what is honest, and what choosing the epoch on the test subject gives: {board.title}",
        "UF1 over all clips. " + " ".join(method.sentence() for method in methods),
    )


def subject_matrix(board: Board) -> str:
    """The accuracy of each of the best 16 rows with predictions, on each subject; '' if there are none.

    Subjects are grouped by database and ordered by their mean accuracy over the rows, the hardest first. There is no
    chart of more than 300 subjects.
    """
    rows = [row for row in board.rows if row.entries][:MATRIX_ROWS]
    subjects = rows[0].entries[0].counts.subjects if rows else ()
    rows = [row for row in rows if all(entry.counts.subjects == subjects for entry in row.entries)]
    if not 0 < len(subjects) <= MATRIX_SUBJECTS:
        return ""
    accuracy = np.array([accuracies(row) for row in rows])
    groups = _hardest_first(rows[0].entries[0].counts, accuracy.mean(axis=0))
    pitch = min(max((WIDTH - LEFT - 10 * len(groups)) / len(subjects), 4.0), 22.0)
    sheet = Sheet(LEFT + pitch * len(subjects) + 10 * len(groups), 96 + BAR * len(rows))
    left = LEFT
    for database, group in groups.items():
        sheet.text(left, 12, f"{database}, {len(group)} subjects", "chart-muted", size=SMALL)
        _bars(sheet, left, pitch, accuracy[:, group])
        if pitch >= 8:
            _subject_names(sheet, left, pitch, [subjects[index] for index in group], 24 + BAR * len(rows))
        left += pitch * len(group) + 10
    for index, row in enumerate(rows):
        sheet.text(LEFT - 10, 20 + BAR * (index + 0.5) + 4, _name(row), anchor="end")
    _shades(sheet, 84 + BAR * len(rows))
    means = " ".join(f"{_name(row)}: {_share(mean)}." for row, mean in zip(rows, accuracy.mean(axis=1), strict=True))
    return sheet.svg(
        f"chart-subjects-{board.slug}",
        f"Accuracy on each subject: {board.title}",
        f"One line per row, one cell per subject, grouped by database, the hardest first. Mean over subjects: {means}",
    )


def confusion(entry: Entry, policy: AnyPolicy) -> str:
    """The confusion matrices of all parts, side by side: clips as numbers, the share of each true class as shade.

    '' with more than 12 classes.
    """
    classes = entry.record.plan.classes
    if len(classes) > MOST_CLASSES:
        return ""
    parts = {part: entry.counts.confusions[policy][mask].sum(axis=0) for part, mask in entry.counts.parts().items()}
    left, gap, side = 118.0, 22.0, CELL_WIDTH * len(classes)
    beside = max(1, min(len(parts), int((WIDTH - left + gap) // (side + gap))))
    height = 54 + CELL_HEIGHT * len(classes)
    sheet = Sheet(left + beside * (side + gap) - gap, height * math.ceil(len(parts) / beside) - 14)
    for index, (part, matrix) in enumerate(parts.items()):
        x, y = left + (side + gap) * (index % beside), height * (index // beside)
        if index % beside == 0:
            _true_classes(sheet, left - 10, y + 36, classes)
        _matrix(sheet, x, y, f"{shorten(part, 16)}, {matrix.sum()} clips", classes, matrix)
    sentences = [f"{part}: {np.trace(matrix)} of {matrix.sum()} clips are right." for part, matrix in parts.items()]
    return sheet.svg(
        f"chart-confusion-{policy}-{entry.id}",
        f"Confusion of {entry.record.plan.model} by part, epoch policy {policy}",
        f"Rows: true class, columns: predicted class, numbers: clips. {' '.join(sentences)}",
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
    sheet = Sheet(640, 214)
    top = max(float(high.max()), float(mean.max()), 1e-3) * 1.04
    across, down = Scale(1, epochs, 48, 628), Scale(min(0.0, float(low.min())), top, 170, 12)
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


def _uf1(row: Row) -> float:
    return row.uf1.value if row.uf1 else 0.0


def _interval(row: Row) -> tuple[float, float] | None:
    return row.uf1.interval if row.uf1 else None


def _best(rows: Iterable[Row]) -> list[Row]:
    return sorted((row for row in rows if row.uf1), key=lambda row: -_uf1(row))


def _name(row: Row) -> str:
    """The model, and what tells it from others of its name: the recipe, or the year of the paper."""
    detail = row.recipe or (str(row.paper.year) if row.paper and row.paper.year else "")
    return (
        shorten(row.model, NAME - len(detail) - 2) + f", {detail}"
        if len(detail) in range(1, 12)
        else shorten(row.model, NAME)
    )


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _value(row: Row) -> str:
    ends = _interval(row)
    return figure(_uf1(row)) + (f" [{interval(ends)}]" if ends else "")


def _sentence(row: Row) -> str:
    return f"{_name(row)}, {row.badge}: {_value(row)}."


def _axis(sheet: Sheet, across: Point, down: Point, values: Sequence[float], label: str) -> Scale:
    """Draws an upright line at every tenth that the values reach; returns the scale."""
    first, last = math.floor(min(values) * 10 - 1e-9), math.ceil(max(values) * 10 + 1e-9)
    first, last = max(first, 0), max(min(last, 10), first + 1)
    scale = Scale(first / 10, last / 10, *across)
    tenths = [tenth / 10 for tenth in range(first, last + 1)]
    sheet.lines([[(scale(tenth), down[0]), (scale(tenth), down[1])] for tenth in tenths], "chart-grid")
    for tenth in tenths:
        sheet.text(scale(tenth), down[1] + 14, f"{tenth:.1f}", "chart-muted", "middle", size=SMALL)
    sheet.text(LEFT, down[1] + 14, label, "chart-muted", "end", size=SMALL)
    return scale


def _forest_row(sheet: Sheet, scale: Scale, y: float, row: Row) -> None:
    sheet.text(LEFT, y + 4, _name(row), anchor="end")
    sheet.text(640, y + 4, _value(row), "chart-ink" if _interval(row) else "chart-muted")
    if ends := _interval(row):
        sheet.lines([[(scale(ends[0]), y), (scale(ends[1]), y)]], "chart-accent", 1.5)
        (sheet.ring if row.claim == "shortened" else sheet.dot)(scale(_uf1(row)), y, "chart-accent")
    else:
        sheet.ring(scale(_uf1(row)), y, "chart-reported")


def _dumbbell(sheet: Sheet, scale: Scale, y: float, method: Method) -> None:
    sheet.text(LEFT, y + 4, shorten(method.title, NAME), anchor="end")
    sheet.lines([[(scale(end), y) for end in method.line()]], "chart-grid", 2)
    for value in method.reported:
        sheet.ring(scale(value), y, "chart-reported", 12)  # wide enough to be seen around another mark
    if method.unknown is not None:
        sheet.ring(scale(method.unknown), y, "chart-warn")
    if method.selected is not None:
        sheet.diamond(scale(method.selected), y, "chart-warn")
    if method.honest is not None:
        (sheet.ring if method.hollow else sheet.dot)(scale(method.honest), y, "chart-accent")
    numbers = (max(method.reported, default=None), method.unknown, method.honest, method.selected)
    for column, number in enumerate(numbers):
        name = "chart-ink" if column == 2 else "chart-muted"
        sheet.text(630 + 74 * column, y + 4, DASH if number is None else figure(number), name, "end")


def _legend(sheet: Sheet, y: float, marks: Sequence[tuple[Callable[[float, float, str], None], str, str]]) -> None:
    """Marks and their meaning, side by side."""
    x = 8.0
    for mark, name, meaning in marks:
        mark(x, y, name)
        sheet.text(x + 10, y + 4, meaning, "chart-muted", size=SMALL)
        x += 40 + len(meaning) * 4.8


def _hardest_first(counts: Counts, accuracy: np.ndarray) -> dict[str, list[int]]:
    """Each database's subjects, as indices, by accuracy."""
    of_database: dict[str, list[int]] = {database: [] for database in counts.databases}
    for index in sorted(range(len(counts.subjects)), key=lambda index: (accuracy[index], counts.subjects[index])):
        of_database[counts.subjects[index].split("/")[0]].append(index)
    return of_database


def _bars(sheet: Sheet, left: float, pitch: float, accuracy: np.ndarray) -> None:
    """A level line for each cell of `[rows, subjects]`, as thick as the cell is high: all of one shade are one path."""
    of_shade: dict[str, list[list[Point]]] = {}
    for (row, column), value in np.ndenumerate(accuracy):
        x, y = left + pitch * column, 20 + BAR * (row + 0.5)
        of_shade.setdefault(shade(value), []).append([(x, y), (x + pitch - 0.6, y)])
    for name, cells in sorted(of_shade.items()):
        sheet.lines(cells, name, BAR - 1)


def _shades(sheet: Sheet, y: float) -> None:
    """The scale of the shades."""
    sheet.text(LEFT - 10, y + 9, "clips that are right", "chart-muted", "end", size=SMALL)
    sheet.text(LEFT, y + 9, "0 %", "chart-muted", size=SMALL)
    for tenth in range(11):
        sheet.box(LEFT + 24 + 18 * tenth, y, 17.4, 11, shade(tenth / 10))
    sheet.text(LEFT + 228, y + 9, "100 %", "chart-muted", size=SMALL)


def _subject_names(sheet: Sheet, left: float, pitch: float, subjects: Sequence[str], y: float) -> None:
    for column, subject in enumerate(subjects):
        name = subject.split("/")[-1][:8]
        sheet.text(left + pitch * (column + 0.5) + 3, y, name, "chart-muted", "end", size=8, turn=90)


def _true_classes(sheet: Sheet, x: float, y: float, classes: Sequence[str]) -> None:
    sheet.text(x, y - 6, "true ↓  predicted →", "chart-muted", "end", size=9)
    for index, name in enumerate(classes):
        sheet.text(x, y + CELL_HEIGHT * (index + 0.5) + 4, shorten(name, 16), anchor="end")


def _matrix(sheet: Sheet, x: float, y: float, heading: str, classes: Sequence[str], matrix: np.ndarray) -> None:
    sheet.text(x, y + 13, heading)
    for index, name in enumerate(classes):
        sheet.text(x + CELL_WIDTH * (index + 0.5), y + 30, shorten(name, 10), "chart-muted", "middle", size=SMALL)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    for (row, column), share in np.ndenumerate(shares):
        left, top = x + CELL_WIDTH * column, y + 36 + CELL_HEIGHT * row
        sheet.box(left, top, CELL_WIDTH - 1, CELL_HEIGHT - 1, shade(share))
        name = "chart-on-high" if share >= DARK else "chart-on-low"
        sheet.text(left + (CELL_WIDTH - 1) / 2, top + CELL_HEIGHT / 2 + 4, str(matrix[row, column]), name, "middle")


def _curve_axes(sheet: Sheet, across: Scale, down: Scale) -> None:
    for loss in ticks(down.low, down.high, 4):
        sheet.lines([[(across.start, down(loss)), (across.end, down(loss))]], "chart-grid")
        sheet.text(across.start - 8, down(loss) + 4, f"{loss:g}", "chart-muted", "end", size=SMALL)
    for epoch in (1, *(one for one in ticks(1, across.high, 8, whole=True) if one > 1)):
        sheet.text(across(epoch), down.start + 16, f"{epoch:g}", "chart-muted", "middle", size=SMALL)
    about = "epoch; line: mean training loss of the folds, band: 10th to 90th percentile"
    sheet.text(across.start, down.start + 36, about, "chart-muted", size=SMALL)
