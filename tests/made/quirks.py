"""What is odd about releases as people have them, and what each quirk does to clips and to names.

absolute: frames are numbered as the table numbers them, where the release numbers them within the clip.
bare-folders: every second subject's folder is called by its number alone.
context: there are frames before the onset and after the offset.
extra-files: what file managers and spreadsheet programs leave behind, and folders of other recordings.
gaps: frames are missing: in every third clip some about the apex, in every third the onset and one more.
grey: images have one channel.
mixed-case: extensions are in upper, lower and mixed case.
no-apex: every second clip has no apex in the table.
odd-names: blanks and letters beyond ASCII: in a folder around all, after clips' names, in frames' names.
padded: numbers in names of folders and frames have leading zeros.
png: images are png.
repression: clips that the table calls others lie in the folder repression.
unpadded: numbers in names of folders and frames have no leading zeros.
wrong-rows: in the first rows the apex is before the onset, the offset 0, the apex after the offset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.made.clips import Clip, Span

__all__ = ["COMMON", "Style", "quirky"]

COMMON = frozenset({"extra-files", "gaps", "grey", "mixed-case", "odd-names", "padded", "png", "unpadded"})
TABLED = COMMON | {"no-apex", "wrong-rows"}  # releases with a table

ODD_FOLDER = "Données, copie (表情)"


@dataclass(frozen=True)
class Style:
    """How names are written: which of a release's layouts, and with which quirks."""

    layout: str
    quirks: frozenset[str]

    def digits(self, number: int, official: int, padded: int) -> str:
        """A number with as many digits at least as the release has, or as the quirk `padded` gives it."""
        width = 1 if "unpadded" in self.quirks else padded if "padded" in self.quirks else official
        return f"{number:0{width}}"

    def folder(self, name: str, clip: Clip) -> str:
        """The name of a clip's folder."""
        return f"{name} " if "odd-names" in self.quirks and clip.number % 2 else name

    def file(self, stem: str, number: int, suffix: str) -> str:
        """The name of a frame's file."""
        if "odd-names" in self.quirks and number % 3 == 0:
            stem += " é表"
        if "png" in self.quirks:
            suffix = "png"
        if "mixed-case" in self.quirks:
            suffix = (suffix.upper(), suffix, suffix.capitalize())[number % 3]
        return f"{stem}.{suffix}"


def quirky(clip: Clip, quirks: frozenset[str]) -> Clip:
    """A clip with those quirks that concern its row and its frames."""
    if "no-apex" in quirks and clip.place % 2:
        clip = replace(clip, told=clip.told._replace(apex=None))
    if "wrong-rows" in quirks:
        clip = replace(clip, told=_wrong(clip))
    if "gaps" in quirks:
        clip = replace(clip, numbers=_gappy(clip))
    return clip


def _wrong(clip: Clip) -> Span:
    onset, _, offset = clip.shown
    wrong = (Span(onset, max(1, onset - 2), offset), Span(onset, clip.told.apex, 0), Span(onset, offset + 2, offset))
    return wrong[clip.place] if clip.place < len(wrong) else clip.told


def _gappy(clip: Clip) -> tuple[int, ...]:
    onset, apex, offset = clip.shown
    missing = ({apex, apex + 1}, {onset, offset - 1}, set())[clip.place % 3]
    kept = tuple(number for number in clip.numbers if number not in missing)
    return kept if len(kept) > 1 else clip.numbers
