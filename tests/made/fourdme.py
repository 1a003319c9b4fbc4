"""4DME: the grey micro-expressions, each of which may have several labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tests.made.clips import Clip
from tests.made.layout import Layout
from tests.made.quirks import TABLED, Style
from tests.made.sheets import Cell, cell, write_book

__all__ = ["FourDME"]

HEADER = ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion")


class FourDME(Layout):
    """`gray_micro/{sub_ID}/{fold_name}/`; frames are numbered within the clip."""

    source, database, fps = "4dme", "4dme", None
    emotions = ("negative", "surprise", "positive", "negative+surprise", "repression", "others")
    quirks = TABLED | {"absolute"}
    grey = True

    def subject(self, number: int) -> str:
        """`s01`."""
        return f"s{number:02}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """`s01_c01`."""
        return f"s{number:02}_c{place + 1:02}"

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """`gray_micro/s01/s01_c01`."""
        return PurePosixPath("gray_micro", f"s{style.digits(clip.number, 2, 3)}", style.folder(clip.name, clip))

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`1` is the onset."""
        return style.digits(number if "absolute" in style.quirks else number - clip.shown[0] + 1, 1, 5)

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """`4DME_Labelling_Micro_release.xlsx`."""
        write_book(root / "4DME_Labelling_Micro_release.xlsx", {"Sheet1": [HEADER, *map(self._row, clips)]})

    def _row(self, clip: Clip) -> tuple[Cell, ...]:
        # Several emotions are joined with a sign, and so are several action units.
        return (clip.subject, clip.name, *clip.told, cell(clip.action_units), clip.emotion.title())
