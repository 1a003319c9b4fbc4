"""SAMM: grey frames in `006/006_1_2`, and a table below a preamble."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tests.made.clips import Clip
from tests.made.layout import Layout
from tests.made.quirks import TABLED, Style
from tests.made.sheets import Cell, cell, write_book

__all__ = ["SAMM"]

FIRST = 15  # the row of the first clip: 13 lines of preamble, and the header
PREAMBLE: tuple[tuple[Cell, ...], ...] = (
    ("Micro-movements of virtual faces, laid out as those of SAMM", None, None, None, "(No person is in them.)"),
    (),
    ("What the columns are called is as in SAMM.",),
    (),
    (),
    ("Symbols:",),
    ('"/" = or',),
    ('"?" = no clear offset',),
    (),
    ("Sides:",),
    ('"L2", "R2" = unit 2 on the left, on the right of the face',),
    ('"A2" = unit 2 on both sides, on one more',),
    (),
)
HEADER = (
    *("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration", "Micro"),
    *("Action Units", "Estimated Emotion", "Objective Classes", "Notes"),
)


class SAMM(Layout):
    """`SAMM/006/006_1_2/006_05562.jpg`; the frame number has four or five digits, and is that of the table."""

    source, database, fps = "samm", "samm", 200.0
    emotions = ("anger", "happiness", "surprise", "contempt", "other")
    quirks = TABLED | {"context"}
    grey = True
    onsets = (900, 9900)

    def subject(self, number: int) -> str:
        """`006`."""
        return f"{number + 5:03}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """`006_1_2`."""
        return f"{number + 5:03}_{1 + place % 7}_{2 + place // 7}"

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """`SAMM/006/006_1_2`."""
        return PurePosixPath("SAMM", style.digits(clip.number, 3, 3), style.folder(clip.name, clip))

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`006_05562`, of every second clip `006_5562`."""
        return f"{clip.subject}_{style.digits(number, 4 + clip.place % 2, 7)}"

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """`SAMM_Micro_FACS_Codes_v2.xlsx`, sheet `MICRO_ONLY`."""
        rows = [self._row(clip, line) for line, clip in enumerate(clips, start=FIRST)]
        write_book(root / "SAMM_Micro_FACS_Codes_v2.xlsx", {"MICRO_ONLY": [*PREAMBLE, HEADER, *rows]})

    def _row(self, clip: Clip, line: int) -> tuple[Cell, ...]:
        left = (clip.subject, clip.name, 1, *clip.told, f"=SUM(F{line}-D{line})+1", "Micro - 1/2")
        return (*left, cell(clip.action_units), clip.emotion.capitalize(), 7, None)
