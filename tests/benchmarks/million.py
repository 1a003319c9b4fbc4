"""What a board of a million records would cost: as pages with slices, which is a plan, and with today's code.

The slices are written and read; what today's code would need is measured on a few records and computed for a million.
"""

from __future__ import annotations

import gzip
import math
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, median

import numpy as np
from threadpoolctl import threadpool_limits

from merbench.leaderboard.build import build as build_site
from merbench.leaderboard.cache import MOST_BYTES, Cache
from merbench.leaderboard.entries import read_entries, record_files
from merbench.leaderboard.pages import LARGEST
from merbench.leaderboard.separation import ALPHA, FEWEST, separation
from merbench.leaderboard.statistics import ROW_BITS
from merbench.leaderboard.tables import PER_PAGE, pager
from merbench.scores import exchange_p_values
from tests.benchmarks import leaderboard
from tests.benchmarks.made_board import ORDERS, Built, build, made_rows
from tests.benchmarks.row import Row
from tests.benchmarks.slices import INDEX, SLICE, Slice, add, beginning_with, read_index, read_slice, slice_of

RECORDS, FEWER = 1_000_000, 100_000
ADDED, SEARCHED, WEIGHED = 20, 100, 20  # new records; names that are searched for; slices whose gzip size is taken
SAMPLE = 100  # records that are read, verified and built
COMPARED = (100, 200, 400, 800)  # rows, every two of which are compared
RESAMPLES = 10_000
BEST = ORDERS[0]
MEMORY, TIME = 16 * 2**30, 3600.0  # bytes and seconds that somebody may want to spend on a board
MEASURED, COMPUTED, HOW_TIMED = "measured", "computed", "processor time"
UNITS_OF_TIME = ((86400.0, "days"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
UNITS_OF_SIZE = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "bytes"))


def run(reference: Path | None) -> list[Row]:
    """Bytes, seconds and memory; `reference` is not used."""
    with tempfile.TemporaryDirectory() as place:
        fewer, folder, records = (Path(place) / name for name in ("fewer", "board", "records"))
        for one in (fewer, folder, records):
            one.mkdir()
        return [*_slices(fewer, folder), *_ranking(), *_records(records)]


def _slices(fewer: Path, folder: Path) -> Iterator[Row]:
    """What the plan costs: files are written, read and changed."""
    few, built = _in_a_process(fewer, FEWER), _in_a_process(folder, RECORDS)
    slices = {order.field: read_index(folder / order.field) for order in ORDERS}
    yield from _loads(folder, slices, built.tried)
    disk = sum(path.stat().st_size for path in (folder / BEST.field).iterdir())
    yield Row("plan: one order on disk", f"{_size(disk)} in {len(slices[BEST.field]) + 1:,} files", MEASURED)
    figure = f"{_time(built.lines)}, then {_time(median(built.orders.values()))} for each order"
    yield Row("plan: write everything", figure, f"{MEASURED}, {HOW_TIMED}; a line for each row is written first")
    figure = f"{few.peak / 2**20:.0f} MiB for {FEWER:,} rows, {built.peak / 2**20:.0f} MiB for {RECORDS:,}"
    yield Row("plan: memory at most", figure, f"{MEASURED}, in a process of its own, with Python and NumPy")
    yield Row("plan: sort all rows by UF1", _time(built.sort), f"{MEASURED}, {HOW_TIMED}; an exact rank for every row")
    yield Row("plan: one new record", *_additions(folder))


def _in_a_process(folder: Path, rows: int) -> Built:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(build, folder, rows).result()


def _loads(folder: Path, slices: dict[str, list[Slice]], tried: dict[int, str]) -> Iterator[Row]:
    """What a page loads."""
    weights = {name: _gzipped(folder / name) for name in (*slices, *tried.values())}
    best, (index, one) = slices[BEST.field], weights[BEST.field]
    rows = [each.rows for each in best]
    how = f"{MEASURED}; {len(rows):,} slices of {fmean(rows):,.0f} rows on average, {max(rows):,} at most"
    yield Row("plan: a slice, gzip", _size(one), how)
    yield Row("plan: the index of an order, gzip", _size(index), f"{MEASURED}; where each slice begins")
    for size, name in sorted({**tried, SLICE: BEST.field}.items()):
        how = f"{MEASURED}; the index {_size(weights[name][0])}, a slice {_size(weights[name][1])}"
        yield Row(f"plan: first screen, gzip, slices of {size:,} rows", _size(sum(weights[name])), how)
    for order in ORDERS[1:4]:
        found = _spread(folder, slices, order.field)
        how = f"{MEASURED}; by row numbers instead: {found} slices, {_size(found * one)} for {PER_PAGE} rows"
        yield Row(f"plan: sort by {order.field}, gzip", _size(sum(weights[order.field])), how)
    many = fmean(_searched(slices["model"]))
    how = f"{MEASURED}; {many:.1f} slices hold all rows of a model, mean of {SEARCHED}"
    index_of_names, slice_of_names = weights["model"]
    figure = _size(index_of_names + many * slice_of_names)
    yield Row("plan: search for a model by its whole name, gzip", figure, how)
    yield Row("plan: search for any text, gzip", _size(len(rows) * one), f"{COMPUTED}: every slice of an order")
    by_id = _size(sum(weights["id"]) + index + one)
    yield Row("plan: find a row by its id, gzip", by_id, f"{MEASURED}; index and slice of two orders")


