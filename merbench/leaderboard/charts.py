"""The pictures of the pages, as SVG strings: intervals, reported against honest figures, confusion, subjects, loss.

The classes that a stylesheet must give a `color`, in both themes, and what each is for, are in
`merbench.leaderboard.svg.CLASSES`:

- `pic-ink`, `pic-muted`: text; `pic-grid`: thin lines; `pic-page`: the page's background
- `pic-accent` (honest), `pic-reported`, `pic-warn` (chosen on the test labels): marks; `pic-band`: soft accent
- `pic-fill0` ... `pic-fill10`: shades of cells, from the page's background to the accent
- `pic-on-low`, `pic-on-high`: numbers on fill0-5, and on fill6-10

Every picture's root is `<svg class="pic" role="img">` with a `viewBox`, and its size in pixels as attributes. Pictures
are up to 860 pixels wide; on a narrow screen they are best scrolled inside their figure, for text would shrink.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from merbench.leaderboard.methods import Method, methods_of
from merbench.leaderboard.rows import counting_policy
from merbench.leaderboard.svg import Frame, Point, Sheet, path_data, shade, shorten
from merbench.leaderboard.wording import figure, interval

if TYPE_CHECKING:
    from merbench.leaderboard.site import Board, Entry, Row
    from merbench.runs.schema import AnyPolicy
    from merbench.runs.scoring import Counts

__all__ = ["confusion", "dumbbells", "forest", "loss_curve", "subject_matrix"]

NAME = 28  # letters of a name; a longer one is cut
LEFT = 196.0  # px for names, left of what is drawn
LINE = 22.0  # px from one row to the next
SMALL = 10.5  # px of text that explains
WIDTH = 860.0  # px of the widest picture

FOREST_ROWS = 20
REPORTED_ROWS = 6  # of those, kept for papers' figures where there are more rows than fit

CELL_WIDTH, CELL_HEIGHT = 54.0, 31.0  # px of a confusion matrix's cell
MOST_CLASSES = 12  # a matrix of more is read as a table
DARK = 0.55  # cells of a greater share have the shades fill6 to fill10

MATRIX_ROWS = 16
MATRIX_SUBJECTS = 300
BAR = 17.0  # px from one row of the subject matrix to the next

CURVE_POINTS = 120  # drawn of a curve with more epochs
# A loss beyond this is drawn here: no honest record has it, and sums of such numbers leave a float's range.
GREATEST_LOSS = 1e6

Scale: TypeAlias = Callable[[float], float]  # a value to its pixel


def forest(board: Board) -> str:
    """UF1 (full) with its 95 % interval of the ranked rows, beside the papers' figures; '' where there is none.

    At most 20 rows, the best of each kind; the title then says so.
    """
    ranked = _best(row for row in board.rows if row.rank is not None and _has_uf1(row))
    reported = _best(row for row in board.rows if row.badge == "reported" and row.rank is None and _has_uf1(row))
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
        (sheet.dot, "pic-accent", "scored from predictions, 95 % interval over subjects"),
        (sheet.ring, "pic-reported", "reported by a paper, without interval"),
    ])  # fmt: skip
    return sheet.svg(
        f"pic-forest-{board.slug}",
        f"UF1 with 95 % intervals: {board.title}"
        + (f" (the best {len(rows)} of {everyone} rows)" if len(rows) < everyone else ""),
        "UF1 over all clips, best first. " + " ".join(_sentence(row) for row in rows),
    )


def dumbbells(board: Board) -> str:
    """UF1 (full) of each method of which more than one figure is known: reported, honest, chosen on the test labels.

    At most 20 methods, the best; '' where there is none.
    """
    methods = methods_of(board)[:FOREST_ROWS]
    if not methods:
        return ""
    sheet = Sheet(WIDTH, LINE * len(methods) + 108)
    bottom = 30 + LINE * len(methods)
    values = [value for method in methods for value in method.values()]
    scale = _axis(sheet, (LEFT + 16, 560), (24, bottom), values, "UF1, all clips")
    for column, heading in enumerate(("reported", "not known", "honest", "test-selected")):
        sheet.text(630 + 74 * column, 16, heading, "pic-ink" if heading == "honest" else "pic-muted", "end", size=SMALL)
    for index, method in enumerate(methods):
        y = 30 + LINE * (index + 0.5)
        _dumbbell(sheet, scale, y, method)
        shown = (max(method.reported, default=None), method.unknown, method.honest, method.selected)
        for column, value in enumerate(shown):
            name = "pic-ink" if column == 2 else "pic-muted"
            sheet.text(630 + 74 * column, y + 4, "-" if value is None else figure(value), name, "end")
    _legend(sheet, bottom + 48, [
        (sheet.ring, "pic-reported", "reported by a paper (the number: the highest)"),
        (sheet.ring, "pic-accent", "scored from predictions, how the epoch was chosen is not known"),
    ])  # fmt: skip
    _legend(sheet, bottom + 66, [
        (sheet.dot, "pic-accent", "honest: epoch chosen without the test subject"),
        (sheet.diamond, "pic-warn", "epoch chosen on the test subject"),
    ])  # fmt: skip
    return sheet.svg(
        f"pic-dumbbells-{board.slug}",
        f"What papers report, what is honest, and what choosing the epoch on the test subject gives: {board.title}",
        "UF1 over all clips. " + " ".join(method.sentence() for method in methods),
    )


def subject_matrix(board: Board) -> str:
    """The accuracy of each of the best 16 rows that have predictions, on each subject; '' where there is none.

    Subjects stand grouped by database, in each the hardest first: by their mean accuracy over the rows. Of more than
    300 subjects there is no picture.
    """
    rows = [row for row in board.rows if row.entries][:MATRIX_ROWS]
    subjects = rows[0].entries[0].counts.subjects if rows else ()
    rows = [row for row in rows if all(entry.counts.subjects == subjects for entry in row.entries)]
    if not 0 < len(subjects) <= MATRIX_SUBJECTS:
        return ""
    accuracy = np.array([_accuracies(row) for row in rows])
    groups = _hardest_first(rows[0].entries[0].counts, accuracy.mean(axis=0))
    pitch = min(max((WIDTH - LEFT - 10 * len(groups)) / len(subjects), 4.0), 22.0)
    sheet = Sheet(LEFT + pitch * len(subjects) + 10 * len(groups), 96 + BAR * len(rows))
    left = LEFT
    for database, group in groups.items():
        sheet.text(left, 12, f"{database}, {len(group)} subjects", "pic-muted", size=SMALL)
        _bars(sheet, left, pitch, accuracy[:, group])
        if pitch >= 8:
            for column, index in enumerate(group):
                x, y = left + pitch * (column + 0.5) + 3, 24 + BAR * len(rows)
                sheet.text(x, y, subjects[index].split("/")[-1][:8], "pic-muted", "end", size=8, turn=90)
        left += pitch * len(group) + 10
    for index, row in enumerate(rows):
        sheet.text(LEFT - 10, 20 + BAR * (index + 0.5) + 4, _name(row), anchor="end")
    _shades(sheet, 84 + BAR * len(rows))
    means = " ".join(f"{_name(row)}: {_share(mean)}." for row, mean in zip(rows, accuracy.mean(axis=1), strict=True))
    return sheet.svg(
        f"pic-subjects-{board.slug}",
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
    words: dict[str, str] = {}
    plain: dict[str, str] = {}
    for label, name in enumerate(classes):
        words |= {f"row{label}": shorten(name, 16), f"column{label}": shorten(name, 10)}
    sentences = []
    for part, (name, matrix) in enumerate(parts.items()):
        words[f"part{part}"] = f"{shorten(name, 16)}, {matrix.sum()} clips"
        shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
        for cell, (clips, share) in enumerate(zip(matrix.flat, shares.flat, strict=True)):
            words[f"clips{part}x{cell}"] = str(clips)
            plain[f"shade{part}x{cell}"] = shade(share)
            plain[f"on{part}x{cell}"] = "pic-on-high" if share >= DARK else "pic-on-low"
        sentences.append(f"{name}: {np.trace(matrix)} of {matrix.sum()} clips are right.")
    title = f"Confusion of {entry.record.plan.model} by part, epoch policy {policy}"
    about = f"Rows: true class, columns: predicted class, numbers: clips. {' '.join(sentences)}"
    return _confusion_frame(len(classes), len(parts)).fill(
        f"pic-confusion-{policy}-{entry.id}", title, about, words, plain
    )


def loss_curve(entry: Entry) -> str:
    """The training loss of every epoch: its mean over the folds, and the band of their 10th to 90th percentile.

    '' where no fold has two epochs; where folds differ in their number, the fewest are drawn.
    """
    curves = [fold.loss for fold in entry.record.folds if len(fold.loss) > 1]
    if not curves:
        return ""
    epochs = min(map(len, curves))
    loss = np.clip(np.array([curve[:epochs] for curve in curves]), -GREATEST_LOSS, GREATEST_LOSS)
    drawn = np.unique(np.linspace(0, epochs - 1, min(epochs, CURVE_POINTS)).round().astype(int))
    mean, (low, high) = loss[:, drawn].mean(axis=0), np.quantile(loss[:, drawn], (0.1, 0.9), axis=0)
    bottom, top = min(0.0, float(low.min())), max(float(high.max()), float(mean.max()), 1e-3)
    frame, ticks = _curve_frame(epochs, _rounded_up(top), -_rounded_up(-bottom) if bottom else 0.0)
    x = [ticks.across(epoch + 1) for epoch in drawn]
    lower, upper, middle = ([ticks.down(value) for value in values] for values in (low, high, mean))
    plain = {
        "mean": path_data(zip(x, middle, strict=True)),
        "band": path_data([*zip(x, upper, strict=True), *reversed([*zip(x, lower, strict=True)])]) + "z",
    }
    about = (
        f"Mean over {len(curves)} folds: {mean[0]:.3g} after epoch 1, {mean[-1]:.3g} after epoch {epochs}. "
        "The band holds the folds from the 10th to the 90th percentile."
    )
    title = f"Training loss of {entry.record.plan.model} by epoch"
    return frame.fill(f"pic-loss-{entry.id}", title, about, {}, plain)


@dataclass(frozen=True)
class _Ticks:
    """Where a curve's values lie: epochs across, losses down."""

    epochs: int
    low: float
    high: float
    box: tuple[float, float, float, float]  # left, top, right, bottom

    def across(self, epoch: float) -> float:
        left, _, right, _ = self.box
        return left + (right - left) * (epoch - 1) / (self.epochs - 1)

    def down(self, loss: float) -> float:
        _, top, _, bottom = self.box
        return bottom - (bottom - top) * (loss - self.low) / (self.high - self.low)


