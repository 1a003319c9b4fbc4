"""Write a chart as an SVG string that goes into a page: classes for colours, text as text, few bytes.

The page's stylesheet gives every class a CSS `color`, and the chart takes it as `currentColor` for text, strokes and
fills. So a chart follows the theme and needs no style attribute, which a strict content-security policy would refuse.
The root has the class `chart`.
"""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

__all__ = ["CLASSES", "Anchor", "Point", "Scale", "Sheet", "ink_on", "shade", "shorten", "ticks"]

Point: TypeAlias = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

# Class -> what it is for. The stylesheet gives each class a `color` in both themes.
CLASSES = {
    "chart-ink": "names and numbers (contrast 4.5 on the page)",
    "chart-muted": "axis labels, legends, headings of groups (contrast 4.5 on the page)",
    "chart-grid": "thin lines behind the marks",
    "chart-accent": "honest scores, their intervals, a curve (contrast 3 on the page)",
    "chart-band": "the band around a curve, a soft accent",
    "chart-warm": "a band of scores with the epoch chosen on the test labels, a soft warning",
    "chart-reported": "what a paper reports (contrast 3 on the page)",
    "chart-warn": "scores with the epoch chosen on the test labels (contrast 3 on the page)",
    "chart-page": "the page's background: the inside of a hollow mark",
    **{
        f"chart-fill{level}": f"a cell's shade: {level} tenths, in even steps from the page's background to the accent"
        for level in range(11)
    },
    "chart-on-low": "numbers on chart-fill0 to chart-fill6 (contrast 4.5 on each)",
    "chart-on-middle": "numbers on chart-fill7 (contrast 4.5)",
    "chart-on-high": "numbers on chart-fill8 to chart-fill10 (contrast 4.5 on each)",
}

SIZE = 12.0  # px of text that states no other size
FEWEST = 6  # letters of a name that is cut
STEPS = (1, 2, 2.5, 5, 10)  # between two ticks, times a power of ten


