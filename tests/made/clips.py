"""The clips of a release that is written: what its table tells of each, and what its frames show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from merbench_demo.video import RenderedClip, render

__all__ = ["MARGIN", "Clip", "Span", "rendering"]

MARGIN = 3  # frames that a rendered clip has before its onset and after its offset


class Span(NamedTuple):
    """Onset, apex and offset as frame numbers; None where nothing is told."""

    onset: int | None
    apex: int | None
    offset: int | None


@dataclass(frozen=True)
class Clip:
    """One clip.

    Attributes:
        database, subject, name: the parts of its id.
        place: its place in the release, counted from 0.
        emotion, action_units: as annotated; empty where nothing is told.
        told: what the table says, true or not.
        shown: what the frames show; nothing is missing, and it is in order.
        numbers: which frames are there, from onset to offset.
    """

    database: str
    subject: str
    name: str
    place: int
    emotion: str
    action_units: str
    told: Span
    shown: tuple[int, int, int]
    numbers: tuple[int, ...]

    @property
    def id(self) -> str:
        """The clip's id, as in the clip table."""
        return f"{self.database}/{self.subject}/{self.name}"

    @property
    def number(self) -> int:
        """The number in the subject's name."""
        return int("".join(one for one in self.subject if one.isdigit()))


def shown(told: Span) -> tuple[int, int, int]:
    """What frames can show of a row: its onset and offset where they are in order, else all from its lowest number
    to its highest; the apex midway where it does not lie between. A zero is no frame.
    """
    onset, apex, offset = (number or 0 for number in told)
    known = [number for number in (onset, apex, offset) if number]
    first, last = (onset, offset) if 0 < onset <= offset else (min(known), max(known))
    return first, apex if first <= apex <= last else (first + last) // 2, last


def rendering(
    clip: str,
    emotion: str,
    span: tuple[int, int, int],
    *,
    size: tuple[int, int] = (480, 640),
    cropped: bool = False,
) -> RenderedClip:
    """The video behind a clip of a release that was written with faces, with its true flow and landmarks.

    Frame number n of the release is image `n - onset + MARGIN` (JPEG loses a little of it).

    Args:
        clip: its id; its subject's is what stands before the last `/`.
        emotion: as annotated.
        span: onset, apex and offset as they are shown: those of `made_clips`, or of the clips that were given.
        size: height and width in pixels, as written.
        cropped: whether the layout is one of aligned faces.
    """
    first, apex, last = span
    return render(
        clip.rpartition("/")[0],
        clip,
        emotion,
        frames=last - first + 1 + 2 * MARGIN,
        onset=MARGIN,
        apex=apex - first + MARGIN,
        offset=last - first + MARGIN,
        size=size,
        cropped=cropped,
    )