def _has_uf1(row: Row) -> bool:
    return "uf1" in row.figures.get("full", {})


def _uf1(row: Row) -> float:
    return row.figures["full"]["uf1"].value


def _interval(row: Row) -> tuple[float, float] | None:
    return row.figures["full"]["uf1"].interval


def _best(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -_uf1(row))


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
    """Draws an upright line at every tenth that the values reach, and gives the scale."""
    first, last = math.floor(min(values) * 10 - 1e-9), math.ceil(max(values) * 10 + 1e-9)
    first, last = max(first, 0), max(min(last, 10), first + 1)

    def scale(value: float) -> float:
        return across[0] + (across[1] - across[0]) * (value * 10 - first) / (last - first)

    tenths = [tenth / 10 for tenth in range(first, last + 1)]
    sheet.lines([[(scale(tenth), down[0]), (scale(tenth), down[1])] for tenth in tenths], "pic-grid")
    for tenth in tenths:
        sheet.text(scale(tenth), down[1] + 14, f"{tenth:.1f}", "pic-muted", "middle", size=SMALL)
    sheet.text(LEFT, down[1] + 14, label, "pic-muted", "end", size=SMALL)
    return scale


def _forest_row(sheet: Sheet, scale: Scale, y: float, row: Row) -> None:
    sheet.text(LEFT, y + 4, _name(row), anchor="end")
    sheet.text(640, y + 4, _value(row), "pic-ink" if _interval(row) else "pic-muted")
    if ends := _interval(row):
        sheet.lines([[(scale(ends[0]), y), (scale(ends[1]), y)]], "pic-accent", 1.5)
        sheet.dot(scale(_uf1(row)), y, "pic-accent")
    else:
        sheet.ring(scale(_uf1(row)), y, "pic-reported")


def _dumbbell(sheet: Sheet, scale: Scale, y: float, method: Method) -> None:
    sheet.text(LEFT, y + 4, shorten(method.name, NAME), anchor="end")
    sheet.lines([[(scale(min(method.values())), y), (scale(max(method.values())), y)]], "pic-grid", 2)
    for value in method.reported:
        sheet.ring(scale(value), y, "pic-reported", 12)  # wide enough to be seen around another mark
    if method.unknown is not None:
        sheet.ring(scale(method.unknown), y, "pic-accent")
    if method.selected is not None:
        sheet.diamond(scale(method.selected), y, "pic-warn")
    if method.honest is not None:
        sheet.dot(scale(method.honest), y, "pic-accent")


def _legend(sheet: Sheet, y: float, marks: Sequence[tuple[Callable[[float, float, str], None], str, str]]) -> None:
    """Marks and their meaning, one beside the other."""
    x = 8.0
    for mark, name, meaning in marks:
        mark(x, y, name)
        sheet.text(x + 10, y + 4, meaning, "pic-muted", size=SMALL)
        x += 34 + len(meaning) * 5.4


def _accuracies(row: Row) -> np.ndarray:
    """`[subjects]`, the mean over the row's seeds."""
    counts = [entry.counts.confusions[counting_policy(entry.record)] for entry in row.entries]
    right = np.mean([np.trace(one, axis1=1, axis2=2) / one.sum(axis=(1, 2)) for one in counts], axis=0)
    shares: np.ndarray = right
    return shares


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
    sheet.text(LEFT - 10, y + 9, "clips that are right", "pic-muted", "end", size=SMALL)
    sheet.text(LEFT, y + 9, "0 %", "pic-muted", size=SMALL)
    for tenth in range(11):
        sheet.box(LEFT + 24 + 18 * tenth, y, 17.4, 11, shade(tenth / 10))
    sheet.text(LEFT + 228, y + 9, "100 %", "pic-muted", size=SMALL)


@functools.lru_cache(maxsize=32)
def _confusion_frame(classes: int, parts: int) -> Frame:
    """The sheet of confusion matrices; as many stand side by side as fit."""
    left, gap, top, side = 118.0, 22.0, 36.0, CELL_WIDTH * classes
    beside = max(1, min(parts, int((WIDTH - left + gap) // (side + gap))))
    height = top + CELL_HEIGHT * classes + 18
    sheet = Sheet(left + beside * (side + gap) - gap, height * math.ceil(parts / beside) - 14)
    for part in range(parts):
        x, y = left + (side + gap) * (part % beside), height * (part // beside)
        sheet.slot(x, y + 13, f"part{part}")
        if part % beside == 0:
            sheet.text(left - 10, y + top - 6, "true ↓  predicted →", "pic-muted", "end", size=9)
            for label in range(classes):
                sheet.slot(left - 10, y + top + CELL_HEIGHT * (label + 0.5) + 4, f"row{label}", anchor="end")
        for label in range(classes):
            sheet.slot(x + CELL_WIDTH * (label + 0.5), y + top - 6, f"column{label}", "pic-muted", "middle", size=SMALL)
        for cell in range(classes * classes):
            _cell(sheet, x + CELL_WIDTH * (cell % classes), y + top + CELL_HEIGHT * (cell // classes), f"{part}x{cell}")
    return sheet.frame()


def _cell(sheet: Sheet, x: float, y: float, key: str) -> None:
    sheet.box(x, y, CELL_WIDTH - 1, CELL_HEIGHT - 1, f"$shade{key}")
    sheet.slot(x + (CELL_WIDTH - 1) / 2, y + CELL_HEIGHT / 2 + 4, f"clips{key}", f"$on{key}", "middle")


@functools.lru_cache(maxsize=256)
def _curve_frame(epochs: int, top: float, bottom: float) -> tuple[Frame, _Ticks]:
    """The axes of a loss curve, its two lines left open; and where its values lie."""
    from matplotlib.ticker import MaxNLocator

    sheet = Sheet(640, 214)
    ticks = _Ticks(epochs, bottom, top, (48, 12, 628, 170))
    left, _, right, floor = ticks.box
    losses = [value for value in MaxNLocator(4).tick_values(bottom, top) if bottom <= value <= top]
    sheet.lines([[(left, ticks.down(value)), (right, ticks.down(value))] for value in losses], "pic-grid")
    for value in losses:
        sheet.text(left - 8, ticks.down(value) + 4, f"{value:g}", "pic-muted", "end", size=SMALL)
    for epoch in MaxNLocator(8, integer=True).tick_values(1, epochs):
        if 1 < epoch <= epochs:
            sheet.text(ticks.across(epoch), floor + 16, f"{epoch:g}", "pic-muted", "middle", size=SMALL)
    sheet.text(left, floor + 16, "1", "pic-muted", "middle", size=SMALL)
    sheet.text(left, floor + 36, "epoch; line: mean training loss of the folds, band: 10th to 90th percentile",
               "pic-muted", size=SMALL)  # fmt: skip
    corners = [(left, floor), (right, floor)]
    sheet.area(corners, "pic-band", slot="band")
    sheet.lines([corners], "pic-accent", 1.6, slot="mean")
    return sheet.frame(), ticks


def _rounded_up(value: float) -> float:
    """The next of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten, so that few frames serve many curves."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value * (1 - 1e-9))