@dataclass(frozen=True)
class Scale:
    """Maps values in `low`..`high` to pixels in `start`..`end`; `high` is greater than `low`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[float]:
    """Round values in `low`..`high` with equal steps, at most `most + 1`; with `whole`, whole numbers."""
    wanted = max((high - low) / most, 1 if whole else 0)
    power = 10.0 ** math.floor(math.log10(wanted))
    steps = (step * power for step in STEPS if not whole or (step * power).is_integer())
    step = next(step for step in steps if step >= wanted * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


@dataclass
class Sheet:
    """An empty sheet, `width` by `height` pixels; (0, 0) is its upper left corner. A class is one of `CLASSES`."""

    width: float
    height: float
    _marks: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, name: str = "chart-ink", anchor: Anchor = "start", *,
             size: float = SIZE, turn: float = 0) -> None:  # fmt: skip
        """Text with its baseline at `y`, turned by `turn` degrees against the clock."""
        at = _short(x), _short(y)
        more = f' text-anchor="{anchor}"' if anchor != "start" else ""
        more += f' font-size="{_short(size)}"' if size != SIZE else ""
        more += f' transform="rotate({_short(-turn)} {at[0]} {at[1]})"' if turn else ""
        self._marks.append(f'<text class="{name}" x="{at[0]}" y="{at[1]}"{more}>{_escaped(text)}</text>')

    def lines(self, lines: Iterable[Sequence[Point]], name: str, width: float = 1, *, round_ends: bool = False) -> None:
        """Lines of one class, as one path."""
        ends = ' stroke-linecap="round"' if round_ends else ""
        self._marks.append(
            f'<path class="{name}" fill="none" stroke="currentColor" stroke-width="{_short(width)}"{ends} '
            f'd="{"".join(map(_path, lines))}"/>'
        )

    def area(self, corners: Sequence[Point], name: str) -> None:
        """A filled polygon."""
        self._marks.append(f'<path class="{name}" d="{_path(corners)}z"/>')

    def box(self, x: float, y: float, width: float, height: float, name: str) -> None:
        """A filled rectangle; (x, y) is its upper left corner."""
        left, right = _short(x), _short(x + width)
        self._marks.append(f'<path class="{name}" d="M{left} {_short(y)}H{right}V{_short(y + height)}H{left}z"/>')

    def dot(self, x: float, y: float, name: str, size: float = 8) -> None:
        """A disc of diameter `size`: a line of no length with round ends."""
        self.lines([[(x, y), (x, y)]], name, size, round_ends=True)

    def ring(self, x: float, y: float, name: str, size: float = 8) -> None:
        """A hollow disc of diameter `size`."""
        self.dot(x, y, name, size)
        self.dot(x, y, "chart-page", size - 3)

    def diamond(self, x: float, y: float, name: str, size: float = 9) -> None:
        """A square on its corner, `size` wide."""
        half = size / 2
        self.area([(x - half, y), (x, y - half), (x + half, y), (x, y + half)], name)

    @contextmanager
    def named(self, name: str) -> Iterator[None]:
        """The name of all marks that are drawn meanwhile: browsers show it where the pointer rests on one."""
        self._marks.append(f"<g><title>{_escaped(name)}</title>")
        yield
        self._marks.append("</g>")

    def svg(self, key: str, title: str, about: str) -> str:
        """The chart.

        Args:
            key: unique on its page; letters, digits and hyphens.
            title: what the chart shows.
            about: what can be read from it, in words.
        """
        width, height = _short(self.width), _short(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" '
            f'aria-labelledby="{key}-title {key}-desc" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" fill="currentColor" font-size="{_short(SIZE)}">'
            f'<title id="{key}-title">{_escaped(title)}</title><desc id="{key}-desc">{_escaped(about)}</desc>'
            f"{''.join(self._marks)}</svg>"
        )


def shade(share: float) -> str:
    """The class of a cell whose share is 0 to 1."""
    return f"chart-fill{round(share * 10)}"


def ink_on(share: float) -> str:
    """The class of a number on a cell whose share is 0 to 1."""
    level = round(share * 10)
    return "chart-on-low" if level < 7 else "chart-on-middle" if level == 7 else "chart-on-high"


def shorten(text: str, width: int, keep: str = "") -> str:
    """The text, cut to `width` letters with an ellipsis; letters of double width count twice.

    Args:
        keep: follows the text, and is cut only if fewer than `FEWEST` letters of the text would be left.
    """
    keep = _clean(keep)
    rest = width - sum(map(_width, keep))
    if keep and rest >= FEWEST:
        return shorten(text, rest) + keep
    text = _clean(text + keep)
    kept = 0
    for index, letter in enumerate(text):
        kept += _width(letter)
        if kept > width:
            return text[: max(index - 1, 0)].rstrip() + "…"
    return text


def _width(letter: str) -> int:
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _escaped(text: str) -> str:
    return html.escape(_clean(text))


def _clean(text: str) -> str:
    """The text on one line, without control, formatting (such as right-to-left marks) and unassigned characters."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    kept = (letter if letter.isprintable() or letter.isspace() else "" for letter in text)
    return " ".join("".join(kept).split())


def _path(points: Iterable[Point]) -> str:
    """A line through points as path data, in tenths of a pixel; H and V for level and upright pieces."""
    pieces: list[str] = []
    before: tuple[str, str] | None = None
    for x, y in points:
        here = _short(x), _short(y)
        if before is None:
            pieces.append(f"M{here[0]} {here[1]}")
        elif here[1] == before[1]:
            pieces.append(f"H{here[0]}")
        elif here[0] == before[0]:
            pieces.append(f"V{here[1]}")
        else:
            pieces.append(f"L{here[0]} {here[1]}")
        before = here
    return "".join(pieces)


def _short(number: float) -> str:
    """To a tenth, with no more digits than needed."""
    return f"{round(number, 1) + 0:.1f}".removesuffix(".0")
