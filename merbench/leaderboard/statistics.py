"""Rank the rows of a board: ranks, their intervals, and the leading group, which cannot be separated from the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from merbench.leaderboard.separation import ALPHA, SURE, Known, separation
from merbench.scores import (
    Metric,
    PairedTest,
    exchange_p_values,
    interval_of_difference,
    mean_rate,
    mean_without_each,
    rate_of_each,
    rate_resampled,
    rate_without_each,
)

__all__ = ["ALPHA", "Standing", "against", "holm", "stand", "tested"]

TIE = 1e-12  # scores that differ by less are equal: their sums were rounded differently
QUANTILES = (0.025, 0.975)
EXCHANGES = (10_000, 100_000, 1_000_000)  # of a test: more where the chance of the draw could decide
SHARES = 8  # of the tests, for as many threads; the tests of a share use each draw of exchanges one after another
ROW_BITS = 20  # of the 64 bits of a whole number; a score takes 40
SEEDS_AT_ONCE = 16  # are scored in a product of matrices, and
DRAWS_AT_ONCE = 250  # are ranked, so that they stay in the processor's cache


@dataclass(frozen=True)
class Standing:
    """The rank of a row, and how it compares with the best row.

    Attributes:
        rank: 1 plus the number of rows with greater UF1; rows of equal UF1 share a rank.
        rank_interval: (best, worst) rank in 95 % of the bootstrap resamples over subjects.
        first: the share of those resamples in which the row is first, alone or with others.
        leading: whether the row is the best, or no row is separably better: its p-value is above `ALPHA`, or within
            `SURE` standard errors of it, so that another draw of exchanges could put it there.
        against_best: UF1 of the best row minus UF1 of this row, with the p-value of `separation`, which is corrected
            for all pairs of rows; None for the best row.
        error: the standard error of that p-value, which comes from a sample of all exchanges.
    """

    rank: int
    rank_interval: tuple[int, int]
    first: float
    leading: bool
    against_best: PairedTest | None = None
    error: float = 0.0


def stand(rows: Sequence[np.ndarray], known: Known | None = None) -> list[Standing]:
    """The standing of each row among the others, by UF1 over all clips.

    The rank interval comes from a bootstrap over subjects: each resample scores all rows on the same draw of subjects
    and ranks them again. The leading group are the rows that `separation` does not separate from a better row.

    Args:
        rows: of each row, `[seeds, subjects, classes, classes]` clip counts, all on the same clips of the same
            subjects. Several seeds count by their mean.
        known: of `separation`.
    """
    if not rows:
        return []
    scores, resampled, without_each = (_of_rows(rows, one) for one in (rate_of_each, rate_resampled, rate_without_each))
    best = int(np.argmax(scores))
    p_values, errors = separation(rows, known=known)
    ranks, drawn_ranks = _ranks(scores[:, None])[:, 0], _ranks(resampled)
    low, high = _rank_intervals(drawn_ranks)
    return [
        Standing(
            rank=int(ranks[index]),
            rank_interval=(int(low[index]), int(high[index])),
            first=float(np.mean(drawn_ranks[index] == 1)),
            leading=index == best or p_values[index] > ALPHA - SURE * errors[index],
            against_best=None
            if index == best
            else _test(scores[best] - scores[index], without_each[best] - without_each[index], p_values[index]),
            error=0.0 if index == best else errors[index],
        )
        for index in range(len(rows))
    ]


def _of_rows(rows: Sequence[np.ndarray], rates: Callable[[np.ndarray, Metric], np.ndarray]) -> np.ndarray:
    """The mean over the seeds of each row of what `rates` computes of UF1 for each seed, `[rows, ...]`."""
    seeds = np.array([len(row) for row in rows])
    starts, every = np.cumsum(seeds) - seeds, np.concatenate(rows)
    blocks = np.split(every, range(SEEDS_AT_ONCE, len(every), SEEDS_AT_ONCE))
    found = np.concatenate([rates(block, "uf1") for block in blocks])
    if len(found) == len(rows):
        return found
    mean: np.ndarray = (np.add.reduceat(found, starts).T / seeds).T
    return mean


def tested(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], threads: ThreadPoolExecutor
) -> tuple[list[float], list[float]]:
    """The p-value of each pair of rows, corrected by Holm's method for all pairs, and its standard error.

    Args:
        pairs: of each row, `[seeds, subjects, classes, classes]` clip counts.
        threads: that compute the tests.
    """
    raw, errors, near = [0.0] * len(pairs), [0.0] * len(pairs), list(range(len(pairs)))
    adjusted: list[float] = []
    for exchanges in EXCHANGES:
        shares = [near[start::SHARES] for start in range(SHARES)]
        test = partial(exchange_p_values, metric="uf1", resamples=exchanges)
        found = threads.map(test, [[pairs[index] for index in share] for share in shares])
        for index, p_value in zip(chain(*shares), chain(*found), strict=True):
            raw[index], errors[index] = p_value, math.sqrt(p_value * (1 - p_value) / exchanges)
        adjusted = holm(raw)
        factors = [after / before for after, before in zip(adjusted, raw, strict=True)]
        near = [i for i, one in enumerate(adjusted) if abs(one - ALPHA) < SURE * errors[i] * factors[i]]
    return adjusted, [error * factor for error, factor in zip(errors, factors, strict=True)]


def against(a: np.ndarray, b: np.ndarray, p_value: float) -> PairedTest:
    """UF1 of row a minus UF1 of row b with its interval, and a p-value that was computed among other rows.

    Args:
        a, b: `[seeds, subjects, classes, classes]` clip counts.
    """
    without_each = mean_without_each(a, "uf1") - mean_without_each(b, "uf1")
    return _test(mean_rate(a, "uf1") - mean_rate(b, "uf1"), without_each, p_value)


def _test(difference: float, without_each: np.ndarray, p_value: float) -> PairedTest:
    return PairedTest(float(difference), interval_of_difference(float(difference), without_each), p_value)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """`[rows, draws]` ranks, 1 for the highest; equal scores share the better rank."""
    ranks = np.empty(scores.shape, dtype=np.int32)
    places = np.arange(len(scores), dtype=np.int32)
    for first in range(0, scores.shape[1], DRAWS_AT_ONCE):
        # In units of TIE, so that equal scores stay equal although their sums were rounded differently. Whole numbers,
        # with the row in the last bits: they sort several times as fast as an order of floats is found.
        negative = np.rint(scores[:, first : first + DRAWS_AT_ONCE].T / -TIE).astype(np.int64)
        ordered = np.sort((negative << ROW_BITS) + places, axis=1)
        order = ordered & ((1 << ROW_BITS) - 1)
        steps = np.diff(ordered >> ROW_BITS, axis=1)
        higher = np.zeros(order.shape, dtype=np.int32)  # the number of rows with better scores
        higher[:, 1:] = np.where(steps > 0, places[1:], 0)
        found = np.empty(order.shape, dtype=np.int32)
        np.put_along_axis(found, order, np.maximum.accumulate(higher, axis=1), axis=1)
        ranks[:, first : first + DRAWS_AT_ONCE] = found.T + 1
    return ranks


def _rank_intervals(ranks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ranks at `QUANTILES` of the draws, rounded outwards."""
    low, high = (quantile * (ranks.shape[1] - 1) for quantile in QUANTILES)
    ordered = np.sort(ranks, axis=1)  # of 32-bit integers: faster than to look for two places
    return ordered[:, math.floor(low)], ordered[:, math.ceil(high)]


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values after Holm's step-down correction (Holm, 1979), in the given order.

    The smallest of n p-values is multiplied by n, the next by n - 1, and so on; no corrected value is smaller than the
    one before it, or greater than 1.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted
