"""Frames of own clips: images that cameras may have turned, and video files, which OpenCV decodes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.data.frames import LARGEST_SIDE, Frames
from merbench.errors import ReleaseError

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray  # uint8 [height, width, 3], red first

__all__ = ["OwnImages", "OwnVideo", "Video", "measure"]

ORIENTATION = 0x0112  # the EXIF tag
# Orientation → whether rows and columns are exchanged first, then quarter turns to the left, then whether it is
# mirrored from left to right (EXIF 2.32, section 4.6.4).
TURNS = {2: (0, 0, 1), 3: (0, 2, 0), 4: (0, 2, 1), 5: (1, 0, 0), 6: (0, 3, 0), 7: (1, 2, 0), 8: (0, 1, 0)}


class OwnImages(Frames):
    """A folder of images; an image with an EXIF rotation is turned upright."""

    def read(self, place: int) -> Image:
        """The image at a position, upright; raises what `Frames.read` raises."""
        import numpy as np
        import PIL.Image

        image = super().read(place)
        with PIL.Image.open(self._files[place]) as opened:
            exchanged, turns, mirrored = TURNS.get(opened.getexif().get(ORIENTATION, 1), (0, 0, 0))
        image = np.rot90(image.transpose(1, 0, 2) if exchanged else image, turns)
        return np.ascontiguousarray(image[:, ::-1] if mirrored else image)


class OwnVideo(Frames):
    """A video file, whose frames are counted from 1. Reading forward is fast; reading backward starts again."""

    def __init__(self, path: Path, *, root: Path, onset: int, offset: int, apex: int | None, fps: float | None) -> None:
        files = dict.fromkeys(range(onset, offset + 1), path)
        super().__init__(files, root=root, onset=onset, offset=offset, apex=apex, fps=fps)
        self._decoder = _Decoder(path)

    def read(self, place: int) -> Image:
        """The frame at a position; ReleaseError if the video ends before it or cannot be decoded."""
        return self._decoder.frame(self.numbers[place])


class _Decoder:
    """Decodes frames in their order: seeking is not exact in every format."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._capture: Any = None
        self._next = 1

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_capture": None, "_next": 1}  # an open video cannot be sent to another process

    def frame(self, number: int) -> Image:
        import cv2

        if self._capture is None or number < self._next:
            self._capture, self._next = _opened(self.path), 1
        while self._next <= number:
            if not self._capture.grab():
                raise ReleaseError(f"{self.path.name} ends after frame {self._next - 1}")
            self._next += 1
        found, image = self._capture.retrieve()
        if not found:
            raise ReleaseError(f"frame {number} of {self.path.name} cannot be decoded")
        upright: Image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)  # OpenCV turns it as the video says
        return upright


@dataclass(frozen=True)
class Video:
    """What a video file contains: the number of frames that can be decoded, and frames per second if known."""

    frames: int
    fps: float | None


def measure(path: Path) -> Video:
    """Decode a video to its end and count its frames.

    Raises:
        ReleaseError: the file is not a video that can be read, or its frame rate varies.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise ReleaseError(f"{path.name}: {error.strerror}") from error
    return _measured(path, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=4096)
def _measured(path: Path, size: int, changed: int) -> Video:
    """The same; size and time of change are part of the key, so that a changed file is measured again."""
    import cv2

    capture = _opened(path)
    times = []
    while capture.grab():
        times.append(capture.get(cv2.CAP_PROP_POS_MSEC))
    if not times:
        raise ReleaseError(f"{path.name} has no frame that can be decoded")
    steps = [after - before for before, after in pairwise(times)]
    usual = statistics.median(steps) if steps else 0.0
    # A player's clock rounds to milliseconds; a frame that was left out makes a step twice as long.
    if usual > 0 and any(abs(step - usual) > usual / 2 for step in steps):
        raise ReleaseError(f"{path.name} has a variable frame rate; convert it to a constant one")
    fps = capture.get(cv2.CAP_PROP_FPS)
    return Video(len(times), fps if fps > 0 else None)


def _opened(path: Path) -> Any:
    import cv2

    capture = cv2.VideoCapture(str(path))
    if not capture.isOpened():
        raise ReleaseError(f"{path.name} is not a video that can be read")
    sides = [capture.get(side) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)]
    if max(sides) > LARGEST_SIDE:
        raise ReleaseError(f"{path.name} is larger than {LARGEST_SIDE} pixels a side")
    return capture
