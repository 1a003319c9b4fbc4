"""What is known of the method of a reported figure: where it was first published, and what its authors' code does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from merbench.leaderboard.lines import Cell, InvalidReport, lines, shown, valid
from merbench.leaderboard.reported import NOTES_FILE, read_notes
from merbench.runs.schema import Link, Strict

__all__ = ["VERDICTS_FILE", "Proven", "Verdict", "read_verdicts"]

VERDICTS_FILE = "reported-verdicts.csv"  # beside the table of figures; optional

# What is proven by the authors' code or by a table; everything else follows from the boards.
Proven: TypeAlias = Literal["chosen on test", "other clips", ""]


class Verdict(Strict):
    """What is known of one method.

    Attributes:
        method: its name in the table of figures; a method without a figure there is possible.
        published: the journal, conference or preprint that first published it, and who says so; may be empty.
        verdict: what the proof shows; empty if it has to be tested.
        proof: sentences that name the file and line, or the table.
        link: to it; may be empty.
    """

    method: Cell
    published: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    verdict: Proven
    proof: tuple[str, ...]
    link: Link


def read_verdicts(reported: Path) -> tuple[Verdict, ...]:
    """The verdicts beside a table of figures, in their order; empty if there is no such file.

    Raises:
        InvalidReport: the file or the notes cannot be read; a line is not valid, names a method twice or a note that
            does not exist, or has a verdict without a proof.
    """
    path = reported.with_name(VERDICTS_FILE)
    if not path.exists():
        return ()
    notes = read_notes(reported.with_name(NOTES_FILE))
    found: dict[str, Verdict] = {}
    for where, cells in lines(path, tuple(Verdict.model_fields)):
        one = _verdict(where, cells, notes)
        if one.method in found:
            raise InvalidReport(f"{where}: method {shown(one.method)} is listed twice; remove one of the lines")
        found[one.method] = one
    return tuple(found.values())


def _verdict(where: str, cells: dict[str, str], notes: Mapping[str, str]) -> Verdict:
    ids = cells["proof"].split()
    if unknown := [one for one in ids if one not in notes]:
        raise InvalidReport(f"{where}: proof: unknown note {shown(unknown[0])}; add it to {NOTES_FILE}")
    one = valid(Verdict, where, cells, {**cells, "proof": tuple(notes[name] for name in ids)})
    if one.verdict and not one.proof:
        raise InvalidReport(
            f"{where}: proof: is empty, but the verdict is {one.verdict!r}; name the note that proves it"
        )
    return one
