"""Which rows of a board are separated from the best: one test for all pairs of rows, on the same exchanges."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from merbench.rates import exchanges, sums
from merbench.scores import mean_rate

__all__ = ["ALPHA", "SURE", "separation"]

ALPHA = 0.05  # family-wise error rate of the leading group
SURE = 3.0  # standard errors between a p-value and ALPHA
FEWEST, FIRST, MOST = 500, 10_000, 320_000  # exchanges: more where the chance of the draw could decide
WORK = 500_000_000  # pairs times exchanges: a board of many rows begins with fewer exchanges
AT_ONCE = 500  # exchanges, and
PAIRS_AT_ONCE = 32  # of seeds, so that arrays stay in the processor's cache
SHARES = 8  # of the rows, for as many threads
EQUAL = 1e-6  # a standard error below it comes from rounding: two rows whose scores never differ
TIE = 1e-4  # standard errors; differences within it are equal, which can only raise a p-value


def separation(rows: Sequence[np.ndarray], *, first: int = FIRST, most: int = MOST) -> tuple[list[float], list[float]]:
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
        first, most: exchanges at the beginning, and at the most while a p-value is within `SURE` standard errors of
            `ALPHA`; multiples of `AT_ONCE`. Many rows begin with fewer.
    """
    if not rows:
        return [], []
    p_values, errors = np.empty(len(rows)), np.empty(len(rows))
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        order, p_values[order], errors[order] = _tested(_Pairs(rows, threads), first, most)
    return p_values.tolist(), errors.tolist()