def _gzipped(folder: Path) -> tuple[float, float]:
    """Bytes of an order's index, and of a slice on average, as a server sends them."""
    slices = read_index(folder)
    some = slices[:: max(1, len(slices) // WEIGHED)]
    index, *found = (len(gzip.compress((folder / name).read_bytes(), 6)) for name in (INDEX, *map(_file, some)))
    return index, fmean(found)


def _file(one: Slice) -> str:
    return f"{one.name}.json"


def _spread(folder: Path, slices: dict[str, list[Slice]], field: str) -> int:
    """In how many slices of the board's order the first rows of another order are."""
    rows = read_slice(folder / field, slices[field][0])[:PER_PAGE]
    return len({slice_of(slices[BEST.field], BEST, BEST.value(row), row[0]) for row in rows})


def _searched(slices: list[Slice]) -> list[int]:
    """How many slices have rows of a model, for some models."""
    order = next(one for one in ORDERS if one.field == "model")
    return [len(beginning_with(slices, order, order.value(row))) for row in made_rows(SEARCHED)]


def _additions(folder: Path) -> tuple[str, str]:
    """Seconds, and what is written, of a record that is added to every order."""
    seconds, written, size = [], [], []
    for row in made_rows(ADDED, first=RECORDS):
        started = time.process_time()
        changed = [(folder / order.field, one) for order in ORDERS for one in add(folder / order.field, order, row)]
        seconds.append(time.process_time() - started)
        written.append(len(changed) / len(ORDERS))
        size.append(sum((place / _file(one)).stat().st_size for place, one in changed))
    figure = f"{_time(median(seconds))}; {fmean(written):.2f} slices and the index of each of {len(ORDERS)} orders"
    sizes = f"slices of {_size(fmean(size))} in all, at most {_size(max(size))}"
    return figure, f"{MEASURED}, {HOW_TIMED}, median of {ADDED}; {sizes}"


def _ranking() -> Iterator[Row]:
    """What it costs to compare rows, with today's functions."""
    counts = _made_counts(max(COMPARED))
    with threadpool_limits(1):
        found = {number: _separation(counts[:number]) for number in COMPARED}
        started = time.process_time()
        exchange_p_values([(counts[0], one) for one in counts[1 : SAMPLE + 1]], "uf1", resamples=RESAMPLES)
        test = (time.process_time() - started) / SAMPLE
    for number, (seconds, most) in found.items():
        figure = f"{_time(seconds)}, {_time(seconds / _pairs(number))} a pair; {_size(most)} of memory"
        how = f"{MEASURED}, {HOW_TIMED}; {FEWEST} exchanges, made answers"
        yield Row(f"today: all pairs of {number} rows", figure, how)
    (before, less), (seconds, most) = found[COMPARED[-2]], found[COMPARED[-1]]
    pair = (seconds - before) / (_pairs(COMPARED[-1]) - _pairs(COMPARED[-2]))
    of_pair = (most - less) / (_pairs(COMPARED[-1]) - _pairs(COMPARED[-2]))
    how = f"{COMPUTED} from the two largest: an extrapolation; for each part of the board"
    figure = f"{_time(pair * _pairs(RECORDS))} and {_size(of_pair * _pairs(RECORDS))} of memory"
    yield Row(f"today: all pairs of {RECORDS:,} rows", figure, how)
    figure = f"{math.sqrt(2 * TIME / pair):,.0f} rows in an hour, {math.sqrt(2 * MEMORY / of_pair):,.0f} in 16 GiB"
    yield Row("today: where all pairs stop", figure, how)
    how = f"{COMPUTED}: {RESAMPLES:,} scores of each row"
    yield Row("today: memory of rank intervals", _size(RECORDS * RESAMPLES * 8), how)
    yield Row(
        "today: rows that can have rank intervals", f"{2**ROW_BITS:,}", f"{COMPUTED}: {ROW_BITS} bits number a row"
    )
    how = f"{COMPUTED} from {_time(test)} a test, {HOW_TIMED}; {RESAMPLES:,} exchanges, mean of {SAMPLE} tests"
    yield Row(f"instead: {RECORDS:,} tests against the best row", _time(test * RECORDS), how)
    enough = round(RECORDS / ALPHA)
    figure = _time(test * RECORDS * enough / RESAMPLES)
    how = f"{COMPUTED}: {enough:,} exchanges; with fewer no p-value is below {ALPHA} after Holm's correction"
    yield Row("instead: the same tests with enough exchanges", figure, how)


def _pairs(rows: int) -> int:
    return rows * (rows - 1) // 2


def _separation(rows: Sequence[np.ndarray]) -> tuple[float, float]:
    """Seconds, and bytes of the arrays at most."""
    seconds = _seconds(lambda: separation(rows, first=FEWEST, most=FEWEST))
    tracemalloc.start()
    separation(rows, first=FEWEST, most=FEWEST)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, most


def _made_counts(rows: int) -> list[np.ndarray]:
    """`[1, subjects, classes, classes]` clip counts of made answers on the clips of the composite."""
    made = leaderboard.maker()
    clips = made.clips_of_dataset("composite")
    truth, subjects = clips["label"].to_numpy(), np.unique(clips["subject"], return_inverse=True)[1]
    counts = np.zeros((rows, 1, subjects.max() + 1, len(made.CLASSES), len(made.CLASSES)), dtype=np.int64)
    for number, accuracy in enumerate(np.random.default_rng(20).uniform(0.4, 0.9, rows)):
        np.add.at(counts[number, 0], (subjects, truth, made.guesses(truth, accuracy, number)), 1)
    return list(counts)


def _records(folder: Path) -> Iterator[Row]:
    """What it costs to read, verify and show records, with today's functions."""
    leaderboard.write_records(folder, range(SAMPLE))
    registry, cache = leaderboard.maker().registry_of_all(), Cache(folder.parent / "cache", "code")
    paths, site = record_files([folder]), folder.parent / "site"
    list(read_entries(paths[:1], registry))  # what only the first record costs
    new = _seconds(lambda: list(read_entries(paths, registry, cache))) / SAMPLE
    again = _seconds(lambda: list(read_entries(paths, registry, cache))) / SAMPLE
    tracemalloc.start()
    kept = list(read_entries(paths, registry, cache))
    memory = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    build_site([folder], None, site, registry, cache=cache)
    how = f"{COMPUTED} from {SAMPLE} made records of 442 clips"
    file = _bytes([folder]) / SAMPLE
    yield Row(
        f"today: read and verify {RECORDS:,} records", _time(new * RECORDS), f"{how}: {_time(new)} of {HOW_TIMED} each"
    )
    figure = f"{_time(again * RECORDS)}, {1 - again / new:.0%} less"
    yield Row("today: the same from the cache", figure, f"{how}: {_time(again)} each, also if nothing has changed")
    yield Row("today: the files of the records", _size(file * RECORDS), f"{how}: {_size(file)} each")
    in_cache = _bytes([folder.parent / "cache"]) / SAMPLE
    how_many = f"{COMPUTED}: {_size(in_cache)} each, {MOST_BYTES / 2**30:.0f} GiB in all"
    yield Row("today: records that the cache holds at most", f"{MOST_BYTES / in_cache:,.0f}", how_many)
    yield Row(
        "today: memory of all records while pages are built",
        _size(memory * RECORDS),
        f"{how}: {_size(memory)} each, {MEMORY / memory:,.0f} records in 16 GiB",
    )
    places = [site / name for name in ("entries", "records", "badges")]
    files, size = sum(len([*one.iterdir()]) for one in places) // SAMPLE, _bytes(places) / SAMPLE
    figure = f"{files * RECORDS:,.0f} files, {_size(size * RECORDS)}"
    yield Row("today: the site", figure, f"{how}: page, download and badges")
    exported = _bytes([site / "boards"], "composite-loso.json") / SAMPLE
    yield Row("today: the board's JSON file", _size(exported * RECORDS), f"{how}: {_size(exported)} a row")
    yield _links()


def _links() -> Row:
    """The lists of links to all pages of a board, which stand above and below each table."""
    pages = pager("composite-loso", 1, math.ceil(RECORDS / PER_PAGE))["pages"]
    size = 2 * sum(len(f'<a href="{name}">{number}</a>\n') for number, name in enumerate(pages, start=1))
    how = f"{COMPUTED}: {len(pages):,} pages of {PER_PAGE} rows; a page may have {_size(LARGEST)}"
    return Row("today: links to the other pages of the board", f"{_size(size)} on each page", how)


def _bytes(folders: Sequence[Path], pattern: str = "*") -> int:
    return sum(path.stat().st_size for folder in folders for path in folder.rglob(pattern) if path.is_file())


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _time(seconds: float) -> str:
    return _with_unit(seconds, UNITS_OF_TIME)


def _size(size: float) -> str:
    return _with_unit(size, UNITS_OF_SIZE)


def _with_unit(value: float, units: Sequence[tuple[float, str]]) -> str:
    """In the largest unit of which there is one; two digits, or a whole number."""
    unit, name = next((one for one in units if value >= one[0]), units[-1])
    value /= unit
    return f"{value:,.0f} {name}" if value >= 10 else f"{value:.1f} {name}"
