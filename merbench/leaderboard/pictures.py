"""Draw the pictures of the first page: reported figures by year, who leads, clips, duels, chances and costs.

Each picture has two widths: for a page, and for a phone, where scaled text would be too small to read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from merbench.leaderboard.difficulty import Clip, Subject
from merbench.leaderboard.finding import foremost, leading, middle, selected
from merbench.leaderboard.labels import Labels
from merbench.leaderboard.svg import Scale, Sheet, shorten, ticks
from merbench.leaderboard.wording import figure, rounded, with_claim

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.entries import Figure
    from merbench.leaderboard.rows import Row

__all__ = ["Span", "chances", "costs", "diagonal", "difficulty", "duels", "hardest", "span_of", "strip", "years"]

WIDE, NARROW = 700.0, 340.0  # px
SMALL = 11.0  # px of text that explains
NAME = 26  # letters of a name; a longer name is cut
PHONE = 20  # letters beside bars on a phone
FEWEST = 3  # clips of a subject that is shown: with fewer, one clip decides its share
HIGH = 470.0  # px of the picture of years
LINE = 20.0  # px from one bar to the next
MOST_BARS = 16
MOST_POINTS = 60  # of a picture of points: the highest
SHADES = ("chart-accent", "chart-fill4", "chart-fill2", "chart-reported", "chart-warn", "chart-grid")  # of databases

WORDS = 14.0  # px from one line of words to the next

Span = tuple[float, float]
Meaning: TypeAlias = "tuple[str, Figure, tuple[str, str, str]]"


def years(board: Board, *, narrow: bool = False) -> str:
    """UF1 that papers report, by year; behind them, what the leading group scores, honest and test-selected.

    '' if no paper reports a figure and a year.
    """
    points = _reported(board)
    rows = foremost(leading(board))
    honest, chosen = middle(rows, lambda row: row.uf1), middle(rows, selected)
    if not points:
        return ""
    sheet = Sheet(NARROW if narrow else WIDE, HIGH)
    ends = [end for one in (honest, chosen) if one for end in _ends(one)]
    across, down = _year_scales(points, ends, narrow)
    right = across.end
    _bands(sheet, down, right, (("chart-band", honest), ("chart-warm", chosen)))
    _year_axes(sheet, across, down)
    labels = Labels(34, right, 8, HIGH - 34)
    if honest:
        sheet.lines([[(34, down(honest.value)), (right, down(honest.value))]], "chart-accent", 1.6)
        labels.keep_line(34, right, down(honest.value))
    places = [(across(year), down(value), name, kind) for year, value, name, kind in points]
    for (year, value, *_), (x, y, name, kind) in zip(points, places, strict=True):
        with sheet.named(f"{name}, {year}: {figure(value)}, reported"):
            (sheet.dot if kind == "chart-warn" else sheet.ring)(x, y, kind)
        labels.keep(x, y)
    meanings = _meanings(honest, chosen, len(rows), len(foremost(board.ranked)))
    if narrow:
        _words(sheet, labels, down, 38, meanings)
    else:
        _words(sheet, Labels(right, sheet.width, 0, HIGH), down, right + 10, meanings)
    for x, y, name, _ in places:
        labels.write(sheet, x, y, name, SMALL)
    return sheet.svg(
        _key("years", board, narrow),
        f"UF1 that papers report, by year: {board.name}",
        " ".join(f"{name}, {year}: {figure(value)}." for year, value, name, _ in points)
        + (f" Honest: {figure(honest.value)}." if honest else "")
        + (f" Epoch chosen on the test subject: {figure(chosen.value)}." if chosen else ""),
    )


def _reported(board: Board) -> list[tuple[int, float, str, str]]:
    """Year, UF1, name and class of each reported figure. Figures of one method that print alike are one point, and so
    are methods of one year whose figures print alike: the name of one may be short for the other.
    """
    found: dict[tuple[str, str], tuple[int, float, str, str]] = {}
    for row in board.rows:
        printed = row.first_published
        if row.badge == "reported" and row.uf1 and printed:
            kind = "chart-warn" if "test-selected" in row.policy else "chart-reported"
            key = row.model.casefold(), figure(row.uf1.value)
            year, *_ = found.get(key, (printed,))
            found[key] = min(year, printed), row.uf1.value, shorten(row.model, NAME), kind
    points: dict[tuple[int, str, str], tuple[int, float, str, str]] = {}
    for year, value, name, kind in sorted(found.values(), key=lambda one: (-one[1], one[2])):
        place = year, figure(value), kind
        names = f"{points[place][2]}, {name}" if place in points else name
        points[place] = year, value, shorten(names, NAME), kind
    return [*points.values()][:MOST_POINTS]


def _year_scales(
    points: Sequence[tuple[int, float, str, str]], ends: Sequence[float], narrow: bool
) -> tuple[Scale, Scale]:
    """Years across and UF1 upwards; right of the last year is room for a name."""
    years, values = [year for year, *_ in points], [*ends, *(value for _, value, *_ in points)]
    many = max(max(years) - min(years), 4)
    across = Scale(
        min(years) - 0.06 * many,
        max(years) + (0.2 if narrow else 0.12) * many,
        34,
        NARROW - 2 if narrow else WIDE - 150,
    )
    return across, Scale(math.floor(min(values) * 50) / 50, math.ceil(max(values) * 50 + 0.4) / 50, HIGH - 34, 8)


def _ends(one: Figure) -> Span:
    return one.interval or (one.value, one.value)


def _bands(sheet: Sheet, down: Scale, right: float, bands: Iterable[tuple[str, Figure | None]]) -> None:
    for name, one in bands:
        if one and one.interval:
            low, high = one.interval
            sheet.box(34, down(high), right - 34, down(low) - down(high), name)


def _year_axes(sheet: Sheet, across: Scale, down: Scale) -> None:
    for value in ticks(down.low, down.high, 6):
        sheet.lines([[(34, down(value)), (across.end, down(value))]], "chart-grid")
        sheet.text(28, down(value) + 4, rounded(value), "chart-muted", "end", size=SMALL)
    for year in ticks(math.ceil(across.low), math.floor(across.high), 5, whole=True):
        sheet.text(across(year), down.start + 20, f"{year:g}", "chart-muted", "middle", size=SMALL)


def _meanings(honest: Figure | None, chosen: Figure | None, leads: int, models: int) -> list[Meaning]:
    """What the bands are: class, figure, and words in lines."""
    found: list[Meaning] = []
    if chosen:
        words = f"{rounded(chosen.value)} leading networks,", "epoch chosen", "on the test subject"
        found.append(("chart-warn", chosen, words))
    if honest:
        words = f"{rounded(honest.value)} honest:", f"{leads} of {models} models lead", "band: 95 % interval"
        found.append(("chart-accent", honest, words))
    return found


def _words(sheet: Sheet, labels: Labels, down: Scale, x: float, meanings: Sequence[Meaning]) -> None:
    """Write the words of each band at `x`: from its figure downwards or, if that is taken, from its upper end."""
    for ink, one, words in meanings:
        width, height = max(map(len, words)) * SMALL * 0.5, WORDS * len(words)
        starts = down(one.value) + 2, down(_ends(one)[1])
        tops = (start + step for start in starts for step in range(0, 60, 2))
        top = labels.block(x, width, height, tops)
        for place, line in enumerate(words):
            sheet.text(x, top + WORDS * place + 10, line, ink, size=SMALL)


def span_of(rows: Sequence[Row], reported: Iterable[float]) -> Span:
    """The ends of an axis for the scores of some rows, their intervals and reported figures; in tenths."""
    values = [end for row in rows for one in (row.uf1, selected(row)) if one for end in _ends(one)] + [*reported]
    return (math.floor(min(values) * 20) / 20, math.ceil(max(values) * 20) / 20) if values else (0.0, 1.0)


def strip(row: Row, reported: Sequence[float], span: Span, band: Span | None, *, narrow: bool = False) -> str:
    """One row on an axis: interval, score, what papers report, and the score with the epoch chosen on the test subject.

    `band`: the interval that stands behind every row.
    """
    sheet = Sheet(200 if narrow else 460, 22)
    scale = Scale(*span, 6, sheet.width - 6)
    if band:
        sheet.box(scale(band[0]), 0, scale(band[1]) - scale(band[0]), 22, "chart-fill1")
    for value in reported:
        sheet.ring(scale(value), 11, "chart-reported", 11)
    if row.uf1:
        low, high = _ends(row.uf1)
        with sheet.named(f"{with_claim(row)}: {figure(row.uf1.value)}"):
            sheet.lines([[(scale(low), 11), (scale(high), 11)]], "chart-accent", 1.6)
            (sheet.ring if row.hollow else sheet.dot)(scale(row.uf1.value), 11, "chart-accent")
    if chosen := selected(row):
        sheet.diamond(scale(chosen.value), 11, "chart-warn")
    said = [f"{figure(row.uf1.value)} honest"] if row.uf1 else []
    among = f" among {row.epochs} epochs" if row.epochs else ""
    said += [f"{figure(chosen.value)} test-selected{among}"] if chosen else []
    said += [f"{figure(value)} reported" for value in reported]
    return sheet.svg(f"strip-{row.id}{'-narrow' if narrow else ''}", f"UF1 of {with_claim(row)}", ", ".join(said))


def diagonal(board: Board, points: Sequence[tuple[Row, float]], *, narrow: bool = False) -> str:
    """What a paper reports (across) against what the run here scores (up), with its interval; '' without points."""
    points = [(row, reported) for row, reported in points if row.uf1]
    if not points:
        return ""
    side = NARROW if narrow else 430.0
    sheet = Sheet(side, side)
    ends = [end for row, reported in points if row.uf1 for end in (*_ends(row.uf1), reported)]
    span = math.floor(min(ends) * 20) / 20, math.ceil(max(ends) * 20) / 20
    across, down = Scale(*span, 40, side - 14), Scale(*span, side - 44, 10)
    _square_axes(sheet, across, down, "UF1 that the paper reports", "UF1 of the run here")
    sheet.lines([[(across(span[0]), down(span[0])), (across(span[1]), down(span[1]))]], "chart-muted")
    labels = Labels(42, side, 10, side - 46)
    for row, reported in points:
        assert row.uf1
        low, high = _ends(row.uf1)
        with sheet.named(f"{with_claim(row)}: reported {figure(reported)}, here {figure(row.uf1.value)}"):
            sheet.lines([[(across(reported), down(low)), (across(reported), down(high))]], "chart-accent", 1.6)
            (sheet.ring if row.hollow else sheet.dot)(across(reported), down(row.uf1.value), "chart-accent")
        labels.keep(across(reported), down(row.uf1.value))
    for row, reported in points:
        assert row.uf1
        labels.write(sheet, across(reported), down(row.uf1.value), row.name, SMALL)
    said = (
        f"{with_claim(row)}: reported {figure(value)}, here {figure(row.uf1.value)}."
        for row, value in points
        if row.uf1
    )
    return sheet.svg(_key("diagonal", board, narrow), f"Reported against honest UF1: {board.name}", " ".join(said))


def _square_axes(sheet: Sheet, across: Scale, down: Scale, bottom: str, left: str) -> None:
    for value in ticks(across.low, across.high, 6):
        sheet.lines([[(across(value), down.start), (across(value), down.end)]], "chart-grid")
        sheet.text(across(value), down.start + 16, rounded(value), "chart-muted", "middle", size=SMALL)
    for value in ticks(down.low, down.high, 6):
        sheet.lines([[(across.start, down(value)), (across.end, down(value))]], "chart-grid")
        sheet.text(across.start - 6, down(value) + 4, rounded(value), "chart-muted", "end", size=SMALL)
    sheet.text(across.end, down.start + 34, bottom, "chart-muted", "end", size=SMALL)
    sheet.text(across.start + 6, down.end + 10, left, "chart-muted", size=SMALL)


def difficulty(board: Board, clips: Sequence[Clip], rows: int, *, narrow: bool = False) -> str:
    """How many clips are solved by which share of the leading rows, stacked by database; '' without clips."""
    databases = [part for part in board.parts if part != "full"]
    if not clips or not 0 < len(databases) <= len(SHADES):
        return ""
    bins = 10
    held = {one: [0] * (bins + 1) for one in databases}
    for clip in clips:
        # The ends are bars of their own: all rows are right, or none is.
        place = 0 if clip.right == 0 else bins if clip.right == 1 else min(1 + int(clip.right * (bins - 1)), bins - 1)
        held.setdefault(clip.database, [0] * (bins + 1))[place] += 1
    totals = [sum(one[place] for one in held.values()) for place in range(bins + 1)]
    sheet = Sheet(NARROW if narrow else 430, 300)
    across, down = Scale(0, bins + 1, 36, sheet.width - 6), Scale(0, max(totals), 236, 26)
    for value in ticks(0, max(totals), 5, whole=True):
        sheet.lines([[(36, down(value)), (across.end, down(value))]], "chart-grid")
        sheet.text(30, down(value) + 4, f"{value:g}", "chart-muted", "end", size=SMALL)
    for place in range(bins + 1):
        below = 0
        for database, shade in zip(held, SHADES, strict=False):
            number = held[database][place]
            top, bottom = down(below + number), down(below)
            if number:
                sheet.box(across(place) + 1, top, across(place + 1) - across(place) - 2, bottom - top, shade)
            below += number
        if place in (0, bins):
            sheet.text(across(place + 0.5), down(below) - 5, str(below), "chart-ink", "middle")
    sheet.text(across(0), 252, "none", "chart-muted", size=SMALL)
    sheet.text(across(bins + 1), 252, "all", "chart-muted", "end", size=SMALL)
    sheet.text(
        across(bins / 2 + 0.5), 252, f"of the {rows} leading rows are right", "chart-muted", "middle", size=SMALL
    )
    _boxes(sheet, 284, [(shade, board.part_names.get(one, one)) for one, shade in zip(held, SHADES, strict=False)])
    return sheet.svg(
        _key("difficulty", board, narrow),
        f"Difficulty of the clips: {board.name}",
        f"Of {len(clips)} clips, {totals[-1]} are solved by all {rows} leading rows and {totals[0]} by none.",
    )


def _boxes(sheet: Sheet, y: float, meanings: Sequence[tuple[str, str]]) -> None:
    """A legend of shades, side by side."""
    x = 36.0
    for shade, words in meanings:
        sheet.box(x, y - 9, 11, 11, shade)
        sheet.text(x + 16, y, words, "chart-muted", size=SMALL)
        x += 34 + len(words) * 6.4


def duels(board: Board, rows: Sequence[Row], beats: Callable[[int, int], bool], *, narrow: bool = False) -> str:
    """Who beats whom in a paired test: a cell is dark where the row of the line beats the row of the column.

    Args:
        rows: at least two, best first.
        beats: whether the row of the first index beats the row of the second.
    """
    if len(rows) < 2:
        return ""
    left = 24.0 if narrow else 190.0
    pitch = min(((NARROW if narrow else 620) - left) / len(rows), 22.0)
    below = 26 + pitch * len(rows)
    sheet = Sheet(left + pitch * len(rows) + 2, below + (LINE - 5) * len(rows) * narrow)
    for index, row in enumerate(rows):
        y = 20 + pitch * (index + 0.5) + 4
        name = f"{index + 1}" if narrow else f"{shorten(row.name, NAME + 2, row.distinction)}  {index + 1}"
        with sheet.named(with_claim(row)):
            sheet.text(left - 5, y, name, anchor="end", size=min(SMALL, pitch))
        if index % (3 if narrow else 1) == 0:
            sheet.text(
                left + pitch * (index + 0.5), 14, str(index + 1), "chart-muted", "middle", size=min(SMALL, pitch)
            )
        if narrow:
            words = f"{index + 1}  {shorten(row.name, 2 * NAME, row.distinction)}"
            sheet.text(2, below + (LINE - 5) * (index + 0.6), words, size=SMALL)
    for name, holds in (
        ("chart-accent", beats),
        ("chart-warn", lambda a, b: beats(b, a)),
        ("chart-grid", lambda a, b: a == b),
    ):
        cells = [
            [(left + pitch * b, 20 + pitch * (a + 0.5)), (left + pitch * (b + 1) - 1, 20 + pitch * (a + 0.5))]
            for a in range(len(rows)) for b in range(len(rows)) if holds(a, b)
        ]  # fmt: skip
        if cells:
            sheet.lines(cells, name, pitch - 1)
    won = (f"{with_claim(row)} beats {sum(beats(a, b) for b in range(len(rows)))}." for a, row in enumerate(rows))
    return sheet.svg(_key("duels", board, narrow), f"Who beats whom: {board.name}", " ".join(won))


def chances(board: Board, *, narrow: bool = False) -> str:
    """How often each leading row is first when subjects are drawn again; '' if fewer than two rows lead."""
    letters = PHONE if narrow else NAME
    rows = [
        (shorten(row.name, letters, row.distinction), with_claim(row), row.standing.first)
        for row in leading(board) if row.standing
    ]  # fmt: skip
    return _bars(board, "chances", "Chance of being first", rows, narrow) if len(rows) > 1 else ""


def hardest(board: Board, subjects: Sequence[Subject], *, narrow: bool = False) -> str:
    """The share of right answers on the hardest subjects with enough clips, over the leading rows; '' without any."""
    shown = [one for one in subjects if one.clips >= FEWEST]
    names = [f"{one.subject} ({one.clips} clip{'s' * (one.clips > 1)})" for one in shown[:MOST_BARS]]
    rows = [(name, name, one.right) for name, one in zip(names, shown, strict=False)]
    return _bars(board, "hardest", "The hardest subjects", rows, narrow) if rows else ""


def _bars(board: Board, key: str, title: str, rows: Sequence[tuple[str, str, float]], narrow: bool) -> str:
    """A bar for each short name, full name and share, with its name to the left and its per cent to the right."""
    left = 150.0 if narrow else 190.0
    sheet = Sheet(NARROW if narrow else 430, LINE * min(len(rows), MOST_BARS) + 8)
    scale = Scale(0, max(max(share for *_, share in rows), 0.01), left, sheet.width - 42)
    for index, (name, whole, share) in enumerate(rows[:MOST_BARS]):
        y = LINE * index + 4
        sheet.text(left - 8, y + 13, shorten(name, PHONE if narrow else NAME), anchor="end", size=SMALL)
        with sheet.named(f"{whole}: {100 * share:.0f} %"):
            sheet.box(left, y + 2, max(scale(share) - left, 1), LINE - 6, "chart-accent")
        sheet.text(scale(share) + 6, y + 13, f"{100 * share:.0f} %", "chart-muted", size=SMALL)
    said = " ".join(f"{whole}: {100 * share:.0f} %." for _, whole, share in rows[:MOST_BARS])
    return sheet.svg(_key(key, board, narrow), f"{title}: {board.name}", said)


def costs(board: Board, *, narrow: bool = False) -> str:
    """UF1 against the seconds that a whole run took; '' if fewer than two ranked rows say how long."""
    rows = [row for row in board.ranked if row.seconds and row.uf1][:MOST_POINTS]
    if len(rows) < 2:
        return ""
    sheet = Sheet(NARROW if narrow else 430, 330)
    seconds = [math.log10(row.seconds) for row in rows if row.seconds]
    values = [row.uf1.value for row in rows if row.uf1]
    across = Scale(math.floor(min(seconds)), math.ceil(max(seconds) + 0.01), 40, sheet.width - 24)
    down = Scale(math.floor(min(values) * 10) / 10, math.ceil(max(values) * 10 + 0.1) / 10, 286, 10)
    for power in range(round(across.low), round(across.high) + 1):
        sheet.lines([[(across(power), 286), (across(power), 10)]], "chart-grid")
        sheet.text(across(power), 302, _power(power), "chart-muted", "middle", size=SMALL)
    for value in ticks(down.low, down.high, 6):
        sheet.lines([[(40, down(value)), (across.end, down(value))]], "chart-grid")
        sheet.text(34, down(value) + 4, rounded(value), "chart-muted", "end", size=SMALL)
    sheet.text(across.end, 320, "seconds of a whole run", "chart-muted", "end", size=SMALL)
    labels, seen = Labels(42, sheet.width, 10, 284), set[str]()
    places = [(across(at), down(value), row) for at, value, row in zip(seconds, values, rows, strict=True)]
    for x, y, row in places:
        assert row.uf1
        with sheet.named(f"{with_claim(row)}: {row.seconds:.0f} s, {figure(row.uf1.value)}"):
            (sheet.ring if row.hollow else sheet.dot)(x, y, "chart-accent")
        labels.keep(x, y)
    for x, y, row in places:
        name = shorten(row.name, NAME)
        if name not in seen and labels.write(sheet, x, y, name, SMALL):
            seen.add(name)
    said = (f"{with_claim(row)}: {row.seconds:.0f} s, {figure(row.uf1.value)}." for row in rows if row.uf1)
    return sheet.svg(_key("costs", board, narrow), f"Time of a run and UF1: {board.name}", " ".join(said))


def _power(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def _key(kind: str, board: Board, narrow: bool) -> str:
    return f"{kind}{'-narrow' if narrow else ''}-{board.slug}"
