"""SMIC: no table; the folders tell subject, emotion and clip, and its frames the onset and the offset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.made.clips import Clip, Span
from tests.made.layout import Layout
from tests.made.quirks import Style

__all__ = ["HS", "NIR", "VIS"]

CODES = {"negative": "ne", "positive": "po", "surprise": "sur"}


class SMIC(Layout):
    """`SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image090823.bmp`; cropped `SMIC_all_cropped/HS/s01/...`."""

    camera: str
    emotions = tuple(CODES)
    layouts = ("raw", "cropped")
    suffix = "bmp"
    annotates_units = False
    onsets = (90_000, 99_000)

    def subject(self, number: int) -> str:
        """`s01`."""
        return f"s{number:02}"

    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """`s01_ne_01`."""
        return f"s{number:02}_{CODES[emotion]}_{place + 1:02}"

    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """The emotion's folder is in the subject's; ids are padded in the cropped release alone."""
        _, code, serial = clip.name.split("_")
        subject = f"s{self._subject(clip, style)}"
        name = style.folder(f"{subject}_{code}_{style.digits(int(serial), 2, 2)}", clip)
        emotion = next(emotion for emotion, known in CODES.items() if known == code)
        return PurePosixPath(f"SMIC_all_{style.layout}", self.camera, subject, "micro", emotion, name)

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`image090823`, of aligned faces `reg_image090823`."""
        prefix = "reg_image" if self.cropped(style) else "image"
        return f"{prefix}{style.digits(number, 6, 8)}"

    def extra_folders(self, clip: Clip, style: Style) -> Iterator[PurePosixPath]:
        """Stretches without an expression."""
        subject = self.folder(clip, style).parents[2]
        yield subject / "non_micro" / f"{subject.name}_non_{clip.place + 1:02}"

    def told(self, clip: Clip) -> Span:
        """The first and the last frame that is there, and no apex."""
        return Span(clip.numbers[0], None, clip.numbers[-1])

    def _subject(self, clip: Clip, style: Style) -> str:
        return style.digits(clip.number, 2 if self.cropped(style) else 1, 2)


class HS(SMIC):
    """The high-speed camera."""

    source, database, camera, fps = "smic-hs", "smic", "HS", 100.0


class VIS(SMIC):
    """The camera for visible light."""

    source, database, camera, fps = "smic-vis", "smic-vis", "VIS", 25.0


class NIR(SMIC):
    """The camera for near infrared, whose raw frames are called `90823` alone; its images are grey."""

    source, database, camera, fps = "smic-nir", "smic-nir", "NIR", 25.0
    grey = True
    onsets = (100, 900)

    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """`00823`, of aligned faces as the other cameras'."""
        return super().stem(clip, number, style) if self.cropped(style) else style.digits(number, 5, 8)
