"""CASME and CASME II: a table beside folders `sub01/EP02_01f`, raw and of aligned faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from tests.made.clips import Clip
from tests.made.layout import Layout
from tests.made.quirks import TABLED, Style
from tests.made.sheets import cell, write_book

__all__ = ["CASME", "CASME2"]

# How irregular names are; one is the beginning of another.
NAMES = ("EP{:02}_05", "EP{:02}_05f", "EP{:02}_1", "EP{:02}_02_01", "EP{:02}f")


class Episodes(Layout):
    """Clips that are called after the episode of the video that the subject watched."""

    quirks = TABLED | {"bare-folders", "context"}
    trees: ClassVar[dict[str, str]]  # layout → the folder of its subjects

    def subject(self, number: int) -> str:
        """`sub01`."""
        return f"sub{number:02}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """`EP19_05f` and the like."""
        return NAMES[place % len(NAMES)].format(1 + number + place // len(NAMES))

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """`sub01/EP02_01f`."""
        bare = "bare-folders" in style.quirks and clip.number % 2
        subject = f"{'' if bare else 'sub'}{style.digits(clip.number, 2, 3)}"
        return PurePosixPath(self.trees[style.layout], subject, style.folder(clip.name, clip))


class CASME(Episodes):
    """`Cropped/sub01/EP01_5/reg_EP01_5-185.jpg`, raw without `reg_`; two columns for the apex, of which one counts."""

    source, database, fps = "casme", "casme", 60.0
    emotions = ("tense", "disgust", "surprise", "repression", "happiness")
    layouts = ("cropped", "raw")
    trees: ClassVar = {"cropped": "Cropped", "raw": "Raw"}

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`reg_EP01_5-185`."""
        return f"{'reg_' if self.cropped(style) else ''}{clip.name}-{style.digits(number, 1, 4)}"

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """`CASME.xlsx`."""
        header = ("Subject", "Filename", None, "OnsetF", "ApexF1", "ApexF2", "OffsetF", None, "AU", "Emotion")
        write_book(root / "CASME.xlsx", {"Sheet1": [header, *map(self._row, clips)]})

    def _row(self, clip: Clip) -> tuple[str | int | None, ...]:
        onset, apex, offset = clip.told
        frames = (onset, apex, 0 if apex is None else apex + 1, offset)
        return (clip.number, clip.name, None, *frames, None, cell(clip.action_units), clip.emotion)


class CASME2(Episodes):
    """`CASME2_RAW_selected/sub01/EP02_01f/img46.jpg`, or `Cropped/sub01/EP02_01f/reg_img46.jpg`."""

    source, database, fps = "casme2", "casme2", 200.0
    emotions = ("happiness", "disgust", "surprise", "repression", "others")
    layouts = ("raw", "cropped", "cropped-updated")
    trees: ClassVar = {"raw": "CASME2_RAW_selected", "cropped": "Cropped", "cropped-updated": "Cropped-updated/Cropped"}

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`img46`, or `reg_img46`."""
        return f"{'reg_' if self.cropped(style) else ''}img{style.digits(number, 1, 5)}"

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """`CASME2-coding-20190701.xlsx`, two more sheets of which are empty; `/` where there is no apex."""
        header = ("Subject", "Filename", None, "OnsetFrame", "ApexFrame", "OffsetFrame", None, "Action Units")
        rows = [(*header, "Estimated Emotion", "Objective Classes"), *map(self._row, clips)]
        write_book(root / "CASME2-coding-20190701.xlsx", {"Sheet1": rows, "Sheet2": [], "Sheet3": []})

    def _row(self, clip: Clip) -> tuple[str | int | None, ...]:
        onset, apex, offset = clip.told
        frames = (onset, "/" if apex is None else apex, offset)
        return (f"{clip.number:02}", clip.name, None, *frames, None, cell(clip.action_units), clip.emotion, 7)
