"""Which rows of a board are separated from the best: one test for all pairs of rows, on the same exchanges."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from merbench.rates import exchanges, sums
from merbench.scores import mean_rate

__all__ = ["ALPHA", "AT_ONCE", "SURE", "Drawn", "separation"]

ALPHA = 0.05  # family-wise error rate of the leading group
SURE = 3.0  # standard errors between a p-value and ALPHA
FEWEST, FIRST, MOST = 500, 10_000, 320_000  # exchanges: more where the chance of the draw could decide
WORK = 100_000_000  # pairs times exchanges: a board of many rows begins with fewer exchanges, and
LONGEST = 4  # times as many are the most
AT_ONCE = 500  # exchanges, and
ROWS_AT_ONCE = (8, 32)  # at least and at most: so that all threads work, on arrays that stay in the processor's cache
SHARES = 8  # of the rows, for as many threads
EQUAL = 1e-6  # a standard error below it comes from rounding: two rows whose scores never differ
TIE = 1e-4  # standard errors; differences within it are equal, which can only raise a p-value


@dataclass
class Drawn:
    """What is known of the exchanges of some rows: if rows are added, only the pairs with a new row are computed.

    Attributes:
        rows: a digest of each row.
        blocks: first exchange of a block -> T of each row in the exchanges of the block, `[rows, AT_ONCE]` float32; NaN
            for rows that were not tested in it.
    """

    rows: list[str] = field(default_factory=list)
    blocks: dict[int, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, content: bytes) -> Drawn:
        """What `content` gave; nothing if the bytes are something else."""
        with (
            suppress(ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile),
            np.load(io.BytesIO(content)) as held,
        ):
            return cls(held["rows"].tolist(), dict(zip(held["starts"].tolist(), held["blocks"], strict=True)))
        return cls()

    def content(self) -> bytes:
        """Everything as bytes, for `of`."""
        file = io.BytesIO()
        np.savez(file, rows=self.rows, starts=[*self.blocks], blocks=[*self.blocks.values()])
        return file.getvalue()

    def forget(self) -> None:
        """Drop the blocks that nothing was asked of since `follow`: they know nothing of the new rows."""
        self.blocks = {start: block for start, block in self.blocks.items() if start in self.visited}

    def follow(self, rows: Sequence[np.ndarray]) -> None:
        """Become what is known of these rows: everything is forgotten if a row is gone or there twice."""
        digests = [hashlib.sha256(repr(row.shape).encode() + row.astype("<i8").tobytes()).hexdigest() for row in rows]
        places = {digest: place for place, digest in enumerate(digests)}
        if len(places) < len(digests) or not set(self.rows) <= set(places):
            self.rows, self.blocks = [], {}
        old = [places[digest] for digest in self.rows]
        for start, known in self.blocks.items():
            self.blocks[start] = np.full((len(rows), AT_ONCE), np.nan, dtype=np.float32)
            self.blocks[start][old] = known
        self.fresh = np.setdiff1d(np.arange(len(rows)), old)
        self.visited: set[int] = set()
        self.rows = digests


def separation(
    rows: Sequence[np.ndarray], drawn: Drawn | None = None, *, first: int = FIRST, most: int = MOST
) -> tuple[list[float], list[float]]:
    """The p-value of "no row is better than this one", by UF1 over all clips, and the p-value's standard error.

    T of a row is the most by which another row beats it, in standard errors of their difference. To know how large T
    gets by chance, the answers of two rows are exchanged on a random half of the subjects: the same subjects for all
    pairs of rows, so that rows with similar answers count as few comparisons. The p-value is the share of exchanges in
    which some row reaches the T of this row; the data counts as one exchange. Rows are tested from the largest T down,
    and a row that was tested no longer counts among those that could be beaten (Romano and Wolf, 2005).

    If several rows share the best true score, the chance that any of them gets a p-value of at most `ALPHA` is `ALPHA`
    or less; the benchmark `how-sure` simulates it.

    Args:
        rows: of each row, `[seeds, subjects, classes, classes]` clip counts, all on the same clips of the same
            subjects. Several seeds count by their mean.
        drawn: of an earlier call on the same clips, and then of this call. It saves time and changes no result.
        first, most: exchanges at the beginning, and at the most while a p-value is within `SURE` standard errors of
            `ALPHA`; multiples of `AT_ONCE`. Many rows begin with fewer.
    """
    if not rows:
        return [], []
    drawn = drawn or Drawn()
    p_values, errors = np.empty(len(rows)), np.empty(len(rows))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        order, p_values[order], errors[order] = _tested(_Pairs(rows, drawn, threads), first, most)
    drawn.forget()
    return p_values.tolist(), errors.tolist()


def _tested(pairs: _Pairs, first: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows from the largest T down, with their p-values and standard errors."""
    affordable = max(FEWEST, 2 * WORK // len(pairs.scores) ** 2 // AT_ONCE * AT_ONCE)
    total, most = min(first, affordable), min(most, LONGEST * affordable)
    observed, every = pairs.observed(), np.arange(len(pairs.scores))
    order = np.argsort(-observed, kind="stable")
    reached = np.zeros(len(order))
    for start in range(0, total, AT_ONCE):
        reached += _reached(pairs.largest(start, every)[order], observed[order])
    drawn = np.full(len(order), total)
    while True:
        p_values = np.maximum.accumulate((1 + reached) / (1 + drawn))
        errors = np.sqrt(p_values * (1 - p_values) / drawn)
        near = np.flatnonzero(np.abs(p_values - ALPHA) < SURE * errors)
        if not len(near) or 2 * total > most:
            return order, p_values, errors
        rest = order[near[0] :]  # the rows before are decided
        for start in range(total, 2 * total, AT_ONCE):
            reached[near[0] :] += _reached(pairs.largest(start, rest), observed[rest])
        drawn[near[0] :] += total
        total *= 2


def _reached(largest: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """In how many exchanges a row, or one of those after it, reaches the row's observed T."""
    of_rest = np.maximum.accumulate(largest[::-1], axis=0)[::-1]
    reached: np.ndarray = np.count_nonzero(of_rest >= observed[:, None] - TIE, axis=1)
    return reached


class _Pairs:
    """All pairs of some rows: by how much one beats the other, and by how much with exchanged answers."""

    def __init__(self, rows: Sequence[np.ndarray], drawn: Drawn, threads: ThreadPoolExecutor) -> None:
        self.drawn = drawn
        drawn.follow(rows)
        self.scores = np.array([mean_rate(row, "uf1") for row in rows])
        self.seeds = np.array([len(row) for row in rows])
        self.first = np.cumsum(self.seeds) - self.seeds
        self.threads = threads
        hits, truths, answers = sums(np.concatenate(rows))
        there = truths[:, 0].sum(axis=1) > 0  # a class without clips does not count
        self.truths = truths[there, 0].sum(axis=1).astype(np.float32)
        # [hits and answers, classes, seeds of all rows, subjects]
        self.counts = np.stack([hits[there], answers[there]]).astype(np.float32)
        self.inverse = self._inverse()

    def observed(self) -> np.ndarray:
        """T of each row; 0 for the best."""
        beaten: np.ndarray = ((self.scores[None] - self.scores[:, None]) * self.inverse).max(axis=1)
        return beaten

    def largest(self, start: int, tested: np.ndarray) -> np.ndarray:
        """T of the tested rows in `AT_ONCE` exchanges, `[tested rows, exchanges]`; at least 0, a row against itself."""
        known, lacking = self.drawn.blocks.get(start), tested
        if known is None:
            known = np.full((len(self.scores), AT_ONCE), np.nan, dtype=np.float32)
        else:
            lacking = np.union1d(self.drawn.fresh, tested[np.isnan(known[tested, 0])])
        if len(lacking):
            found = self._largest(start, lacking)
            known = np.maximum(known, found)  # NaN stays
            known[lacking] = found[lacking]
        if start < FIRST:  # more would fill the disk
            self.drawn.blocks[start] = known
            self.drawn.visited.add(start)
        largest: np.ndarray = known[tested]
        return largest

    def _largest(self, start: int, tested: np.ndarray) -> np.ndarray:
        """T of all rows in a block of exchanges, `[rows, exchanges]`, from the pairs that have a tested row."""
        swapped = exchanges(self.counts.shape[-1], AT_ONCE, (0, 1, start) if start else (0, 1))
        given = self.counts @ swapped
        kept = self.counts.sum(axis=-1)[..., None] - given
        kept[1] += self.truths[:, None, None]
        rows = np.concatenate([tested, np.setdiff1d(np.arange(len(self.scores)), tested)])
        work = partial(self._largest_of, kept, given, rows, len(tested))
        largest = np.empty((len(rows), AT_ONCE), dtype=np.float32)
        # Threads help: nearly all of the time goes into sums and quotients during which other threads run.
        largest[rows] = np.maximum.reduce([*self.threads.map(work, range(SHARES))])
        return largest

    def _largest_of(self, kept: np.ndarray, given: np.ndarray, rows: np.ndarray, tested: int, share: int) -> np.ndarray:
        """T from the pairs of a share of the tested rows, which come first, with themselves and later rows."""
        largest = np.zeros((len(rows), AT_ONCE), dtype=np.float32)
        at_once = int(np.clip(tested // (2 * SHARES), *ROWS_AT_ONCE))
        for first in range(share * at_once, tested, SHARES * at_once):
            some = slice(first, min(first + at_once, tested))
            for other in range(first, len(rows), at_once):
                others = slice(other, other + at_once)
                ahead = self._differences(kept, given, rows[some], rows[others])
                ahead *= self.inverse[rows[some, None], rows[others]][..., None]
                np.maximum(largest[some], -ahead.min(axis=1), out=largest[some])
                np.maximum(largest[others], ahead.max(axis=0), out=largest[others])
        return largest

    def _differences(self, kept: np.ndarray, given: np.ndarray, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """UF1 of each row minus UF1 of each other row, `[rows, others, exchanges]`, with exchanged answers.

        Every seed of a row exchanges answers with every seed of the other row.
        """
        own, theirs = self._places(rows), self._places(others)
        total = np.zeros((len(own), len(theirs), AT_ONCE), dtype=np.float32)
        for of_class in range(len(self.truths)):
            (hits, size), (new_hits, new_size) = kept[:, of_class], given[:, of_class]
            won = hits[own, None] + new_hits[theirs]
            won /= size[own, None] + new_size[theirs]
            lost = new_hits[own, None] + hits[theirs]
            lost /= new_size[own, None] + size[theirs]
            won -= lost
            total += won
        total *= np.float32(2 / len(self.truths))
        return self._mean(self._mean(total, rows, 0), others, 1)

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """The places of the rows' seeds among the seeds of all rows."""
        return np.concatenate([np.arange(self.first[row], self.first[row] + self.seeds[row]) for row in rows])

    def _mean(self, values: np.ndarray, rows: np.ndarray, axis: int) -> np.ndarray:
        """The mean over the seeds of each row, which lie one after another along an axis."""
        seeds = self.seeds[rows]
        if (seeds == 1).all():
            return values
        shape = [1] * values.ndim
        shape[axis] = len(rows)
        mean: np.ndarray = np.add.reduceat(values, np.cumsum(seeds) - seeds, axis=axis)
        mean /= seeds.reshape(shape).astype(np.float32)
        return mean

    def _inverse(self) -> np.ndarray:
        """1 / standard error of the difference of each pair in exchanges, `[rows, rows]`; 0 if the error is 0.

        The standard error is to first order around the mean counts of both rows.
        """
        hits, answers = (one.astype(float) for one in self._mean(self.counts, np.arange(len(self.seeds)), 2))
        sizes = self.truths[:, None, None] + _sum_of_pairs(answers.sum(axis=-1)) / 2
        f1 = _sum_of_pairs(hits.sum(axis=-1)) / sizes
        variance = np.zeros(sizes.shape[1:])
        # The square of a sum over classes, whose terms are 2 hits - F1 answers of one row minus those of the other.
        for one in range(len(hits)):
            for other in range(len(hits)):
                square = 4 * _products(hits[one], hits[other])
                square -= 2 * f1[other] * _products(hits[one], answers[other])
                square -= 2 * f1[one] * _products(answers[one], hits[other])
                square += f1[one] * f1[other] * _products(answers[one], answers[other])
                variance += square / (sizes[one] * sizes[other])
        errors = np.sqrt(np.maximum(variance, 0)) / len(hits)
        return np.divide(1, errors, out=np.zeros(errors.shape), where=errors > EQUAL).astype(np.float32)


def _sum_of_pairs(values: np.ndarray) -> np.ndarray:
    """The sum of each two rows, `[..., rows, rows]`."""
    total: np.ndarray = values[..., :, None] + values[..., None, :]
    return total


def _products(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Of each two rows, the sum over subjects of the difference in a times the difference in b, `[rows, rows]`."""
    products = a @ b.T
    own = np.diagonal(products)
    differences: np.ndarray = _sum_of_pairs(own) - products - products.T
    return differences
