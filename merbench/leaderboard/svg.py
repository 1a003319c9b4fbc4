"""A drawing by matplotlib as an SVG string that stands inside a page: classes for colours, text as text, few bytes.

A page's stylesheet gives every class one CSS `color`; the drawing takes it as `currentColor`, for its text, its strokes
and its fills. So a picture follows the theme, and has neither a style attribute nor an element that a strict
content-security policy would refuse. The root has the class `pic`.

matplotlib lays out a sheet with *slots* in place of words, numbers and shades, and a page fills them. A layout that
many entries share is drawn once, and matplotlib never sees a foreign word: not one `$` can become a formula, nor a rare
character ask for a font.
"""

from __future__ import annotations

import html
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.path import Path

__all__ = ["CLASSES", "Frame", "Point", "Sheet", "path_data", "shade", "shorten"]

Point: TypeAlias = tuple[float, float]
Anchor = Literal["start", "middle", "end"]

# class -> what it is for. The stylesheet gives each a `color` in both themes.
CLASSES = {
    "pic-ink": "names and numbers (contrast 4.5 on the page)",
    "pic-muted": "axis labels, legends, headings of groups (contrast 4.5 on the page)",
    "pic-grid": "thin lines behind the marks",
    "pic-accent": "honest figures, their intervals, a curve (contrast 3 on the page)",
    "pic-band": "the band around a curve, a soft accent",
    "pic-reported": "what a paper reports (contrast 3 on the page)",
    "pic-warn": "figures with the epoch chosen on the test labels (contrast 3 on the page)",
    "pic-page": "the page's background: the inside of a hollow mark",
    **{
        f"pic-fill{level}": f"a cell's shade: {level} tenths, from the page's background to the accent"
        for level in range(11)
    },
    "pic-on-low": "numbers on pic-fill0 to pic-fill5 (contrast 4.5 on each)",
    "pic-on-high": "numbers on pic-fill6 to pic-fill10 (contrast 4.5 on each)",
}

SIZE = 12.0  # px of text that states no other size
# SVG's text-anchor -> matplotlib's alignment
ALIGN: dict[Anchor, Literal["left", "center", "right"]] = {"start": "left", "middle": "center", "end": "right"}
# The same bytes on every machine, whatever its matplotlibrc says.
SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "merbench",
    "path.simplify": False,
    "path.snap": False,
    "path.sketch": None,
    "path.effects": [],
}
SLOT = "slot-"  # begins the name of a group whose path data is filled in later
SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Frame:
    """A sheet as SVG with `$slots`; `fill` makes the picture."""

    template: Template
    own: dict[str, str]  # slot to the sheet's own words

    def fill(self, key: str, title: str, about: str, words: dict[str, str], plain: Mapping[str, str]) -> str:
        """The picture.

        Args:
            key: unique on its page; letters, digits and hyphens.
            title, about: what the picture shows, in words.
            words: slot to its text, which is cleaned and escaped.
            plain: slot to a class or to path data, which is not.
        """
        escaped = {slot: html.escape(_clean(text)) for slot, text in (self.own | words).items()}
        heading = {"key": key, "title": html.escape(_clean(title)), "about": html.escape(_clean(about))}
        return self.template.substitute(escaped, **plain, **heading)


