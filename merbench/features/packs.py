"""Many clips' results in one file: a NumPy file `[clips, ...]` with an index behind it, which NumPy passes over.

The index says all that is needed to read the rows, and has a checksum: NumPy's own header is for people, and is never
read here.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from merbench.errors import PluginError
from merbench.files import partial_name

__all__ = ["SUM", "Pack", "PackWriter", "model_dtype", "read_packs"]

SUM = 4  # bytes of a checksum: CRC-32, against bad disks and not against people
LENGTH = 8  # bytes of the length of an index


@dataclass(frozen=True)
class Pack:
    """A file of results that is whole.

    Attributes:
        path: the file.
        keys: of its rows, in their order.
        sums: the rows' checksums.
        exact: whether the rows have the type in which they were computed.
        dtype: of the rows, by NumPy's name: `uint8` or `float32`.
        shape: of a row.
        offset: where the rows begin in the file, in bytes.
    """

    path: Path
    keys: tuple[str, ...]
    sums: tuple[int, ...]
    exact: bool
    dtype: str
    shape: tuple[int, ...]
    offset: int

    def mapped(self) -> np.memmap[Any, Any]:
        """`[clips, ...]`, read from the file when it is looked at. Writing to it does not change the file.

        Raises OSError and ValueError if the file is gone, or is too short.
        """
        shape = (len(self.keys), *self.shape)
        return np.memmap(self.path, np.dtype(self.dtype), mode="c", offset=self.offset, shape=shape)

    def bad_rows(self, start: int, stop: int) -> list[int]:
        """The rows from `start` to before `stop` that are not what was written. They are read, not mapped: of a large
        file no more than a row is in memory. Raises OSError and ValueError where there is no such file any more.
        """
        array = self.mapped()
        row = bytearray(array[0].nbytes)
        bad = []
        with self.path.open("rb") as file:
            file.seek(self.offset + start * len(row))
            for index in range(start, stop):
                if file.readinto(row) != len(row) or zlib.crc32(row) != self.sums[index]:
                    bad.append(index)
        return bad


class PackWriter:
    """Writes a pack row by row; in a `with`, and nothing of it is seen before `finish`.

    Args:
        folder: of packs; it is made.
        count: how many rows there will be.
        like: a row; all others must have its shape, and get its type.
        name: of the feature, for the error.
    """

    def __init__(self, folder: Path, count: int, like: np.ndarray, name: str) -> None:
        self.folder, self.name = folder, name
        self.shape, self.dtype = like.shape, model_dtype(like)
        self.exact = self.dtype == like.dtype
        self.keys: list[str] = []
        self.sums: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.partial = partial_name(folder)
        self.file = self.partial.open("xb")
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (count, *self.shape),
        }
        np.lib.format.write_array_header_2_0(self.file, header)
        self.offset = self.file.tell()

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # of a full disk: what could not be written is told already
            self.file.close()
        with contextlib.suppress(OSError):
            self.partial.unlink(missing_ok=True)

    def append(self, key: str, row: np.ndarray) -> None:
        """The next row. Raises OSError.

        Raises:
            PluginError: it has another shape than the first.
        """
        if row.shape != self.shape:
            shapes = sorted({row.shape, self.shape})
            raise PluginError(f"feature {self.name} gives arrays of different shapes: {shapes}")
        content = np.ascontiguousarray(row, self.dtype).tobytes()
        self.file.write(content)
        self.keys.append(key)
        self.sums.append(zlib.crc32(content))

    def finish(self) -> Pack:
        """Puts the pack in its place, under a name that follows from its keys. Raises OSError."""
        described = {
            "keys": self.keys,
            "sums": self.sums,
            "exact": self.exact,
            "dtype": self.dtype.name,
            "shape": self.shape,
            "offset": self.offset,
        }
        index = json.dumps(described).encode()
        self.file.write(index + len(index).to_bytes(LENGTH, "little") + zlib.crc32(index).to_bytes(SUM, "little"))
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        path = self.folder / f"{hashlib.sha256(' '.join(self.keys).encode()).hexdigest()[:32]}.npy"
        os.replace(self.partial, path)
        return _pack(path, described)


def model_dtype(array: np.ndarray) -> np.dtype[Any]:
    """What a model is shown: bytes as bytes (a batch of them becomes float32 as it is taken), all else as float32."""
    return np.dtype(np.uint8) if array.dtype == np.uint8 else np.dtype(np.float32)


def read_packs(folder: Path) -> tuple[list[Pack], list[Path]]:
    """The packs in a folder, those of few clips first, and the files that should be one and are not whole."""
    found = {path: _read(path) for path in sorted(folder.glob("*.npy"))}
    packs = sorted((pack for pack in found.values() if pack), key=lambda pack: len(pack.keys))
    return packs, [path for path, pack in found.items() if pack is None and path.exists()]


def _read(path: Path) -> Pack | None:
    try:
        with path.open("rb") as file:
            file.seek(-LENGTH - SUM, os.SEEK_END)
            end = file.read()
            length = int.from_bytes(end[:LENGTH], "little")
            file.seek(-LENGTH - SUM - length, os.SEEK_END)
            index = file.read(length)
        if zlib.crc32(index) != int.from_bytes(end[LENGTH:], "little"):
            return None
        return _pack(path, json.loads(index))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None


def _pack(path: Path, described: dict[str, Any]) -> Pack:
    return Pack(
        path=path,
        keys=tuple(described["keys"]),
        sums=tuple(described["sums"]),
        exact=described["exact"],
        dtype=described["dtype"],
        shape=tuple(described["shape"]),
        offset=described["offset"],
    )
