"""The standings of a board's rows in each part, and what builds keep of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from itertools import chain

import numpy as np
from pydantic import TypeAdapter, ValidationError

from merbench.leaderboard.cache import Cache
from merbench.leaderboard.separation import DIGEST, Known
from merbench.leaderboard.statistics import Standing, stand

__all__ = ["known_bytes", "read_known", "standings"]


def standings(
    counts: Sequence[Mapping[str, np.ndarray]], board: Sequence[str], cache: Cache | None
) -> list[dict[str, Standing]]:
    """The standing of each row in every part.

    Args:
        counts: of each row, part -> `[seeds, subjects, classes, classes]` clip counts, all on the same clips of the
            same subjects.
        board: names that tell the board from others.
        cache: keeps standings; and for a board that grows, what `separation` computed for its rows.
    """
    found: list[dict[str, Standing]] = [{} for _ in counts]
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # products of matrices run beside each other
        stood = {
            part: threads.submit(_stood, [one[part] for one in counts], [*board, part], cache)
            for part in (counts[0] if counts else ())
        }
        for part, future in stood.items():
            for row, standing in zip(found, future.result(), strict=True):
                row[part] = standing
    return found


def _stood(counts: Sequence[np.ndarray], name: Sequence[str], cache: Cache | None) -> list[Standing]:
    """`stand`, or what the cache keeps of it."""
    if cache is None:
        return stand(counts)
    inputs = [(str(one.shape).encode(), one.astype("<i8").tobytes()) for one in counts]
    key = cache.key("standings", *chain.from_iterable(inputs))
    written = TypeAdapter(list[Standing])
    if (kept := cache.read(key)) is not None:
        with suppress(ValidationError):
            return written.validate_json(kept)
    place = cache.key("known", *name)  # of the rows that the board has now: the next build replaces them
    known = read_known(cache.read(place) or b"")
    found = stand(counts, known)
    cache.write(place, known_bytes(known))
    cache.write(key, written.dump_json(found))
    return found


def known_bytes(known: Known) -> bytes:
    """What is known, as arrays in NumPy's format, one after another: digests and T of the rows, then of each block its
    ends, the places of its rows, and their T.
    """
    file = BytesIO()
    place = {name: one for one, name in enumerate(known.observed)}
    _write(file, np.frombuffer(b"".join(place), np.uint8))
    _write(file, np.array(list(known.observed.values())))
    for ends, block in known.blocks.items():
        _write(file, np.array(ends))
        _write(file, np.array([place[name] for name in block]))
        _write(file, np.stack(list(block.values())))
    return file.getvalue()


def read_known(content: bytes) -> Known:
    """What `known_bytes` wrote; nothing if it is damaged."""
    file, known = BytesIO(content), Known()
    try:
        digests, observed = _read(file).tobytes(), _read(file)
        names = [digests[start : start + DIGEST] for start in range(0, len(digests), DIGEST)]
        known.observed.update(zip(names, observed.tolist(), strict=True))
        while file.tell() < len(content):
            start, end = _read(file).tolist()
            places, found = _read(file).tolist(), _read(file)
            known.blocks[start, end] = {names[place]: one for place, one in zip(places, found, strict=True)}
    except (EOFError, IndexError, OSError, TypeError, ValueError):
        return Known()
    return known


def _write(file: BytesIO, array: np.ndarray) -> None:
    np.save(file, array, allow_pickle=False)


def _read(file: BytesIO) -> np.ndarray:
    array: np.ndarray = np.load(file, allow_pickle=False)
    return array
