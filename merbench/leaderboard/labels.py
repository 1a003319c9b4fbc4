"""Place the names of points so that they cover neither each other nor a point, and can be told from their neighbours'.

Greedy: what is placed first has the best place. The same points in the same order give the same places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from merbench.leaderboard.svg import Anchor, Point, Sheet

__all__ = ["Labels", "Place"]

LETTER = 0.56  # of a letter's height is its mean width
MARK = 6.0  # px from a point's centre to the end of its mark
AWAY = 10.0  # px from a label to the left or right of the mark of another point, which it would seem to name
STEPS = 5  # lines above or below its point that a label may stand; from the second on, a line joins both

Box = tuple[float, float, float, float]  # left, upper, right, lower


@dataclass(frozen=True)
class Place:
    """Where the baseline of a label starts, or ends, which of the two, and the line that joins it to its point."""

    x: float
    baseline: float
    anchor: Anchor
    line: tuple[Point, ...] = ()


class Labels:
    """The boxes that are taken inside a frame."""

    def __init__(self, left: float, right: float, upper: float, lower: float) -> None:
        self._frame = left, upper, right, lower
        self._points: set[Point] = set()
        self._taken: list[Box] = []

    def keep(self, x: float, y: float) -> None:
        """Keep labels away from a point."""
        self._points.add((x, y))

    def keep_line(self, left: float, right: float, y: float) -> None:
        """Keep labels away from a level line."""
        self._taken.append((left, y - 1, right, y + 1))

    def block(self, left: float, width: float, height: float, tops: Iterable[float]) -> float:
        """The first of the upper ends where a block of words is free, and takes it; if none is, the last."""
        top = 0.0
        for top in tops:
            if self._free((left, top, left + width, top + height), 0):
                break
        self._taken.append((left, top, left + width, top + height))
        return top

    def write(self, sheet: Sheet, x: float, y: float, text: str, size: float) -> bool:
        """Draw the name of a point; False if there is no place for it."""
        place = self.place(x, y, text, size)
        if place:
            if place.line:
                sheet.lines([place.line], "chart-muted", 0.6)
            sheet.text(place.x, place.baseline, text, anchor=place.anchor, size=size)
        return place is not None

    def place(self, x: float, y: float, text: str, size: float) -> Place | None:
        """The best free place for the name of a point, and takes it; None if there is none."""
        width = len(text) * size * LETTER
        for away in (AWAY, 0.0):
            for left, middle, anchor, line in _sides(x, y, width, size):
                box = left, middle - size / 2, left + width, middle + size / 2
                if self._free(box, away, own=(x, y)) and not any(map(self._covered, _along(line))):
                    self._taken += [box, *((a - 1, b - 1, a + 1, b + 1) for a, b in _along(line))]
                    return Place(left if anchor == "start" else left + width, middle + size * 0.36, anchor, line)
        return None

    def _free(self, box: Box, away: float, own: Point | None = None) -> bool:
        left, upper, right, lower = self._frame
        inside = left <= box[0] and upper <= box[1] and box[2] <= right and box[3] <= lower
        marks = (_mark(one, 0 if one == own else away) for one in self._points)
        return inside and not any(_overlap(box, one) for one in (*self._taken, *marks))

    def _covered(self, point: Point) -> bool:
        box = (*point, *point)
        return any(_overlap(box, one) for one in (*self._taken, *(_mark(one, 0) for one in self._points)))


def _sides(x: float, y: float, width: float, size: float) -> Iterator[tuple[float, float, Anchor, tuple[Point, ...]]]:
    """Left end and middle of a label, the end at its point, and the line to it: the best side first."""
    yield x + MARK + 2, y, "start", ()
    yield x - MARK - 2 - width, y, "end", ()
    for step in range(1, STEPS + 1):
        for middle in (y - step * (size + 2), y + step * (size + 2)):
            yield x + 2, middle, "start", _line(x, y, x + 2, middle, size) if step > 1 else ()
            yield x - 2 - width, middle, "end", _line(x, y, x - 2, middle, size) if step > 1 else ()


def _line(x: float, y: float, end: float, middle: float, size: float) -> tuple[Point, ...]:
    """From the mark of a point to the nearer edge of its label."""
    down = 1 if middle > y else -1
    return (x, y + down * MARK), (end, middle - down * size / 2)


def _along(line: tuple[Point, ...]) -> list[Point]:
    """Points on a line, close to each other."""
    if not line:
        return []
    (a, b), (c, d) = line
    return [(a + (c - a) * share / 8, b + (d - b) * share / 8) for share in range(1, 8)]


def _mark(point: Point, away: float) -> Box:
    x, y = point
    return x - MARK - away, y - MARK, x + MARK + away, y + MARK


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
