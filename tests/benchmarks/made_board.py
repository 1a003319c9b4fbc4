"""A made board of any number of rows, written in slices without keeping the rows in memory."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.benchmarks.slices import SCORES, SLICE, Order, Row, ends, line, write_index, write_slice

__all__ = ["ORDERS", "Built", "build", "made_rows"]

# The order of the board, three columns that a reader may sort by, and the order in which a row is found by its id.
ORDERS = (Order("full-uf1", True), Order("full-uar", True), Order("parameters"), Order("model"), Order("id"))
TRIED = (250, 4_000)  # rows of a slice, to compare
BLOCK = 1_000  # rows that are made at once
FIRST = ("Flow", "Micro", "Strain", "Apex", "Dual", "Causal", "Graph", "Sparse", "Deep", "Twin", "Region", "Motion")
SECOND = ("Net", "Former", "Conv", "Mixer", "Capsule", "Attention", "Lstm", "Mamba", "Tree", "Kernel")
RECIPES, WIDTHS = ("published", "quick", "default", "tuned"), ("", "8", "16", "32", "64")
CLAIMS = ("as published", "shortened", "own settings", "baseline")
CLIPS, DIGITS, HALF = 442, 6, 0.065  # half of an interval


class Built(NamedTuple):
    """Seconds of the processor to write a line for each row, to sort by the scores, and to write each order; the most
    memory, in bytes; the folders with slices of another size, of the first order, by the size.
    """

    lines: float
    sort: float
    orders: dict[str, float]
    peak: int
    tried: dict[int, str]


def made_rows(number: int, first: int = 0) -> Iterator[Row]:
    """So many rows, always the same, in the order in which records come; `first` is a multiple of `BLOCK`."""
    for start in range(first, first + number, BLOCK):
        yield from islice(_block(start), first + number - start)


def _block(start: int) -> Iterator[Row]:
    rng = np.random.default_rng((20, start))
    ids = rng.integers(0, 2**48, (2, BLOCK)).tolist()
    uf1 = 0.3 + 0.6 * rng.beta(5, 3, BLOCK)
    scores = np.clip(uf1[:, None] + rng.normal(0, [0, 0.02, *[0.08] * 6, 0.02], (BLOCK, 9)), 0.01, 0.99)
    parameters = np.exp(rng.normal(13, 2, BLOCK)).astype(int)
    seconds = np.exp(rng.normal(7, 1.5, BLOCK)).round(1)
    choices = rng.integers(0, (len(FIRST), len(SECOND), 100, 4, 5, 4, 10, 2), (BLOCK, 8)).tolist()
    selection = rng.normal(0.08, 0.03, BLOCK).round(4).tolist()
    values = scores.round(DIGITS).tolist()
    for place, (one, two, version, recipe, width, claim, run_here, device) in enumerate(choices):
        model = f"{FIRST[one]}-{SECOND[two]}-{version}".lower()
        settings = {"width": WIDTHS[width]} if width else {}
        scored = zip(SCORES, values[place][:-1], strict=True)
        figures = [_with_interval(value) if name.startswith("full") else value for name, value in scored]
        yield [
            f"{ids[0][place]:012x}", f"entries/{ids[1][place]:012x}.html",
            model, f"{FIRST[one]}{SECOND[two]} {version}", RECIPES[recipe], settings,
            "run here" if run_here else "rescored", CLAIMS[claim] if run_here else "",
            "network" if run_here else "not stated", "last", *figures, values[place][-1], selection[place], CLIPS,
            CLIPS, int(parameters[place]) if run_here else None, float(seconds[place]), ("cpu", "cuda")[device], 1,
        ]  # fmt: skip


def _with_interval(value: float) -> list[float]:
    return [value, round(max(0.0, value - HALF), 4), round(min(1.0, value + HALF), 4)]


def build(folder: Path, rows: int) -> Built:
    """Write a made board in every order, each in a folder of its name. Meant for a process of its own.

    Of a row, memory keeps only where its line begins, its id, and what it is sorted by.
    """
    started = time.process_time()
    offsets, ids, values = _write_lines(folder / "lines", rows)
    seconds = {"": time.process_time() - started}
    with (folder / "lines").open("rb") as file:

        def read(place: int) -> bytes:
            return os.pread(file.fileno(), int(offsets[place + 1] - offsets[place]) - 1, int(offsets[place]))

        for order in ORDERS:
            started = time.process_time()
            _write_order(folder / order.field, order, _sorted(order, values[order.field], ids), ids, read)
            seconds[order.field] = time.process_time() - started
        most, tried, best = _peak(), {}, ORDERS[0]
        started = time.process_time()
        places = _sorted(best, values[best.field], ids)
        sort = time.process_time() - started
        for size in TRIED:
            tried[size] = f"{best.field} {size}"
            _write_order(folder / tried[size], best, places, ids, read, size)
    return Built(seconds.pop(""), sort, seconds, most, tried)


def _write_lines(path: Path, rows: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Write a line for each row as it comes; where each begins, the ids as numbers, and the values of each order."""
    offsets, ids = np.zeros(rows + 1, dtype=np.int64), np.empty(rows, dtype=np.uint64)
    kinds = {"model": "S32", "id": np.uint64}
    values = {one.field: np.empty(rows, dtype=kinds.get(one.field, np.float64)) for one in ORDERS}
    with path.open("wb") as file:
        for place, row in enumerate(made_rows(rows)):
            offsets[place + 1] = offsets[place] + file.write(line(row) + b"\n")
            ids[place] = int(row[0], 16)
            for order in ORDERS:
                value = ids[place] if order.field == "id" else order.value(row)
                values[order.field][place] = np.nan if value is None else value
    return offsets, ids, values


def _sorted(order: Order, values: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The rows in order; those without a value, not a number, come last."""
    return np.lexsort((ids, -values if order.highest_first else values))


def _write_order(
    folder: Path, order: Order, places: np.ndarray, ids: np.ndarray, read: Callable[[int], bytes], size: int = SLICE
) -> None:
    folder.mkdir()
    cuts: Sequence[int] = [0, *ends(ids[places], size)]
    slices = [
        write_slice(folder, [read(place) for place in places[start:end].tolist()], order)
        for start, end in pairwise(cuts)
    ]
    write_index(folder, slices)


def _peak() -> int:
    """The most memory that this process had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux; there `getrusage` counts the process that started this one too
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
