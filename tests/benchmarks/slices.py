"""The rows of a large board in slices: files of about a thousand rows in order, with an index of where each one begins.

Where a slice ends follows from the ids of its rows. So the same rows give the same files in whatever order they come,
and a new row rewrites only the slice that it falls into, rarely the next one too. `docs/a-million-records.md` says what
this is for; merbench does not do it yet.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = [
    "FIELDS",
    "INDEX",
    "SCORES",
    "SLICE",
    "Order",
    "Row",
    "Slice",
    "add",
    "beginning_with",
    "ends",
    "line",
    "read_index",
    "read_slice",
    "slice_of",
    "write_index",
    "write_slice",
]

SLICE = 1_000  # rows of a slice, on average
INDEX = "index.json"
AFTER = "\U0010ffff"  # after every letter

# What a browser needs of a row: the fields of `boards/NAME.json` that the table of a board shows, except for what other
# rows decide. Figures have the names of the table's columns; of `full-uf1` and `full-uar` the ends of the interval too.
SCORES = tuple(f"{part}-{metric}" for part in ("full", "smic", "casme2", "samm") for metric in ("uf1", "uar"))
FIELDS = (
    *("id", "page", "model", "name", "recipe", "set", "badge", "claim", "approach", "epoch_policy"),
    *(*SCORES, "accuracy", "selection", "clips", "clips_total", "parameters", "seconds", "device", "seeds"),
)
PLACES = {name: place for place, name in enumerate(FIELDS)}

Row: TypeAlias = list[Any]  # a value for each of `FIELDS`; the first one is the id


class Slice(NamedTuple):
    """A file of rows: its name without ending, from its content; how many rows; value and id of the first one."""

    name: str
    rows: int
    value: Any
    id: str


class Order(NamedTuple):
    """An order of the rows by a field; rows without a value come last, and equal rows are in the order of their ids."""

    field: str
    highest_first: bool = False

    def value(self, row: Row) -> Any:
        """What the row has in the field, without an interval."""
        value = row[PLACES[self.field]]
        return value[0] if isinstance(value, list) else value

    def key(self, value: Any, name: str) -> tuple[Any, str]:
        """By which a row with this value and id is sorted."""
        if value is None:
            return math.inf, name
        return -value if self.highest_first else value, name

    def of_row(self, row: Row) -> tuple[Any, str]:
        """By which a row is sorted."""
        return self.key(self.value(row), row[0])

    def of_slice(self, one: Slice) -> tuple[Any, str]:
        """By which a slice is sorted."""
        return self.key(one.value, one.id)


def ends(ids: np.ndarray, size: int = SLICE) -> list[int]:
    """After which rows a slice ends, of ordered rows whose ids are these numbers; the last row always ends one.

    The first half of `size` rows never ends a slice; of the rows after it one in `size / 2` does.
    """
    least, last, found = size // 2, 0, []
    for end in (np.flatnonzero(ids % np.uint64(least) == 0) + 1).tolist():
        if end - last >= least:
            found.append(end)
            last = end
    return found if last == len(ids) else [*found, len(ids)]


def line(row: Row) -> bytes:
    """A row as it stands in a slice."""
    return json.dumps(row, separators=(",", ":"), allow_nan=False).encode()


def write_slice(folder: Path, lines: Sequence[bytes], order: Order) -> Slice:
    """Write a slice of an order into its folder."""
    content = b"[" + b",\n".join(lines) + b"]\n"
    name = hashlib.sha256(content).hexdigest()[:12]
    (folder / f"{name}.json").write_bytes(content)
    first = json.loads(lines[0])
    return Slice(name, len(lines), order.value(first), first[0])


def read_slice(folder: Path, one: Slice) -> list[Row]:
    """The rows of a slice."""
    rows: list[Row] = json.loads((folder / f"{one.name}.json").read_bytes())
    return rows


def write_index(folder: Path, slices: Sequence[Slice]) -> None:
    """Write the index of an order's folder."""
    (folder / INDEX).write_bytes(b"[" + b",\n".join(line(list(one)) for one in slices) + b"]\n")


def read_index(folder: Path) -> list[Slice]:
    """The slices of an order, the first one first."""
    return [Slice(*one) for one in json.loads((folder / INDEX).read_bytes())]


def slice_of(slices: Sequence[Slice], order: Order, value: Any, name: str) -> int:
    """Which slice contains, or would contain, the row with this value and id."""
    return max(0, bisect_right(slices, order.key(value, name), key=order.of_slice) - 1)


def beginning_with(slices: Sequence[Slice], order: Order, text: str) -> Sequence[Slice]:
    """The slices with the rows whose field begins with a text."""
    start = slice_of(slices, order, text, "")
    return slices[start : max(start + 1, bisect_left(slices, order.key(text + AFTER, ""), key=order.of_slice))]


def add(folder: Path, order: Order, row: Row, size: int = SLICE) -> list[Slice]:
    """Add a row to an order that has an index, and return the slices that were written.

    The slice of the row is cut again, together with the next one if its last row does not end a slice any more. The
    index is written after the slices that it names, and before the others are removed.
    """
    slices = read_index(folder)
    first = slice_of(slices, order, order.value(row), row[0])
    behind, rows = first + 1, read_slice(folder, slices[first]) if slices else []
    insort(rows, row, key=order.of_row)
    while behind < len(slices) and not _whole(rows, size):
        rows += read_slice(folder, slices[behind])
        behind += 1
    cuts = pairwise([0, *ends(_numbers(rows), size)])
    written = [write_slice(folder, [line(one) for one in rows[start:end]], order) for start, end in cuts]
    old, slices[first:behind] = slices[first:behind], written
    write_index(folder, slices)
    for name in {one.name for one in old} - {one.name for one in written}:
        (folder / f"{name}.json").unlink()
    return written


def _whole(rows: Sequence[Row], size: int) -> bool:
    """Whether the last of these rows ends a slice by its id, and not only because there are no more."""
    start = [0, *ends(_numbers(rows), size)][-2]
    return len(rows) - start >= size // 2 and int(rows[-1][0], 16) % (size // 2) == 0


def _numbers(rows: Sequence[Row]) -> np.ndarray:
    return np.array([int(row[0], 16) for row in rows], dtype=np.uint64)
