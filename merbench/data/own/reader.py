"""Read own clips, and check them before they are imported."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.data.clips import clip_table
from merbench.data.frames import Frames
from merbench.data.images import Look
from merbench.data.own.imports import Import, read_import
from merbench.data.own.table import VIDEOS, OwnClip, read_own_clips, refuse
from merbench.data.own.videos import OwnImages, OwnVideo, measure
from merbench.data.sources import SourceReader
from merbench.errors import ReleaseError
from merbench.progress import Progress, Silent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OwnReader", "check_clips", "image_files"]

NOTE = "the clips are the user's own; nobody else has checked their labels"
# An image whose name is not hidden, and the last integer in its stem.
IMAGE = re.compile(r"(?!\.)(?:.*[^0-9])?([0-9]+)[^0-9]*\.(?:jpe?g|bmp|png)", re.ASCII | re.IGNORECASE)


class OwnReader(SourceReader):
    """Reads an import. Its root is the folder of the description, which names the user's files.

    Raises:
        ReleaseError: there is no root.
        ConfigError: the description cannot be read.
    """

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        if root is None:
            raise ReleaseError("own clips need a folder")
        self.described = read_import(root)

    def clips(self) -> pd.DataFrame:
        """Every row of the table; a missing offset is missing here too, and is the last frame when frames are read.

        Raises:
            ReleaseError: the table is faulty.
        """
        name, rows = self.described.name, list(self._rows.values())
        return clip_table(
            {
                "clip": list(self._rows),
                "database": [name] * len(rows),
                "subject": [row.subject_id(name) for row in rows],
                "onset": [row.onset for row in rows],
                "apex": [row.apex for row in rows],
                "offset": [row.offset for row in rows],
                "emotion": [row.emotion for row in rows],
            }
        )

    def read(self, feature: str, clip: str) -> Frames:
        """The frames of one clip, from onset to offset.

        Raises:
            ReleaseError: the clip's files are missing, or do not contain its frames.
        """
        if feature != "frames" or clip not in self._rows:
            raise ReleaseError(f"{self.described.name} has no {feature} of {clip}")
        row = self._rows[clip]
        try:
            return frames_of(row, self.described.frames)
        except ReleaseError as error:
            raise ReleaseError(f"{self.described.table.name}, {error}") from error

    def notes(self) -> dict[str, str]:
        """That the clips are the user's own, for the record."""
        return {"frames": NOTE}

    @cached_property
    def _rows(self) -> dict[str, OwnClip]:
        rows = read_own_clips(self.described.table)
        refuse(
            self.described.table,
            [
                f"row {row.number}, column emotion: {row.emotion!r} had no class when the table was imported; remove "
                f"the import (merbench data remove {self.described.name}) and import it again"
                for row in rows
                if row.emotion not in self.described.emotions
            ],
        )
        return {row.id(self.described.name): row for row in rows}


def check_clips(one: Import, rows: list[OwnClip], progress: Progress | None = None) -> None:
    """Read the marked frames of every clip, as `merbench data check` does.

    Raises:
        ReleaseError: files are missing or faulty; up to five faults are named, each with its row and column.
    """
    look, faults, shown = Look(), [], progress or Silent()
    shown.start(len(rows), 0)
    for row in rows:
        try:
            frames = frames_of(row, one.frames)
        except ReleaseError as error:
            faults.append(str(error))
        else:
            try:
                look.at(row.id(one.name), frames)
            except ReleaseError as error:
                faults.append(f"row {row.number}, column clip: {row.clip!r}: {error}")
        shown.advance(1)
    refuse(one.table, [*faults, *look.duplicates])


def frames_of(row: OwnClip, root: Path) -> Frames:
    """The frames of a row of the table; the message of a ReleaseError begins with the row and the column."""
    where = f"row {row.number}, column clip: {row.clip!r}"
    path = _place(row, root)
    if path is None:
        raise ReleaseError(f"{where} is neither a folder nor a video (mp4, avi) in the folder of --frames")
    if not path.resolve().is_relative_to(root.resolve()):
        raise ReleaseError(f"{where} is a link that leads out of the folder of --frames")
    try:
        return _images(row, path, root) if path.is_dir() else _video(row, path, root)
    except _Outside as error:
        raise ReleaseError(f"row {row.number}, {error}") from error
    except ReleaseError as error:
        raise ReleaseError(f"{where}: {error}") from error


class _Outside(ReleaseError):
    """A frame number is outside the clip's files; the message begins with the column."""


def _place(row: OwnClip, root: Path) -> Path | None:
    path = root / row.clip
    if path.is_dir() or (path.is_file() and path.suffix.lower() in VIDEOS):
        return path
    return next((one for suffix in VIDEOS if (one := path.with_name(path.name + suffix)).is_file()), None)


def image_files(folder: Path) -> dict[int, Path]:
    """The images of a folder by frame number: the last number in the name of a jpg, png or bmp file.

    Raises:
        ReleaseError: there is none, or two have the same number.
    """
    files: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        match = IMAGE.fullmatch(path.name)
        if match and (other := files.setdefault(int(match[1]), path)) != path:
            raise ReleaseError(f"{other.name} and {path.name} have the same frame number")
    if not files:
        raise ReleaseError("the folder has no image (jpg, png, bmp) with a number in its name")
    return files


def _images(row: OwnClip, folder: Path, root: Path) -> Frames:
    files = image_files(folder)
    offset = _offset(row, min(files), max(files))
    for name, number in (("onset", row.onset), ("apex", row.apex), ("offset", offset)):
        if number is not None and number not in files:
            raise _Outside(f"column {name}: {row.clip!r} has no frame {number}")
    within = {number: path for number, path in files.items() if row.onset <= number <= offset}
    return OwnImages(within, root=root, onset=row.onset, apex=row.apex, offset=offset)


def _video(row: OwnClip, path: Path, root: Path) -> Frames:
    video = measure(path)
    offset = _offset(row, 1, video.frames)
    return OwnVideo(path, root=root, onset=row.onset, apex=row.apex, offset=offset, fps=video.fps)


def _offset(row: OwnClip, first: int, last: int) -> int:
    """The offset, or the last frame without one."""
    for name, number in (("onset", row.onset), ("apex", row.apex), ("offset", row.offset)):
        if number is not None and not first <= number <= last:
            raise _Outside(f"column {name}: {number} is outside of {row.clip!r}, which has the frames {first}..{last}")
    if row.onset >= last:
        raise _Outside(f"column onset: {row.onset} is the last frame of {row.clip!r}; two frames are needed")
    return last if row.offset is None else row.offset
