"""Draw the pictures of a board's pages: intervals, reported and honest scores, and subjects.

Each picture has two widths: for a page, and for a phone, where scaled text would be too small to read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from merbench.leaderboard.difficulty import accuracies
from merbench.leaderboard.methods import Method, methods_of
from merbench.leaderboard.svg import Point, Scale, Sheet, shade, shorten
from merbench.leaderboard.wording import DASH, figure, interval, with_claim

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.rows import Row
    from merbench.runs.scoring import Counts

__all__ = ["NARROW", "SMALL", "axis", "dumbbells", "forest", "subject_matrix"]

WIDE, NARROW = 760.0, 340.0  # px
NAME = 28  # letters of a name; a longer name is cut
LEFT = 190.0  # px for names, left of the marks
LINE = 22.0  # px from one row to the next
SMALL = 11.0  # px of text that explains
LETTER = 5.2  # px of a letter of such text

FOREST_ROWS = 20
REPORTED_ROWS = 6  # of those, kept for papers' figures if not all rows fit
COLUMNS = (("reported", 578.0), ("not known", 638.0), ("honest", 686.0), ("test-selected", 758.0))

MATRIX_ROWS = 16
MATRIX_SUBJECTS = 300
BAR = 17.0  # px from one row of the subject matrix to the next

Mark: TypeAlias = Callable[[float, float, str], None]
Marks: TypeAlias = Sequence[tuple[Mark, str, str]]


def forest(board: Board, part: str = "full", *, narrow: bool = False) -> str:
    """UF1 of a part with its 95 % interval of the ranked rows, beside the papers' figures; '' if there are no scores.

    Shows at most 20 rows, the best of each kind; the title then says so.
    """
    ranked = _best(board.ranked_by(part), part)
    reported = _best((row for row in board.rows if row.badge == "reported"), part)
    kept = ranked[: FOREST_ROWS - min(len(reported), REPORTED_ROWS)]
    rows = _best([*kept, *reported[: FOREST_ROWS - len(kept)]], part)
    if not rows:
        return ""
    everyone, high = len(ranked) + len(reported), 2 * LINE - 8 if narrow else LINE
    bottom = 8 + high * len(rows)
    sheet, clips = Sheet(NARROW if narrow else WIDE, 0), _clips(board, part)
    marks: Marks = [
        (sheet.dot, "chart-accent", "scored from predictions, 95 % interval over subjects"),
        (sheet.ring, "chart-accent", "shortened, or own settings"),
        (sheet.ring, "chart-reported", "reported by a paper, without interval"),
    ]
    ends = [end for row in rows for end in (_uf1(row, part), *(_interval(row, part) or ()))]
    scale = axis(sheet, (10, 330) if narrow else (LEFT + 16, 640), (4, bottom), ends, f"UF1, {clips}")
    for index, row in enumerate(rows):
        _forest_row(sheet, scale, 8 + high * (index + (1 if narrow else 0.5)) - (8 if narrow else 0), row, part, narrow)
    sheet.height = _legend(sheet, bottom + 48, marks)
    return sheet.svg(
        _key("forest", board, part, narrow),
        f"UF1 with 95 % intervals, {clips}: {board.name}"
        + (f" (the best {len(rows)} of {everyone} rows)" if len(rows) < everyone else ""),
        f"UF1 over {clips}, best first. " + " ".join(f"{_name(row)} ({row.ran}): {_value(row, part)}." for row in rows),
    )


def dumbbells(board: Board, *, narrow: bool = False) -> str:
    """UF1 (full) of each method with more than one known score: reported, honest, chosen on the test labels.

    Shows at most 20 methods, the best; '' if there are none.
    """
    methods = methods_of(board)[:FOREST_ROWS]
    if not methods:
        return ""
    high = 2.5 * LINE if narrow else LINE
    top = 4.0 if narrow else 26.0
    bottom = top + 4 + high * len(methods)
    sheet = Sheet(NARROW if narrow else WIDE, 0)
    values = [value for method in methods for value in method.values()]
    scale = axis(sheet, (10, 330) if narrow else (LEFT + 16, 520), (top, bottom), values, "UF1, all clips")
    for heading, end in () if narrow else COLUMNS:
        name = "chart-ink" if heading == "honest" else "chart-muted"
        sheet.text(end, 16, heading, name, "end", size=SMALL)
    for index, method in enumerate(methods):
        y = top + 4 + high * (index + (1 if narrow else 0.5)) - (10 if narrow else 0)
        _numbers(sheet, y, method, narrow)
        with sheet.named(method.sentence()):
            _dumbbell(sheet, scale, y, method)
    marks: Marks = [
        (sheet.ring, "chart-reported", "reported by a paper (the number: the highest)"),
        (sheet.dot, "chart-accent", "honest: epoch chosen without the test subject"),
        (sheet.ring, "chart-accent", "honest; shortened, or own settings"),
        (sheet.diamond, "chart-warn", "epoch chosen on the test subject"),
        (sheet.ring, "chart-warn", "choice of the epoch not known"),
    ]
    sheet.height = _legend(sheet, bottom + 48, marks)
    return sheet.svg(
        _key("dumbbells", board, "full", narrow),
        f"What papers report, what is honest, and what choosing the epoch on the test subject gives: {board.name}",
        "UF1 over all clips. " + " ".join(method.sentence() for method in methods),
    )


def subject_matrix(board: Board, part: str = "full", *, narrow: bool = False) -> str:
    """The accuracy of each of the best 16 rows with predictions, on each subject of a part; '' if there are none.

    Subjects are grouped by database, in the order of the parts, and ordered by their mean accuracy over the rows, the
    hardest first. There is no chart of more than 300 subjects.
    """
    rows = [row for row in board.part_rows(part) if row.entries][:MATRIX_ROWS]
    counts = rows[0].entries[0].counts if rows else None
    if not counts or part not in counts.parts:
        return ""
    rows = [row for row in rows if all(entry.counts.rows == counts.rows for entry in row.entries)]
    shown = counts.of(part)
    if not 0 < len(shown.subjects) <= MATRIX_SUBJECTS:
        return ""
    accuracy = np.array([accuracies(row, part) for row in rows])
    groups = _hardest_first(shown, accuracy.mean(axis=0))
    sheet = _stacked(board, rows, groups, accuracy) if narrow else _beside(board, rows, groups, accuracy)
    means = " ".join(
        f"{_name(row)} ({row.ran}): {_share(mean)}." for row, mean in zip(rows, accuracy.mean(axis=1), strict=True)
    )
    return sheet.svg(
        _key("subjects", board, part, narrow),
        f"Share of right answers on each subject, {_clips(board, part)}: {board.name}",
        f"One line per row, one cell per subject, grouped by database, the hardest first. Mean over subjects: {means}",
    )


def _key(kind: str, board: Board, part: str, narrow: bool) -> str:
    return f"chart-{kind}-{board.stem(part)}{'-narrow' if narrow else ''}"


def _clips(board: Board, part: str) -> str:
    return "all clips" if part == "full" else f"the clips of {board.part_name(part)}"


def _uf1(row: Row, part: str) -> float:
    found = row.uf1_of(part)
    return found.value if found else 0.0


def _interval(row: Row, part: str) -> tuple[float, float] | None:
    found = row.uf1_of(part)
    return found.interval if found else None


def _best(rows: Iterable[Row], part: str) -> list[Row]:
    return sorted((row for row in rows if row.uf1_of(part)), key=lambda row: -_uf1(row, part))


def _name(row: Row, letters: int = NAME) -> str:
    """The model, and what tells it from others of its name: recipe and epoch policy, or the year of the paper."""
    if row.badge == "reported":
        return f"{shorten(row.name, letters - 6)}, {row.year}" if row.year else shorten(row.name, letters)
    return shorten(row.name, letters, row.distinction)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _value(row: Row, part: str) -> str:
    ends = _interval(row, part)
    return figure(_uf1(row, part)) + (f" [{interval(ends)}]" if ends else "")


def axis(sheet: Sheet, across: Point, down: Point, values: Sequence[float], label: str) -> Scale:
    """Draw an upright line at every tenth that the values reach, and return the scale.

    Args:
        across, down: px from left to right, and from the upper to the lower end of the lines.
        label: below the axis.
    """
    first, last = math.floor(min(values) * 10 - 1e-9), math.ceil(max(values) * 10 + 1e-9)
    first, last = max(first, 0), max(min(last, 10), first + 1)
    scale = Scale(first / 10, last / 10, *across)
    tenths = [tenth / 10 for tenth in range(first, last + 1)]
    sheet.lines([[(scale(tenth), down[0]), (scale(tenth), down[1])] for tenth in tenths], "chart-grid")
    for tenth in tenths:
        sheet.text(scale(tenth), down[1] + 14, f"{tenth:.1f}", "chart-muted", "middle", size=SMALL)
    sheet.text((across[0] + across[1]) / 2, down[1] + 29, label, "chart-muted", "middle", size=SMALL)
    return scale


def _forest_row(sheet: Sheet, scale: Scale, y: float, row: Row, part: str, narrow: bool) -> None:
    ends, value = _interval(row, part), _uf1(row, part)
    ink = "chart-ink" if ends else "chart-muted"
    if narrow:
        sheet.text(2, y - 10, _name(row), ink)
        sheet.text(NARROW - 2, y - 10, _value(row, part), ink, "end")
    else:
        sheet.text(LEFT, y + 4, _name(row), ink, "end")
        sheet.text(656, y + 4, _value(row, part), ink)
    with sheet.named(f"{with_claim(row)}: {_value(row, part)}"):
        if ends:
            sheet.lines([[(scale(ends[0]), y), (scale(ends[1]), y)]], "chart-accent", 1.5)
            (sheet.ring if row.hollow else sheet.dot)(scale(value), y, "chart-accent")
        else:
            sheet.ring(scale(value), y, "chart-reported")


def _numbers(sheet: Sheet, y: float, method: Method, narrow: bool) -> None:
    """The name of a method and its figures."""
    found = (max(method.reported, default=None), method.unknown, method.honest, method.selected)
    if narrow:
        words = [f"{name} {figure(one)}" for (name, _), one in zip(COLUMNS, found, strict=True) if one is not None]
        sheet.text(2, y - 25, shorten(method.title, NAME))
        sheet.text(2, y - 10, ", ".join(words), "chart-muted", size=SMALL)
        return
    sheet.text(LEFT, y + 4, shorten(method.title, NAME), anchor="end")
    for (name, end), one in zip(COLUMNS, found, strict=True):
        ink = "chart-ink" if name == "honest" else "chart-muted"
        sheet.text(end, y + 4, DASH if one is None else figure(one), ink, "end")


def _dumbbell(sheet: Sheet, scale: Scale, y: float, method: Method) -> None:
    sheet.lines([[(scale(end), y) for end in method.line()]], "chart-grid", 2)
    for value in method.reported:
        sheet.ring(scale(value), y, "chart-reported", 12)  # wide enough to be seen around another mark
    if method.unknown is not None:
        sheet.ring(scale(method.unknown), y, "chart-warn")
    if method.selected is not None:
        sheet.diamond(scale(method.selected), y, "chart-warn")
    if method.honest is not None:
        (sheet.ring if method.hollow else sheet.dot)(scale(method.honest), y, "chart-accent")


def _legend(sheet: Sheet, y: float, marks: Marks) -> float:
    """Marks and their meaning, as many beside each other as fit; returns the height that the sheet then needs."""
    x = 8.0
    for mark, name, meaning in marks:
        width = 12 + len(meaning) * LETTER
        if x > 8 and x + width > sheet.width:
            x, y = 8.0, y + 18
        mark(x, y, name)
        sheet.text(x + 10, y + 4, meaning, "chart-muted", size=SMALL)
        x += width + 22
    return y + 12


def _hardest_first(counts: Counts, accuracy: np.ndarray) -> dict[str, list[int]]:
    """Each database's subjects, as indices, by accuracy; who is in several is in the first of them."""
    first: dict[str, int] = {}
    for subject, own in counts.rows:
        place = counts.databases.index(own.split("/")[0])
        first[subject] = min(first.get(subject, place), place)
    of_database: dict[str, list[int]] = {database: [] for database in counts.databases}
    for index in sorted(range(len(first)), key=lambda index: (accuracy[index], counts.subjects[index])):
        of_database[counts.databases[first[counts.subjects[index]]]].append(index)
    return {database: group for database, group in of_database.items() if group}


