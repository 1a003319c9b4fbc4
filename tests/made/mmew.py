"""MMEW: folders of emotions, or of subjects and emotions; frames are numbered within the clip, the table's are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from tests.made.clips import Clip
from tests.made.layout import Layout
from tests.made.quirks import TABLED, Style
from tests.made.sheets import Cell, cell, write_book

__all__ = ["MMEW"]

HEADER = (
    *("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion"),
    "remarks",
)


class MMEW(Layout):
    """`Micro_Expression/anger/S13-07-001/1.jpg`, or `S03/happiness/S03-01-002/1.jpg`."""

    source, database, fps = "mmew", "mmew", 90.0
    emotions = ("happiness", "surprise", "disgust", "others", "fear", "sadness", "anger")
    layouts = ("by-emotion", "by-subject")
    quirks = TABLED | {"absolute", "repression"}

    def subject(self, number: int) -> str:
        """`S13`."""
        return f"S{number:02}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """`S13-07-001`."""
        kind = self.emotions.index(emotion) + 1
        return f"S{number:02}-{kind:02}-{place + 1:03}"

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """In its emotion's folder, which may lie in its subject's."""
        emotion = clip.emotion if clip.emotion in self.emotions else "others"
        if emotion == "others" and "repression" in style.quirks:
            emotion = "repression"
        tree = "Micro_Expression" if style.layout == "by-emotion" else f"S{style.digits(clip.number, 2, 3)}"
        return PurePosixPath(tree, emotion, style.folder(clip.name, clip))

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`1` is the onset."""
        return style.digits(number if "absolute" in style.quirks else number - clip.shown[0] + 1, 1, 4)

    def extra_folders(self, clip: Clip, style: Style) -> Iterator[PurePosixPath]:
        """Macro-expressions, some of which are called as a micro-expression is."""
        yield PurePosixPath("Macro_Expression", *self.folder(clip, style).parts[-2:])

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """`MMEW_Micro_Exp.xlsx`."""
        write_book(root / "MMEW_Micro_Exp.xlsx", {"Sheet1": [HEADER, *map(self._row, clips)]})

    def _row(self, clip: Clip) -> tuple[Cell, ...]:
        return (clip.number, clip.name, *clip.told, cell(clip.action_units), clip.emotion, None)
