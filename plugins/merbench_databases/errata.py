"""Known errors of annotation tables and their repairs: `errata.csv`, one line for each error.

A line applies to the clips that match its pattern, and only if the row still has the fault in `when`: a corrected table
is read as it is. A clip with an impossible annotation and no erratum is a broken clip.
"""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import merbench


class Span(NamedTuple):
    """The annotated frames of a clip; None for a frame that the table does not name."""

    onset: int | None
    apex: int | None
    offset: int | None

    @property
    def ends(self) -> tuple[int, int]:
        """Onset and offset.

        Raises:
            merbench.ReleaseError: the table does not name both.
        """
        if self.onset is None or self.offset is None:
            raise merbench.ReleaseError(f"the table names no {'onset' if self.onset is None else 'offset'} frame")
        return self.onset, self.offset


class Erratum(NamedTuple):
    """One line. `clip` is `subject/clip` as in a clip's id, `*` matches anything; `since` is its first version."""

    database: str
    clip: str
    when: str
    repair: str
    reason: str
    since: str


def _complete(holds: Callable[[int, int, int], bool]) -> Callable[[Span], bool]:
    """A test of a span by its onset, apex and offset; false if the table does not name all three."""

    def test(span: Span) -> bool:
        onset, apex, offset = span
        return onset is not None and apex is not None and offset is not None and holds(onset, apex, offset)

    return test


FAULTS: dict[str, Callable[[Span], bool]] = {
    "no onset": lambda span: span.onset is None,
    "no apex": lambda span: span.apex is None,
    "no offset": lambda span: span.offset is None,
    "onset is apex": _complete(lambda onset, apex, offset: onset == apex),
    "apex before onset": _complete(lambda onset, apex, offset: apex < onset < offset),
    "apex after offset": _complete(lambda onset, apex, offset: onset < offset < apex),
    "onset after offset": _complete(lambda onset, apex, offset: onset > offset >= apex),
    "offset before onset": _complete(lambda onset, apex, offset: offset < onset <= apex),
}
REPAIRS: dict[str, Callable[[Span], Span]] = {
    "keep": lambda span: span,
    "drop apex": lambda span: span._replace(apex=None),
    "onset - 1000": lambda span: span._replace(onset=None if span.onset is None else span.onset - 1000),
    "offset = apex": lambda span: span._replace(offset=span.apex),
}


@cache
def errata() -> tuple[Erratum, ...]:
    """Every line of `errata.csv`."""
    lines = files(__package__).joinpath("errata.csv").read_text("utf-8").splitlines()
    return tuple(Erratum(**row) for row in csv.DictReader(lines))


def repaired(clip: str, span: Span) -> tuple[Span, Erratum | None]:
    """The frames of a clip (given by its id) after repair, and the erratum that applies, if any."""
    database, _, name = clip.partition("/")
    for one in errata():
        if one.database == database and fnmatch.fnmatchcase(name, one.clip) and FAULTS[one.when](span):
            return REPAIRS[one.repair](span), one
    return span, None


def impossible(span: Span) -> str:
    """Why the frames of a clip are impossible; empty if they are possible. The text contains no annotated value."""
    try:
        onset, offset = span.ends
    except merbench.ReleaseError as error:
        return str(error)
    if offset < onset:
        return "the offset is before the onset"
    if span.apex is not None and not onset <= span.apex <= offset:
        return f"the apex is {'before the onset' if span.apex < onset else 'after the offset'}"
    return ""