def _tested(pairs: _Pairs, first: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows from the largest T down, with their p-values and standard errors."""
    total = max(FEWEST, min(first, WORK // len(pairs.scores) ** 2))
    largest = [pairs.largest(start, range(len(pairs.scores))) for start in range(0, total, AT_ONCE)]
    order = np.argsort(-pairs.observed(), kind="stable")
    reached = sum((_reached(one, pairs.observed(), order) for one in largest), np.zeros(len(order)))
    drawn = np.full(len(order), total)
    while True:
        p_values = np.maximum.accumulate((1 + reached) / (1 + drawn))
        errors = np.sqrt(p_values * (1 - p_values) / drawn)
        near = np.flatnonzero(np.abs(p_values - ALPHA) < SURE * errors)
        if not len(near) or total >= most:
            return order, p_values, errors
        rest = order[near[0] :]  # the rows before are decided
        for start in range(total, 2 * total, AT_ONCE):
            reached[near[0] :] += _reached(pairs.largest(start, rest), pairs.observed(), rest)
        drawn[near[0] :] += total
        total *= 2


def _reached(largest: np.ndarray, observed: np.ndarray, order: np.ndarray) -> np.ndarray:
    """In how many exchanges a row, or one of those after it in the order, reaches the row's observed T."""
    of_rest = np.maximum.accumulate(largest[order][::-1], axis=0)[::-1]
    reached: np.ndarray = np.count_nonzero(of_rest >= observed[order][:, None] - TIE, axis=1)
    return reached


class _Pairs:
    """All pairs of some rows: by how much one beats the other, and by how much with exchanged answers."""

    def __init__(self, rows: Sequence[np.ndarray], threads: ThreadPoolExecutor) -> None:
        self.scores = np.array([mean_rate(row, "uf1") for row in rows])
        self.seeds = np.array([len(row) for row in rows])
        self.first = np.cumsum(self.seeds) - self.seeds
        self.threads = threads
        self.inverse = np.zeros((len(rows), len(rows)), dtype=np.float32)  # 1 / standard error; 0 if it is 0
        hits, truths, answers = sums(np.concatenate(rows))
        there = truths[:, 0].sum(axis=1) > 0  # a class without clips does not count
        # [classes, seeds of all rows, subjects]
        self.hits, self.answers = hits[there].astype(np.float32), answers[there].astype(np.float32)
        self.truths = truths[there, 0].sum(axis=1).astype(np.float32)
        means = [
            [one[:, self._seeds_of(np.array([row]))[0]].mean(axis=1) for row in range(len(rows))]
            for one in (self.hits, self.answers)
        ]
        self.means = np.array(means, dtype=float)  # over the seeds, [counts, rows, classes, subjects]

    def observed(self) -> np.ndarray:
        """T of each row; 0 for the best."""
        beaten: np.ndarray = ((self.scores[None] - self.scores[:, None]) * self.inverse).max(axis=1)
        return beaten

    def largest(self, start: int, tested: Sequence[int] | np.ndarray) -> np.ndarray:
        """T of the tested rows in `AT_ONCE` exchanges, `[rows, exchanges]`; at least 0, a row against itself."""
        swapped = exchanges(self.hits.shape[-1], AT_ONCE, (0, 1, start) if start else (0, 1))
        given = np.stack([self.hits @ swapped, self.answers @ swapped])
        kept = np.stack([self.hits.sum(axis=-1), self.answers.sum(axis=-1) + self.truths[:, None]])[..., None] - given
        # Threads help: nearly all of the time goes into sums and quotients during which other threads run.
        shares = [range(share, len(self.scores), SHARES) for share in range(SHARES)]
        found = self.threads.map(
            partial(self._largest_of, kept, given, np.isin(range(len(self.scores)), tested)), shares
        )
        largest: np.ndarray = np.maximum.reduce(list(found))
        return largest

    def _largest_of(self, kept: np.ndarray, given: np.ndarray, tested: np.ndarray, rows: Iterable[int]) -> np.ndarray:
        """T from the pairs of these rows with later ones. A pair without a tested row does not count."""
        largest = np.zeros((len(self.scores), AT_ONCE), dtype=np.float32)
        for row in rows:
            later = np.arange(row + 1, len(self.scores))
            for block in self._blocks(later if tested[row] else later[tested[later]], self.seeds[row]):
                ahead = self._differences(kept, given, row, block)
                if not self.inverse[row, block].any():
                    self._standardise(row, block)
                ahead *= self.inverse[row, block, None]
                np.maximum(largest[row], -ahead.min(axis=0), out=largest[row])
                largest[block] = np.maximum(largest[block], ahead)
        return largest

    def _standardise(self, row: int, block: np.ndarray) -> None:
        """The standard error of the differences in exchanges, to first order around the mean counts of both rows."""
        (hits, answers), (their_hits, their_answers) = self.means[:, row, None], self.means[:, block]
        sizes = self.truths + (answers + their_answers).sum(axis=-1) / 2  # [rows, classes]
        f1 = (hits + their_hits).sum(axis=-1) / sizes
        change = (2 * (hits - their_hits) - f1[..., None] * (answers - their_answers)) / sizes[..., None]
        errors = np.sqrt(np.square(change.mean(axis=1)).sum(axis=-1))
        inverse = np.divide(1, errors, out=np.zeros(len(errors)), where=errors > EQUAL)
        self.inverse[row, block] = self.inverse[block, row] = inverse

    def _blocks(self, rows: np.ndarray, seeds: int) -> Iterator[np.ndarray]:
        """The rows in blocks with equally many seeds, small enough for the processor's cache."""
        for count in np.unique(self.seeds[rows]):
            alike = rows[self.seeds[rows] == count]
            size = max(1, PAIRS_AT_ONCE // (seeds * int(count)))
            yield from (alike[first : first + size] for first in range(0, len(alike), size))

    def _differences(self, kept: np.ndarray, given: np.ndarray, row: int, block: np.ndarray) -> np.ndarray:
        """UF1 of a row minus UF1 of each row of a block, `[rows, exchanges]`, with exchanged answers.

        Every seed of a row exchanges answers with every seed of the other row.
        """
        own, others = self._seeds_of(np.array([row])), self._seeds_of(block)
        # [counts, classes, rows, seeds of the row, seeds of the others, exchanges]
        mine_kept, mine_given = (one[:, :, own][:, :, :, :, None] for one in (kept, given))
        theirs_kept, theirs_given = (one[:, :, others][:, :, :, None] for one in (kept, given))
        total: np.ndarray | float = 0.0
        for of_class in range(len(self.truths)):
            (hits, size), (new_hits, new_size) = mine_kept[:, of_class], mine_given[:, of_class]
            (their_hits, their_size), (their_new_hits, their_new_size) = (
                theirs_kept[:, of_class],
                theirs_given[:, of_class],
            )
            total = total + (hits + their_new_hits) / (size + their_new_size)
            total -= (their_hits + new_hits) / (their_size + new_size)
        mean: np.ndarray = np.mean(total, axis=(1, 2)) * np.float32(2 / len(self.truths))
        return mean

    def _seeds_of(self, rows: np.ndarray) -> np.ndarray:
        """`[rows, seeds]` places among the seeds of all rows, of rows with equally many seeds."""
        places: np.ndarray = self.first[rows][:, None] + np.arange(self.seeds[rows[0]])
        return places
