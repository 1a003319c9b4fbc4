"""Which rows of a board are separated from the best: one test for all pairs of rows, on the same exchanges."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from merbench.rates import every_exchange, exchanges, sums
from merbench.scores import mean_rate

__all__ = ["ALPHA", "SURE", "separation"]

Draw: TypeAlias = Callable[[int, int, int], np.ndarray]  # subjects, start, end -> `[subjects, exchanges]`

ALPHA = 0.05  # family-wise error rate of the leading group
SURE = 3.0  # standard errors between a p-value and ALPHA
FEWEST, FIRST, MOST = 500, 10_000, 1_280_000  # exchanges: more where the chance of the draw could decide
WORK = 100_000_000  # pairs times exchanges: a board of many rows begins with as many exchanges as this affords, and
LONGEST = 16  # times as many are the most
AT_ONCE = 500  # exchanges that one seed draws
BLOCK = 20_000  # exchanges in memory at a time; a multiple of AT_ONCE
CELLS = 1_000_000  # rows times exchanges at once, so that they stay in the processor's cache
EQUAL = 1e-6  # a standard error below it comes from rounding: two rows whose scores never differ
TIE = 1e-4  # standard errors; differences within it are equal, which can only raise a p-value
ROUNDED = 1e-3  # standard errors; more than what rounding takes from a bound


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
            `ALPHA`; multiples of `AT_ONCE`. Many rows begin with fewer. If `most` is at least the number of all
            exchanges that there are, all are used instead, and the standard error is 0.
    """
    if not rows:
        return [], []
    p_values, errors = np.empty(len(rows)), np.empty(len(rows))
    order, p_values[order], errors[order] = _tested(_Pairs(rows), first, most)
    return p_values.tolist(), errors.tolist()


