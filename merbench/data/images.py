"""Checks the image files of a release: missing files, unreadable files, sizes and duplicates."""

from __future__ import annotations

import collections
import hashlib
from collections.abc import Iterable
from pathlib import Path

from merbench.data.frames import Frames
from merbench.errors import ReleaseError

__all__ = ["Look"]


class Look:
    """What was found in the clips checked so far.

    Args:
        all_frames: whether every image is read. Otherwise only onset, apex and offset are read; the other files must
            exist and not be empty.

    Attributes:
        images: number of image files, by database.
        read: number of image files that were read, by database.
        sizes: by database, a size such as `640x480` to the number of clips whose first image has that size.
        cropped: number of clips with faces cropped by the authors, by database.
        missing: clip id to the frames that are missing between onset and offset, in words.
        duplicates: a sentence for every two clips that have different files with the same bytes.
    """

    def __init__(self, *, all_frames: bool = False) -> None:
        self.all_frames = all_frames
        self.images: collections.Counter[str] = collections.Counter()
        self.read: collections.Counter[str] = collections.Counter()
        self.cropped: collections.Counter[str] = collections.Counter()
        self.sizes: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
        self.missing: dict[str, str] = {}
        self._seen: dict[bytes, tuple[str, Path]] = {}
        self._shared: dict[tuple[str, str], str] = {}

    @property
    def duplicates(self) -> list[str]:
        """See the class."""
        return list(self._shared.values())

    def at(self, clip: str, frames: Frames) -> None:
        """Checks the images of one clip (its id).

        Raises:
            ReleaseError: a file is missing, empty or unreadable; the message names the file and the reason.
        """
        database = clip.split("/", 1)[0]
        files = frames.files
        if not files:  # drawn on demand: there is nothing on disk
            return
        self.images[database] += len(files)
        self.cropped[database] += frames.cropped
        missing = _missing(frames)
        if missing:
            self.missing[clip] = missing
        for path in files.values():
            _check_there(path)
        for number in files if self.all_frames else _marked(frames):
            image = frames[frames.index(number)]
            if number == frames.numbers[0]:
                self.sizes[database][f"{image.shape[1]}x{image.shape[0]}"] += 1
            self.read[database] += 1
            self._compare(clip, files[number])

    def _compare(self, clip: str, path: Path) -> None:
        first, other = self._seen.setdefault(hashlib.sha256(path.read_bytes()).digest(), (clip, path))
        if first != clip and other != path:  # clips that overlap in one video share its files
            self._shared.setdefault(
                (first, clip), f"{first} and {clip}: {other.name} and {path.name} are the same image"
            )


def _marked(frames: Frames) -> Iterable[int]:
    """Frame numbers of the images used as onset, apex and offset."""
    wanted = [number for number in (frames.onset, frames.apex, frames.offset) if number is not None]
    return sorted({frames.numbers[0], *(frames.numbers[frames.index(number)] for number in wanted)})


def _missing(frames: Frames) -> str:
    span = range(frames.onset, frames.offset + 1)
    lacking = len(span) - sum(number in span for number in frames.numbers)
    if not lacking:
        return ""
    named = {"onset": frames.onset, "apex": frames.apex, "offset": frames.offset}
    marked = [name for name, number in named.items() if number is not None and number not in frames.numbers]
    return f"{lacking} of {len(span)}" + (f", among them the {' and the '.join(marked)}" if marked else "")


def _check_there(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ReleaseError(f"{path.name}: {error.strerror}") from error
    if not size:
        raise ReleaseError(f"{path.name} has 0 bytes")