def _beside(board: Board, rows: Sequence[Row], groups: dict[str, list[int]], accuracy: np.ndarray) -> Sheet:
    """The databases side by side."""
    many = accuracy.shape[1]
    pitch = min(max((WIDE - LEFT - 10 * len(groups)) / many, 4.0), 22.0)
    sheet = Sheet(LEFT + pitch * many + 10 * len(groups), 62 + BAR * len(rows))
    left = LEFT
    for database, group in groups.items():
        sheet.text(left, 12, f"{board.part_name(database)}, {len(group)} subjects", "chart-muted", size=SMALL)
        _cells(sheet, (left, 20), pitch, accuracy[:, group])
        left += pitch * len(group) + 10
    for index, row in enumerate(rows):
        with sheet.named(with_claim(row)):
            sheet.text(LEFT - 10, 20 + BAR * (index + 0.5) + 4, _name(row), anchor="end")
    _shades(sheet, LEFT, 38 + BAR * len(rows))
    return sheet


def _stacked(board: Board, rows: Sequence[Row], groups: dict[str, list[int]], accuracy: np.ndarray) -> Sheet:
    """The databases below each other."""
    left, high = 132.0, 30 + BAR * len(rows)
    sheet = Sheet(NARROW, high * len(groups) + 34)
    for place, (database, group) in enumerate(groups.items()):
        top = high * place + 20
        sheet.text(left, top - 8, f"{board.part_name(database)}, {len(group)} subjects", "chart-muted", size=SMALL)
        _cells(sheet, (left, top), min((NARROW - left) / len(group), 12.0), accuracy[:, group])
        for index, row in enumerate(rows):
            with sheet.named(with_claim(row)):
                sheet.text(left - 8, top + BAR * (index + 0.5) + 4, _name(row, 20), anchor="end", size=SMALL)
    _shades(sheet, left, high * len(groups) + 12, short=True)
    return sheet


def _cells(sheet: Sheet, corner: Point, pitch: float, accuracy: np.ndarray) -> None:
    """A level line for each cell of `[rows, subjects]`, as thick as the cell is high: all of one shade are one path."""
    of_shade: dict[str, list[list[Point]]] = {}
    for (row, column), value in np.ndenumerate(accuracy):
        x, y = corner[0] + pitch * column, corner[1] + BAR * (row + 0.5)
        of_shade.setdefault(shade(value), []).append([(x, y), (x + pitch - 0.6, y)])
    for name, cells in sorted(of_shade.items()):
        sheet.lines(cells, name, BAR - 1)


def _shades(sheet: Sheet, left: float, y: float, *, short: bool = False) -> None:
    """The scale of the shades."""
    label = "clips that are right" if short else "clips that are right, by subject"
    sheet.text(left - 10, y + 9, label, "chart-muted", "end", size=SMALL)
    sheet.text(left, y + 9, "0 %", "chart-muted", size=SMALL)
    for tenth in range(11):
        sheet.box(left + 24 + 13 * tenth, y, 12.4, 11, shade(tenth / 10))
    sheet.text(left + 172, y + 9, "100 %", "chart-muted", size=SMALL)
