"""Keeps pictures on disk until the page is written, so that memory does not grow with the number of clips."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import BinaryIO

from merbench.preview.pictures import Picture

__all__ = ["Spool", "Spooled"]


@dataclass(frozen=True)
class Spooled:
    """A picture whose image file is in a spool; see `Picture`."""

    name: str
    titles: tuple[str, ...]
    width: int
    height: int
    file: BinaryIO
    start: int
    length: int

    @property
    def data(self) -> str:
        """The image file in base64, read from the spool each time."""
        self.file.seek(self.start)
        return base64.b64encode(self.file.read(self.length)).decode("ascii")


class Spool:
    """Keeps pictures in a file.

    Args:
        file: an empty file, open for reading and writing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.end = file, 0

    def add(self, picture: Picture) -> Spooled:
        """Adds a picture. Raises OSError."""
        start = self.end
        self.file.seek(start)
        self.end += self.file.write(picture.png)
        return Spooled(picture.name, picture.titles, picture.width, picture.height, self.file, start, len(picture.png))