def _tested(pairs: _Pairs, first: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows from the largest T down, with their p-values and standard errors."""
    affordable = 2 * WORK // len(pairs.scores) ** 2
    total, most = min(first, max(FEWEST, affordable // AT_ONCE * AT_ONCE)), min(most, LONGEST * affordable)
    order = np.argsort(-pairs.observed, kind="stable")
    reached = _reached(pairs, order, 0, total)
    drawn = np.full(len(order), total)
    while True:
        p_values = np.maximum.accumulate((1 + reached) / (1 + drawn))
        errors = np.sqrt(p_values * (1 - p_values) / drawn)
        near = np.flatnonzero(np.abs(p_values - ALPHA) < SURE * errors)
        if len(near) and 2**pairs.subjects <= most:
            reached = _reached(pairs, order, 0, 2**pairs.subjects, every_exchange)
            return order, np.maximum.accumulate(reached / 2**pairs.subjects), np.zeros(len(order))
        if not len(near) or 2 * total > most:
            return order, p_values, errors
        rest = order[near[0] :]  # the rows before are decided
        reached[near[0] :] += _reached(pairs, rest, total, 2 * total)
        drawn[near[0] :] += total
        total *= 2


def _drawn(subjects: int, start: int, end: int) -> np.ndarray:
    """The exchanges from `start` to `end`, `[subjects, exchanges]`."""
    return np.hstack(
        [exchanges(subjects, AT_ONCE, (0, 1, one) if one else (0, 1)) for one in range(start, end, AT_ONCE)]
    )


def _reached(pairs: _Pairs, tested: np.ndarray, start: int, end: int, draw: Draw = _drawn) -> np.ndarray:
    """`_Pairs.reached` in the exchanges from `start` to `end`."""
    blocks = [(one, min(one + BLOCK, end)) for one in range(start, end, BLOCK)]
    total: np.ndarray = np.sum([pairs.reached(draw(pairs.subjects, *block), tested) for block in blocks], axis=0)
    return total


class _Pairs:
    """All pairs of some rows: by how much one beats the other, and by how much with exchanged answers."""

    def __init__(self, rows: Sequence[np.ndarray]) -> None:
        self.scores = np.array([mean_rate(row, "uf1") for row in rows])
        self.seeds = np.array([len(row) for row in rows])
        self.first = np.cumsum(self.seeds) - self.seeds
        hits, truths, answers = sums(np.concatenate(rows))
        there = truths[:, 0].sum(axis=1) > 0  # a class without clips does not count
        self.truths = truths[there, 0].sum(axis=1).astype(np.float32)
        # [hits and answers, classes, seeds of all rows, subjects]
        self.counts = np.stack([hits[there], answers[there]]).astype(np.float32)
        self.subjects = self.counts.shape[-1]
        self.inverse = self._inverse()
        self.observed = ((self.scores[None] - self.scores[:, None]) * self.inverse).max(axis=1)  # T of each row

    def reached(self, swapped: np.ndarray, tested: np.ndarray) -> np.ndarray:
        """In how many exchanges a row, or one of those after it, reaches the row's observed T.

        Args:
            swapped: `[subjects, exchanges]`, 1 for the subjects on which answers are exchanged, else 0.
            tested: rows, from the largest observed T down.
        """
        reached = np.zeros(len(tested))
        shares = math.ceil(swapped.shape[1] * len(self.scores) / CELLS)
        for share in np.array_split(swapped, shares, axis=1):
            exchanged = _Exchanged(self, share)
            for place in reversed(range(len(tested))):
                least = self.observed[tested[place]] - TIE
                exchanged.add(tested[place], least)
                reached[place] += np.count_nonzero(exchanged.largest >= least)
        return reached

    def terms(self, row: int) -> np.ndarray:
        """What each subject adds to T of a row against each row if it is not exchanged; its negative, if it is.
        `[rows, subjects + 1]`; the last column is the most by which T is greater than the sum of the others.

        With x and y, by how many hits and answers of a class the other row is ahead, and S and F, the mean of both
        rows' denominators of F1 and of F1 itself, the difference of F1 is (2x - Fy) / S / (1 - (y / 2S)^2).
        """
        hits, answers = self.counts
        size = self.truths[:, None] + answers.sum(axis=-1) / 2
        total = np.zeros((hits.shape[1], self.subjects + 1), dtype=np.float32)
        for seed in range(self.first[row], self.first[row] + self.seeds[row]):
            sizes = size + (size - self.truths[:, None])[:, [seed]]
            f1 = (hits.sum(axis=-1) + hits[:, [seed]].sum(axis=-1)) / sizes
            more = answers - answers[:, [seed]]
            added = (2 * (hits - hits[:, [seed]]) - f1[..., None] * more) / sizes[..., None]
            part = (np.abs(more).sum(axis=-1) / 2 / sizes) ** 2
            total[:, :-1] += added.sum(axis=0)
            total[:, -1] += (np.abs(added).sum(axis=-1) * part / (1 - part)).sum(axis=0)
        terms: np.ndarray = self.mean(total, np.arange(len(self.seeds)), 0)
        terms = terms * (self.inverse[row] / np.float32(self.seeds[row] * len(self.truths)))[:, None]
        terms[:, -1] += ROUNDED
        return terms

    def mean(self, values: np.ndarray, rows: np.ndarray, axis: int) -> np.ndarray:
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
        hits, answers = (one.astype(float) for one in self.mean(self.counts, np.arange(len(self.seeds)), 2))
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


class _Exchanged:
    """Some exchanges of the answers of all pairs of rows.

    Attributes:
        largest: T of the rows that were added, `[exchanges]`; at least 0, a row against itself.
    """

    def __init__(self, pairs: _Pairs, swapped: np.ndarray) -> None:
        self.pairs = pairs
        self.given = pairs.counts @ swapped
        self.kept = pairs.counts.sum(axis=-1)[..., None] - self.given
        self.kept[1] += pairs.truths[:, None, None]
        self.signs = np.vstack([1 - 2 * swapped, np.ones_like(swapped[:1])]).T.copy()
        self.largest = np.zeros(swapped.shape[1], dtype=np.float32)

    def add(self, row: int, least: float) -> None:
        """Raise `largest` to T of a row wherever that is at least `least`.

        T against another row is computed only where its bound, which is a product of matrices, leaves it open.
        """
        terms = self.pairs.terms(row)
        if np.abs(terms).sum(axis=1).max() < least:
            return
        bounds = self.signs @ terms.T
        where = np.flatnonzero(bounds.max(axis=1) >= np.maximum(self.largest, least))
        bounds = bounds[where]
        self._raise(row, bounds.argmax(axis=1), where)  # T against these leaves few others open
        places, others = np.divmod(
            np.flatnonzero(bounds >= np.maximum(self.largest[where], least)[:, None]), bounds.shape[1]
        )
        self._raise(row, others, where[places])

    def _raise(self, row: int, others: np.ndarray, where: np.ndarray) -> None:
        """Raise `largest` in some exchanges to T of a row against another row, one in each.

        Every seed of a row exchanges answers with every seed of the other row.
        """
        pairs = self.pairs
        own = np.arange(pairs.first[row], pairs.first[row] + pairs.seeds[row])[:, None]
        seeds = pairs.seeds[others]
        skipped = pairs.first[others] - np.cumsum(seeds) + seeds
        theirs, at = np.arange(seeds.sum()) + np.repeat(skipped, seeds), np.repeat(where, seeds)
        total = np.zeros((len(own), len(theirs)), dtype=np.float32)
        for (hits, size), (new_hits, new_size) in zip(self.kept.swapaxes(0, 1), self.given.swapaxes(0, 1), strict=True):
            won = (hits[theirs, at] + new_hits[own, at]) / (size[theirs, at] + new_size[own, at])
            lost = (new_hits[theirs, at] + hits[own, at]) / (new_size[theirs, at] + size[own, at])
            total += won - lost
        total *= np.float32(2 / len(pairs.truths))
        ahead = pairs.mean(total.mean(axis=0), others, 0) * pairs.inverse[row, others]
        np.maximum.at(self.largest, where, ahead)


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
