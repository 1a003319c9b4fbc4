"""Known slips of annotation tables, and what is done about each: `errata.csv`, one line a slip.

A line applies to the clips that its pattern names, and only while the row still has the fault in `when`: a corrected
table is read as it is. Whatever is impossible and stands in no line is a broken clip.
"""

from __future__ import annotations

import csv
import fnmatch
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Span(NamedTuple):
    """The annotated frames of a clip; None where the table names none."""

    onset: int | None
    apex: int | None
    offset: int | None


class Erratum(NamedTuple):
    """One line: `clip` is `subject/clip` as in a clip's id, `*` for anything; `since` the version that brought it."""

    database: str
    clip: str
    when: str
    repair: str
    reason: str
    since: str


FAULTS = {
    "no onset": lambda span: span.onset is None,
    "no apex": lambda span: span.apex is None,
    "no offset": lambda span: span.offset is None,
    "onset is apex": lambda span: None not in span and span.onset == span.apex,
    "apex before onset": lambda span: None not in span and span.apex < span.onset < span.offset,
    "apex after offset": lambda span: None not in span and span.onset < span.offset < span.apex,
    "onset after offset": lambda span: None not in span and span.onset > span.offset >= span.apex,
    "offset before onset": lambda span: None not in span and span.offset < span.onset <= span.apex,
}
REPAIRS = {
    "keep": lambda span: span,
    "drop apex": lambda span: span._replace(apex=None),
    "onset - 1000": lambda span: span._replace(onset=span.onset - 1000),
    "offset = apex": lambda span: span._replace(offset=span.apex),
}


@cache
def errata() -> tuple[Erratum, ...]:
    """Every line of `errata.csv`."""
    with files(__package__).joinpath("errata.csv").open("r", encoding="utf-8", newline="") as file:
        return tuple(Erratum(**row) for row in csv.DictReader(file))


def repaired(clip: str, span: Span) -> tuple[Span, Erratum | None]:
    """The frames of a clip (its id) as they are used, and the erratum that says why, where one applies."""
    database, _, name = clip.partition("/")
    for one in errata():
        if one.database == database and fnmatch.fnmatchcase(name, one.clip) and FAULTS[one.when](span):
            return REPAIRS[one.repair](span), one
    return span, None


def impossible(span: Span) -> str:
    """What is impossible about the frames of a clip; empty where nothing is. It names no annotated value."""
    if span.onset is None or span.offset is None:
        return f"the table names no {'onset' if span.onset is None else 'offset'} frame"
    if span.offset < span.onset:
        return "the offset is before the onset"
    if span.apex is not None and not span.onset <= span.apex <= span.offset:
        return f"the apex is {'before the onset' if span.apex < span.onset else 'after the offset'}"
    return ""
