"""CAS(ME)3 part A: folders of whole videos, each with several micro-expressions, and a table of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from tests.made.clips import Clip
from tests.made.layout import Layout
from tests.made.quirks import TABLED, Style
from tests.made.sheets import cell, write_book, write_csv

__all__ = ["CASME3A"]

HEADER = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")
TABLE = "cas(me)3_part_A_ME_label_JpgIndex_v2"
VIDEOS = "aaj"  # the videos of a subject's made-up clips: two share one
APART = 100  # frames from one to the next


class CASME3A(Layout):
    """`part_A/spNO.1/a/color/355.jpg`; the table is a workbook with the sheet `label`, or csv."""

    source, database, fps = "casme3a", "casme3a", 30.0
    emotions = ("disgust", "surprise", "happy", "others", "fear", "anger", "sad")
    layouts = ("xlsx", "csv")
    quirks = TABLED | {"context"}
    onsets = (16, 80)

    def subject(self, number: int) -> str:
        """`spNO.1`."""
        return f"spNO.{number}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """The video, and the onset in it: `a_355`."""
        return f"{VIDEOS[place % len(VIDEOS)]}_{onset}"

    def made_span(self, number: int, place: int) -> tuple[int, int, int]:
        """As the base class; no two clips of a video overlap."""
        onset, apex, offset = super().made_span(number, place)
        later = APART * place
        return onset + later, apex + later, offset + later

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """`part_A/spNO.1/a/color`."""
        video = style.folder(clip.name.partition("_")[0], clip)
        return PurePosixPath("part_A", f"spNO.{style.digits(clip.number, 1, 3)}", video, "color")

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`355`."""
        return style.digits(number, 1, 5)

    def extra_folders(self, clip: Clip, style: Style) -> Iterator[PurePosixPath]:
        """The depth camera's frames."""
        yield self.folder(clip, style).parent / "depth"

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:
        """The table of micro-expressions; one video of the last subject is called by a capital letter."""
        rows = [HEADER, *(self._row(clip, clip is clips[-1]) for clip in clips)]
        if style.layout == "csv":
            write_csv(root / f"{TABLE}.csv", rows)
        else:
            write_book(root / f"{TABLE}.xlsx", {"label": rows})
        if "extra-files" in style.quirks:
            macro = [HEADER, *(self._row(clip, False) for clip in clips[:1])]
            write_book(root / "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx", {"label": macro})

    def _row(self, clip: Clip, capital: bool) -> tuple[str | int | None, ...]:
        video = clip.name.partition("_")[0]
        told = (clip.subject, video.upper() if capital else video, *clip.told)
        return (*told, cell(clip.action_units), "VII", clip.emotion)
