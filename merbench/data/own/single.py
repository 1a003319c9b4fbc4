"""One clip that belongs to no dataset: a video, or a folder of images."""

from __future__ import annotations

from pathlib import Path

from merbench.data.frames import Frames
from merbench.data.own.reader import IMAGE, image_files
from merbench.data.own.table import VIDEOS
from merbench.data.own.videos import OwnImages, OwnVideo, measure
from merbench.errors import ReleaseError

__all__ = ["single_clip"]


def single_clip(path: Path, onset: int | None = None, apex: int | None = None) -> Frames:
    """The frames of a clip, to the last one.

    Args:
        path: a video (mp4, avi), whose first frame is 1, or a folder of images with numbers in their names.
        onset: frame number; None for the first frame.
        apex: frame number; None if it is not known.

    Raises:
        ReleaseError: the clip cannot be read, has no motion to show, or does not have these frames.
    """
    place = path.expanduser().resolve()
    try:
        if place.is_dir():
            files = image_files(place)
            onset, offset = _span(list(files), onset, apex)
            within = {number: one for number, one in files.items() if number >= onset}
            return OwnImages(within, root=place, onset=onset, apex=apex, offset=offset)
        video = measure(_video(place))
        onset, offset = _span(range(1, video.frames + 1), onset, apex)
        return OwnVideo(place, root=place.parent, onset=onset, apex=apex, offset=offset, fps=video.fps)
    except OSError as error:
        raise ReleaseError(f"{path}: {error.strerror}") from error
    except ReleaseError as error:
        raise ReleaseError(f"{path}: {error}") from error


def _video(path: Path) -> Path:
    if path.is_file() and path.suffix.lower() in VIDEOS:
        return path
    if path.is_file() and IMAGE.fullmatch(f"1{path.name}"):
        raise ReleaseError("a still image shows no motion; give a video (mp4, avi) or the folder of its images")
    raise ReleaseError("it is neither a video (mp4, avi) nor a folder of images")


def _span(numbers: range | list[int], onset: int | None, apex: int | None) -> tuple[int, int]:
    """The first and the last frame to read."""
    first, last = min(numbers), max(numbers)
    for name, number in (("onset", onset), ("apex", apex)):
        if number is not None and number not in numbers:
            raise ReleaseError(f"there is no frame {number} for the {name}; the frames are {first} to {last}")
    start = first if onset is None else onset
    if first == last:
        raise ReleaseError("it has a single frame, which shows no motion")
    if start == last:
        raise ReleaseError(f"the onset, {start}, is the last frame; two frames are needed")
    if apex is not None and apex <= start:
        raise ReleaseError(f"the apex, {apex}, is not after the onset, {start}")
    return start, last
