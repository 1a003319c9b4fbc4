"""TV-L1 flow of drawn faces, merbench's and OpenCV's in turn: how fast, how far apart, how far from the true motion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import cv2
import numpy as np

from tests.benchmarks.row import Row
from tests.flow.conftest import Aligned

SIDES = (28, 112, 224)
EMOTIONS = ("positive", "negative", "surprise")
PAIRS = 12
ALGORITHMS = ("tvl1-opencv", "tvl1", "dis")


class Pair(NamedTuple):
    """Onset and apex, uint8 `[side, side, 3]`, and the true motion `[side, side, 2]` in pixels."""

    first: np.ndarray
    second: np.ndarray
    motion: np.ndarray


class Found(NamedTuple):
    """The motion that an algorithm found, its time of processors, and the time by the clock, in seconds."""

    motion: np.ndarray
    processor: float
    clock: float


def run(reference: Path | None) -> list[Row]:
    """Rows for each size; `reference` has no part in it."""
    from merbench_demo.video import render

    clips = [render(f"s{n}", "c1", EMOTIONS[n % 3], frames=8, onset=0, apex=4) for n in range(PAIRS)]
    pairs = [_pair(Aligned(clip)) for clip in clips]
    return [row for side in SIDES for row in _rows(side, [_shrunk(pair, side) for pair in pairs])]


def _pair(made: Aligned) -> Pair:
    return Pair(made.face[made.clip.onset], made.face[made.clip.apex], made.true_flow().transpose(1, 2, 0))


def _shrunk(pair: Pair, side: int) -> Pair:
    first, second, motion = (cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in pair)
    return Pair(first, second, motion * (side / pair.first.shape[0]))


def _rows(side: int, pairs: list[Pair]) -> Iterator[Row]:
    size = f"{side}x{side}"
    for cores in (1, 2):
        found = [[_timed(name, pair, cores) for name in ALGORITHMS] for pair in pairs]
        yield _speed(f"{size}, {'one core' if cores == 1 else 'two cores'}", found, cores)
    apart = [_distance(fast.motion, plain.motion) for plain, fast, _ in found]
    means, largest = [one.mean() for one in apart], max(one.max() for one in apart)
    figure = f"{mean(means):.1g} px on average, {max(means):.1g} in the worst pair, {largest:.1g} at one pixel"
    yield Row(f"{size}, tvl1 and OpenCV's result", figure, "endpoint error")
    for place, name in enumerate(ALGORITHMS):
        error = mean(_distance(one[place].motion, pair.motion).mean() for one, pair in zip(found, pairs, strict=True))
        yield Row(f"{size}, {name} and the true motion", f"{error:.4f} px", f"mean endpoint error of {PAIRS} pairs")


def _speed(what: str, found: list[list[Found]], cores: int) -> Row:
    """Of one core the time of the processor, which other work on the machine disturbs less."""
    part: Callable[[Found], float] = (lambda one: one.processor) if cores == 1 else (lambda one: one.clock)
    plain, fast, dis = (median(part(one[place]) for one in found) for place in range(3))
    ratio = median(part(one[0]) / part(one[1]) for one in found)
    figure = f"{1000 * fast:.0f} ms; OpenCV's TV-L1 {1000 * plain:.0f} ms: {ratio:.1f} times as fast"
    kind = "time of the processor" if cores == 1 else "OpenCV on two threads; by the clock"
    return Row(what, figure, f"median of {PAIRS} pairs, {kind}; DIS {1000 * dis:.1f} ms")


def _timed(name: str, pair: Pair, threads: int) -> Found:
    from merbench_flow.algorithms import motion

    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        clock, processor = time.perf_counter(), time.process_time()
        found = motion(pair.first, pair.second, name)
        return Found(found.transpose(1, 2, 0), time.process_time() - processor, time.perf_counter() - clock)
    finally:
        cv2.setNumThreads(before)


def _distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one - other, axis=-1)
