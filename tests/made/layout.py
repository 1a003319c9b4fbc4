"""What all releases have in common on disk: folders of subjects, in them folders of clips, in them frames."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar

from merbench_demo.shape import generator

from tests.made.clips import Clip, Span
from tests.made.quirks import COMMON, Style

__all__ = ["Layout"]

RISE, FALL = (3, 7), (3, 7)  # frames from onset to apex and from apex to offset of made-up clips: from, below


class Layout(ABC):
    """How one release lies on disk.

    Attributes:
        source, database: its names; the second begins its clips' ids.
        fps: frames per second; None where that is not known.
        emotions: what made-up clips show, in turn.
        layouts: the layouts that it is distributed in; the first is taken when none is asked for.
        quirks: those that it can have.
        suffix: the images' extension; grey: whether they have one channel.
        annotates_units: whether it tells action units.
        onsets: between which numbers the onsets of made-up clips lie.
    """

    source: ClassVar[str]
    database: ClassVar[str]
    fps: ClassVar[float | None]
    emotions: ClassVar[tuple[str, ...]]
    layouts: ClassVar[tuple[str, ...]] = ("",)
    quirks: ClassVar[frozenset[str]] = COMMON
    suffix: ClassVar[str] = "jpg"
    grey: ClassVar[bool] = False
    annotates_units: ClassVar[bool] = True
    onsets: ClassVar[tuple[int, int]] = (16, 400)

    @abstractmethod
    def subject(self, number: int) -> str:
        """A subject's name in ids."""

    @abstractmethod
    def clip(self, number: int, place: int, emotion: str, onset: int) -> str:
        """The name in ids of a made-up clip: the `place`-th (from 0) of subject `number`."""

    @abstractmethod
    def folder(self, clip: Clip, style: Style) -> PurePosixPath:
        """The folder of a clip's frames, below the release's own."""

    @abstractmethod
    def stem(self, clip: Clip, number: int, style: Style) -> str:
        """The name of a frame's file without its extension."""

    def write_table(self, root: Path, clips: Sequence[Clip], style: Style) -> None:  # noqa: B027  not all have one
        """Write the annotation table into the release's folder."""

    def extra_folders(self, clip: Clip, style: Style) -> Iterator[PurePosixPath]:
        """Folders of other recordings that lie beside a clip's, with frames that are not the clip's."""
        yield from ()

    def cropped(self, style: Style) -> bool:
        """Whether its frames show aligned faces."""
        return "crop" in style.layout

    def told(self, clip: Clip) -> Span:
        """What the release tells of a clip's frames."""
        return clip.told

    def made_span(self, number: int, place: int) -> tuple[int, int, int]:
        """Onset, apex and offset of a made-up clip: the `place`-th (from 0) of subject `number`."""
        draw = generator(self.source, str(number), str(place), "span")
        onset = int(draw.integers(*self.onsets))
        apex = onset + int(draw.integers(*RISE))
        return onset, apex, apex + int(draw.integers(*FALL))