@dataclass
class Sheet:
    """An empty sheet, `width` by `height` pixels; (0, 0) is its upper left corner.

    A class is one of `CLASSES`, or `$SLOT` where it is filled in later.
    """

    width: float
    height: float
    words: dict[str, str] = field(default_factory=dict)
    _artists: list[Artist] = field(default_factory=list)
    _classes: list[str] = field(default_factory=list)

    def slot(self, x: float, y: float, slot: str, name: str = "pic-ink", anchor: Anchor = "start", *,
             size: float = SIZE, turn: float = 0) -> None:  # fmt: skip
        """Text that is filled in later, its baseline at `y`, turned by `turn` degrees against the clock."""
        from matplotlib.text import Text

        text = Text(
            x, self.height - y, slot, color=self._colour(name), fontsize=size, fontfamily="DejaVu Sans",
            horizontalalignment=ALIGN[anchor], rotation=turn, rotation_mode="anchor", parse_math=False, usetex=False,
        )  # fmt: skip
        self._artists.append(text)

    def text(self, x: float, y: float, text: str, name: str = "pic-ink", anchor: Anchor = "start", *,
             size: float = SIZE, turn: float = 0) -> None:  # fmt: skip
        """Text; as `slot`."""
        slot = f"text{len(self.words)}"
        self.words[slot] = text
        self.slot(x, y, slot, name, anchor, size=size, turn=turn)

    def lines(self, lines: Iterable[Sequence[Point]], name: str, width: float = 1, *, slot: str = "",
              ends: Literal["butt", "round"] = "butt") -> None:  # fmt: skip
        """Lines of one class, as one path. With a slot, their path data is filled in later."""
        from matplotlib.patches import PathPatch

        patch = PathPatch(self._path(lines), facecolor="none", edgecolor=self._colour(name), linewidth=width,
                          capstyle=ends, joinstyle="round", gid=slot and SLOT + slot)  # fmt: skip
        self._artists.append(patch)

    def area(self, corners: Sequence[Point], name: str, *, slot: str = "") -> None:
        """A filled polygon. With a slot, its path data is filled in later."""
        from matplotlib.patches import PathPatch

        patch = PathPatch(
            self._path([[*corners, corners[0]]]),
            facecolor=self._colour(name),
            edgecolor="none",
            gid=slot and SLOT + slot,
        )
        self._artists.append(patch)

    def box(self, x: float, y: float, width: float, height: float, name: str) -> None:
        """A filled rectangle; (x, y) is its upper left corner."""
        self.area([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], name)

    def dot(self, x: float, y: float, name: str, size: float = 8) -> None:
        """A disc, `size` wide: a line without length, its ends round."""
        self.lines([[(x, y), (x, y)]], name, size, ends="round")

    def ring(self, x: float, y: float, name: str, size: float = 8) -> None:
        """A hollow disc, `size` wide."""
        self.dot(x, y, name, size)
        self.dot(x, y, "pic-page", size - 3)

    def diamond(self, x: float, y: float, name: str, size: float = 9) -> None:
        """A square on its corner, `size` wide."""
        half = size / 2
        self.area([(x - half, y), (x, y - half), (x + half, y), (x, y + half)], name)

    def frame(self) -> Frame:
        """The sheet as SVG that waits for its slots."""
        drawn = ElementTree.fromstring(self._drawn())
        body = "".join(self._element(group) for group in drawn.iter(f"{SVG}g"))
        return Frame(
            Template(
                f'<svg xmlns="http://www.w3.org/2000/svg" class="pic" role="img" '
                f'aria-labelledby="$key-title $key-desc" width="{_short(self.width)}" height="{_short(self.height)}" '
                f'viewBox="0 0 {_short(self.width)} {_short(self.height)}" fill="currentColor" '
                f'font-size="{_short(SIZE)}"><title id="$key-title">$title</title><desc id="$key-desc">$about</desc>'
                f"{body}</svg>"
            ),
            dict(self.words),
        )

    def svg(self, key: str, title: str, about: str) -> str:
        """The picture of a sheet without slots; as `Frame.fill`."""
        return self.frame().fill(key, title, about, {}, {})

    def _colour(self, name: str) -> str:
        """The colour that stands for a class until the SVG is written; never black, which matplotlib leaves out."""
        if name not in self._classes:
            self._classes.append(name)
        return f"#{self._classes.index(name) + 1:06x}"

    def _path(self, lines: Iterable[Sequence[Point]]) -> Path:
        from matplotlib.path import Path

        lines = list(lines)
        codes = [code for line in lines for code in (Path.MOVETO, *[Path.LINETO] * (len(line) - 1))]
        return Path([(x, self.height - y) for line in lines for x, y in line], codes)

    def _drawn(self) -> bytes:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
        from matplotlib.transforms import IdentityTransform

        figure = Figure(figsize=(self.width / 72, self.height / 72), dpi=72, frameon=False)
        for artist in self._artists:
            artist.set_transform(IdentityTransform())
            figure.add_artist(artist)
        written = io.BytesIO()
        with matplotlib.rc_context(SETTINGS):
            canvas: Any = FigureCanvasSVG(figure)
            canvas.print_svg(written, metadata={"Date": None})
        return written.getvalue()

    def _element(self, group: ElementTree.Element) -> str:
        """What a group of matplotlib's has as its own child, with class and attributes for its style."""
        child = next((one for one in group if one.tag in (f"{SVG}path", f"{SVG}text")), None)
        if child is None:
            return ""
        style = dict(pair.split(": ", 1) for pair in child.get("style", "").split("; ") if ": " in pair)
        if child.tag == f"{SVG}text":
            return self._text(child, style)
        mark = group.get("id", "")
        data = f"${mark.removeprefix(SLOT)}" if mark.startswith(SLOT) else _compact(child.get("d", ""))
        if style.get("fill", "none") != "none":
            return f'<path class="{self._class(style["fill"])}" d="{data}"/>'
        ends = ' stroke-linecap="round"' if style.get("stroke-linecap") == "round" else ""
        width = _short(float(style.get("stroke-width", "1")))
        return (
            f'<path class="{self._class(style["stroke"])}" fill="none" stroke="currentColor" '
            f'stroke-width="{width}"{ends} d="{data}"/>'
        )

    def _text(self, text: ElementTree.Element, style: Mapping[str, str]) -> str:
        size = float(style["font-size"].removesuffix("px"))
        anchor = style.get("text-anchor", "start")
        turn = text.get("transform", "").removeprefix("rotate(").split(" ")[0]
        attributes = {
            "class": self._class(style["fill"]),
            "x": _short(float(text.get("x", "0"))),
            "y": _short(float(text.get("y", "0"))),
        }
        if anchor != "start":
            attributes["text-anchor"] = anchor
        if size != SIZE:
            attributes["font-size"] = _short(size)
        if turn and float(turn):
            attributes["transform"] = f"rotate({_short(float(turn))} {attributes['x']} {attributes['y']})"
        written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
        return f"<text {written}>${text.text}</text>"

    def _class(self, colour: str) -> str:
        return self._classes[int(colour.removeprefix("#"), 16) - 1]


