"""Format figures, names and links for a page. Foreign text is escaped here or by the template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from merbench.leaderboard.svg import shorten

if TYPE_CHECKING:
    from merbench.leaderboard.entries import Entry, Figure
    from merbench.leaderboard.rows import Paper, Row

__all__ = [
    "anchor",
    "cell",
    "clipped",
    "duration",
    "figure",
    "interval",
    "isolated",
    "magnitude",
    "p_value",
    "rounded",
    "rounded_sign",
    "safe_link",
    "script_json",
    "signed",
    "with_claim",
    "without_controls",
]

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"  # as wide as the plus sign, so that signed figures align
CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")
ANCHOR = re.compile(r"[A-Za-z0-9._-]+")
LINK = re.compile(r"https?://[^\s\"'<>`\\\x00-\x20\x7f]+")
NAME = 40  # letters of a name in the words of a picture
UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def figure(value: float) -> str:
    """A score with three decimals, as the field prints it: `.722`, `1.000`."""
    return _bare(f"{value:.3f}")


def rounded(value: float) -> str:
    """A score with two decimals, as headlines print it: `.72`."""
    return _bare(f"{value:.2f}")


def rounded_sign(value: float) -> str:
    """A difference of scores with two decimals: `+.09`."""
    return f"{MINUS if round(value, 2) < 0 else '+'}{rounded(abs(value))}"


def interval(ends: tuple[float, float], dash: str = DASH) -> str:
    """Both ends with two decimals: `.65-.79`, with a dash."""
    return dash.join(_bare(f"{end:.2f}") for end in ends)


def with_claim(row: Row) -> str:
    """The name of a row in a picture's words, with what ran: `HTNet, quick (shortened: minutes on two cores)`."""
    return f"{shorten(row.name, NAME, row.distinction)} ({row.ran})"


def signed(value: float) -> str:
    """A difference of scores: `+.136`, `-.012`."""
    text = figure(abs(value))
    return f"{MINUS if value < 0 and text != '.000' else '+'}{text}"


def signed_interval(ends: tuple[float, float]) -> str:
    """Both ends of the interval of a difference: `-.012 to +.231`."""
    return " to ".join(map(signed, ends))


def p_value(value: float) -> str:
    """Three decimals, and never zero: `.004`, `below .001`."""
    return "below .001" if value < 0.001 else figure(value)


def magnitude(value: float | None) -> str:
    """A count in three digits: `842`, `4.01 M`; empty if unknown."""
    if value is None:
        return ""
    for unit, name in UNITS:
        if value >= unit * 0.9995:
            return f"{_three(value / unit)} {name}"
    return f"{value:.0f}"


def duration(seconds: float | None) -> str:
    """`4.8 s`, `6.7 min`, `2.1 h`; empty if unknown."""
    if seconds is None:
        return ""
    for unit, name in ((3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{_short(seconds / unit)} {name}"
    return f"{_short(seconds)} s"


def cell(one: Figure | None, dash: str = DASH) -> Markup:
    """The content of a table cell: the score, and below it the interval with this dash and the spread over seeds.

    Empty without a score; an empty dash leaves out the interval. HTML allows to omit the end tag of a paragraph at the
    end of a cell, which keeps pages small.
    """
    if one is None:
        return Markup("")
    below = [interval(one.interval, dash)] if one.interval and dash else []
    below += [f"±{figure(one.spread)}"] if one.spread is not None else []
    return Markup("<p>").join([figure(one.value), *below])


def isolated(text: object) -> Markup:
    """The text, escaped; isolated if it may contain right-to-left letters or marks, so that its neighbours stay."""
    plain = str(text)
    return escape(plain) if plain.isascii() else Markup("<bdi>{}</bdi>").format(without_controls(plain))


def without_controls(text: str) -> str:
    """The text, with a replacement character for each control character that changes the direction of text.

    An unclosed control character would end the isolation around the text.
    """
    return text.translate(CONTROLS)


def anchor(name: str) -> str:
    """The id of a row or a file name, safe in an attribute without quotes.

    Raises:
        ValueError: the name has other characters than letters, digits, dots, hyphens and underscores.
    """
    if not ANCHOR.fullmatch(name):
        raise ValueError(f"{name!r} is no id of a row or page")
    return name


def safe_link(link: str) -> str:
    """The link if it is an http or https address, else an empty text."""
    return link if LINK.fullmatch(link) else ""


def clipped(text: str, length: int) -> str:
    """The text, cut after so many characters."""
    return text if len(text) <= length else f"{text[:length].rstrip()}…"


def script_json(text: str) -> Markup:
    """JSON that is safe in a script element: nothing in it can end the element or a line."""
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def seed(entry: Entry) -> str:
    """The seed of an entry as the text of a link."""
    return str(getattr(entry.record.plan, "seed", "\N{EN DASH}"))


def paper_name(paper: Paper) -> str:
    """A paper in a few words: the beginning of its title, and the year."""
    return clipped(paper.title, 60) + (f", {paper.year}" if paper.year else "")


def _bare(text: str) -> str:
    return text.removeprefix("0")


def _three(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"
