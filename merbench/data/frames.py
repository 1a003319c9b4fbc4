"""A clip's images, which stay on disk until they are asked for."""

from __future__ import annotations

import copy
import hashlib
import io
import stat
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from merbench.errors import ReleaseError

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray  # uint8 [height, width, 3], red first

__all__ = ["Frames"]

LARGEST_FILE = 64 * 2**20  # bytes; a frame of the field's releases has at most two million
LARGEST_SIDE = 8192  # pixels
FORMATS = ("JPEG", "PNG", "BMP")


class Frames(Sequence["Image"]):
    """The images of one clip in the order of their frame numbers; each is read when it is asked for, and not kept.

    An image is uint8 `[height, width, 3]`, red first; a grey one has three equal channels.

    Args:
        files: frame number to image file.
        root: the release's folder; a file that a link leads out of it is not read.
        onset, offset: frame numbers as annotated; a frame that is missing stands for its nearest neighbour.
        apex: likewise; None where it was not annotated.
        fps: frames per second; None where the release does not say.
        cropped: whether the release shows the face alone, aligned by its authors.

    Attributes:
        code: a digest of the code that found and reads the images; set where a source hands them out.

    Raises:
        ReleaseError: there are no files.
    """

    code = ""

    def __init__(
        self,
        files: Mapping[int, Path],
        *,
        root: Path,
        onset: int,
        offset: int,
        apex: int | None = None,
        fps: float | None = None,
        cropped: bool = False,
    ) -> None:
        if not files:
            raise ReleaseError("it has no frames")
        self.numbers = tuple(sorted(files))
        self.onset, self.apex, self.offset = onset, apex, offset
        self.fps, self.cropped, self.root = fps, cropped, root
        self._files = [files[number] for number in self.numbers]
        self._changes: tuple[Callable[[Image], Image], ...] = ()

    def __len__(self) -> int:
        """How many images there are."""
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Image]: ...
    def __getitem__(self, index: int | slice) -> Image | Sequence[Image]:
        """One image by its place, or a list of several.

        Raises:
            ReleaseError: a file is missing, truncated, too large, not an image of 8 bits, or outside the release.
        """
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        image = self.read(range(len(self))[index])
        for change in self._changes:
            image = change(image)
        return image

    def read(self, place: int) -> Image:
        """The image at a place from 0 up, as it lies on disk; raises what indexing raises."""
        return read_image(self._files[place], self.root)

    @property
    def files(self) -> dict[int, Path]:
        """Frame number to image file, in the order of the numbers."""
        return dict(zip(self.numbers, self._files, strict=True))

    def index(self, number: int) -> int:  # type: ignore[override]  # of a frame number, not of an image
        """The place of the frame with this number, or of the one nearest to it (the earlier of two)."""
        return min(range(len(self)), key=lambda place: abs(self.numbers[place] - number))

    def mapped(self, change: Callable[[Image], Image]) -> Frames:
        """The same clip with every image changed as it is read."""
        mapped = copy.copy(self)
        mapped._changes = (*self._changes, change)
        return mapped

    def signature(self) -> str:
        """sha256 (hex) of the annotation and of each file's name, size and time of change: tells a release that was
        changed without reading all of it.

        Raises:
            ReleaseError: a file is missing.
        """
        digest = hashlib.sha256(repr((self.onset, self.apex, self.offset, self.fps, self.cropped)).encode())
        for number, path in zip(self.numbers, self._files, strict=True):
            try:
                found = path.stat()
            except OSError as error:
                raise ReleaseError(f"{path.name}: {error.strerror}") from error
            digest.update(f"{number} {path.name} {found.st_size} {found.st_mtime_ns}\n".encode())
        return digest.hexdigest()


def read_image(path: Path, root: Path) -> Image:
    """One image of a release: uint8 `[height, width, 3]`, red first.

    Raises:
        ReleaseError: it is missing, empty, truncated, too large, not of 8 bits, or a link leads out of the release; the
            file's name and the reason in a few words.
    """
    import cv2
    import numpy as np

    content = _content(path, root)
    _check(path.name, content)
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise ReleaseError(f"{path.name} is not an image that can be read")
    if image.dtype != np.uint8:
        raise ReleaseError(f"{path.name} has {8 * image.dtype.itemsize} bits a channel; 8 were expected")
    if image.ndim == 2 or image.shape[2] == 1:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    return cv2.cvtColor(image, cv2.COLOR_BGRA2RGB if image.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _content(path: Path, root: Path) -> bytes:
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise ReleaseError(f"{path.name} is a link that leads out of the release")
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ReleaseError(f"{path.name} is not a file")
        if not 0 < found.st_size <= LARGEST_FILE:
            raise ReleaseError(f"{path.name} has {found.st_size} bytes")
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path.name}: {error.strerror}") from error


def _check(name: str, content: bytes) -> None:
    """Refuses what is no image, is cut short, or would fill the memory.

    OpenCV, which makes the pixels, gives the upper part of a JPEG that was cut short, and says nothing.
    """
    import PIL.Image

    try:
        with warnings.catch_warnings(action="ignore"), PIL.Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if max(width, height) <= LARGEST_SIDE:
                _read_to_the_end(image)
    except PIL.UnidentifiedImageError:
        raise ReleaseError(f"{name} is not a JPEG, PNG or BMP image") from None
    except PIL.Image.DecompressionBombError:
        raise ReleaseError(f"{name} is larger than {LARGEST_SIDE} pixels a side") from None
    except OSError:
        raise ReleaseError(f"{name} is truncated") from None
    except Exception:  # Pillow raises many kinds of them for a damaged file
        raise ReleaseError(f"{name} is not an image that can be read") from None
    if max(width, height) > LARGEST_SIDE:
        raise ReleaseError(f"{name} is {width}x{height}; {LARGEST_SIDE} pixels a side at most")


def _read_to_the_end(image: Any) -> None:
    if image.format == "PNG":
        image.verify()  # checksums alone
    else:
        image.draft("L", (1, 1))  # of a JPEG, an eighth of the size: takes a quarter of the time
        image.load()