def shade(share: float) -> str:
    """The class of a cell whose share is 0 to 1."""
    return f"pic-fill{round(share * 10)}"


def path_data(points: Iterable[Point]) -> str:
    """A line through points, as the `d` of a path, in tenths of a pixel."""
    return "M" + "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def shorten(text: str, width: int) -> str:
    """The text, cut to `width` letters with an ellipsis; letters of double width count twice."""
    text = _clean(text)
    kept = 0
    for index, letter in enumerate(text):
        kept += 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if kept > width:
            return text[: max(index - 1, 0)].rstrip() + "…"
    return text


def _clean(text: str) -> str:
    """The text on one line, without control, formatting (such as right-to-left marks) and unassigned characters."""
    kept = (letter if letter.isprintable() or letter.isspace() else "" for letter in text)
    return " ".join("".join(kept).split())


def _short(number: float) -> str:
    """To a tenth, with no more digits than needed."""
    return f"{round(number, 1) + 0:.1f}".removesuffix(".0")


def _compact(data: str) -> str:
    """The same path in fewer letters: tenths of a pixel, no blanks, H and V for level and upright lines."""
    short = []
    before: tuple[str, str] | None = None
    for command, x, y in re.findall(r"([ML]) ([-\d.e]+) ([-\d.e]+)|z", data):
        if not command:
            short.append("z")
            continue
        here = (_short(float(x)), _short(float(y)))
        if command == "L" and before and here[1] == before[1]:
            short.append(f"H{here[0]}")
        elif command == "L" and before and here[0] == before[0]:
            short.append(f"V{here[1]}")
        else:
            short.append(f"{command}{here[0]} {here[1]}")
        before = here
    return "".join(short)
