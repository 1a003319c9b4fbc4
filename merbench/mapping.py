"""Arrays mapped from a file: their pages are read when they are used."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["RESIDENT", "chunks", "is_large", "release"]

RESIDENT = 64 * 2**20  # bytes of a mapped file that may stay in memory
CHUNK = 8 * 2**20  # bytes of a piece


def is_large(array: np.ndarray) -> bool:
    """Whether the array is mapped from a file and too large to be kept in memory as a whole."""
    return array.nbytes > RESIDENT and _map_of(array) is not None


def release(array: np.ndarray) -> None:
    """Frees the pages that were read; they are read again from the file when needed. Changes to them are lost.

    Does nothing for an array in memory.
    """
    file = _map_of(array)
    if file is not None and hasattr(mmap, "MADV_DONTNEED"):
        file.madvise(mmap.MADV_DONTNEED)


def chunks(array: np.ndarray) -> Iterator[np.ndarray]:
    """The array in pieces of a few rows (of its first axis). Pieces of a large mapped array do not stay in memory."""
    if not array.size:
        return
    rows = max(1, CHUNK * len(array) // max(array.nbytes, 1))
    large = is_large(array)
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
        if large:
            release(array)


def _map_of(array: np.ndarray) -> mmap.mmap | None:
    below: object = array
    while below is not None and not isinstance(below, mmap.mmap):
        below = getattr(below, "base", None)
    return below
