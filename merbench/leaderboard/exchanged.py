"""By how much one row of a board beats another when their answers are exchanged on some subjects, for all pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from merbench.rates import rate, sums

__all__ = ["Exchanged", "Pairs"]

EQUAL = 1e-6  # a standard error below it comes from rounding: two rows whose scores never differ
ROUNDED = 1e-3  # standard errors; more than what rounding takes from a bound


class Pairs:
    """All pairs of some rows.

    Attributes:
        scores: UF1 of each row over all clips, `[rows]`.
        seeds, first: how many seeds a row has, and which of all seeds is its first, `[rows]`.
        truths: clips of each class, `[classes]`, without the classes that have none.
        counts: hits and answers, `[2, classes, seeds of all rows, subjects]`.
    """

    def __init__(self, rows: Sequence[np.ndarray]) -> None:
        self.seeds = np.array([len(row) for row in rows])
        self.first = np.cumsum(self.seeds) - self.seeds
        every = np.concatenate(rows)
        self.scores = self.mean(rate("uf1", *sums(every.sum(axis=1))), np.arange(len(rows)), 0)
        hits, truths, answers = sums(every)
        there = truths[:, 0].sum(axis=1) > 0  # a class without clips does not count
        self.truths = truths[there, 0].sum(axis=1).astype(np.float32)
        self.counts = np.stack([hits[there], answers[there]]).astype(np.float32)
        self.subjects = self.counts.shape[-1]
        self._inverse = np.full((len(rows), len(rows)), np.nan, dtype=np.float32)

    def leads(self, rows: np.ndarray) -> np.ndarray:
        """The lead of each row over each of some rows, in standard errors of their difference, `[rows, all rows]`."""
        leads: np.ndarray = (self.scores - self.scores[rows, None]) * self.inverse(rows)
        return leads

    def terms(self, row: int) -> np.ndarray:
        """What each subject adds to the lead of each row over a row if it is not exchanged; its negative, if it is.
        `[rows, subjects + 1]`; the last column is the most by which the lead is greater than the sum of the others.

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
        terms = terms * (self.inverse(np.array([row]))[0] / np.float32(self.seeds[row] * len(self.truths)))[:, None]
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

    def inverse(self, rows: np.ndarray) -> np.ndarray:
        """1 / standard error in exchanges of the lead of each row over each of some rows, `[rows, all rows]`; 0 if the
        error is 0. The standard error is to first order around the mean counts of both rows.
        """
        new = rows[np.isnan(self._inverse[rows, 0])]
        if len(new):
            self._inverse[new] = self._computed_inverse(new)
        found: np.ndarray = self._inverse[rows]
        return found

    def _computed_inverse(self, rows: np.ndarray) -> np.ndarray:
        hits, answers = (one.astype(float) for one in self.mean(self.counts, np.arange(len(self.seeds)), 2))
        sizes = self.truths[:, None, None] + _sum_of_pairs(answers.sum(axis=-1), rows) / 2
        f1 = _sum_of_pairs(hits.sum(axis=-1), rows) / sizes
        variance = np.zeros(sizes.shape[1:])
        # The square of a sum over classes, whose terms are 2 hits - F1 answers of one row minus those of the other.
        for one in range(len(hits)):
            for other in range(len(hits)):
                square = 4 * _products(hits[one], hits[other], rows)
                square -= 2 * f1[other] * _products(hits[one], answers[other], rows)
                square -= 2 * f1[one] * _products(answers[one], hits[other], rows)
                square += f1[one] * f1[other] * _products(answers[one], answers[other], rows)
                variance += square / (sizes[one] * sizes[other])
        errors = np.sqrt(np.maximum(variance, 0)) / len(hits)
        return np.divide(1, errors, out=np.zeros(errors.shape), where=errors > EQUAL).astype(np.float32)


class Exchanged:
    """Some exchanges of the answers of all pairs of rows.

    Args:
        swapped: `[subjects, exchanges]`, 1 for the subjects on which answers are exchanged, else 0.
    """

    def __init__(self, pairs: Pairs, swapped: np.ndarray) -> None:
        self.pairs = pairs
        self.given = pairs.counts @ swapped
        self.kept = pairs.counts.sum(axis=-1)[..., None] - self.given
        self.kept[1] += pairs.truths[:, None, None]
        self.signs = np.vstack([1 - 2 * swapped, np.ones_like(swapped[:1])]).T.copy()

    def most(self, row: int, least: float) -> np.ndarray:
        """The lead over a row of the row that leads it most, at least 0, `[exchanges]`; where it is less than `least`,
        any number from 0 to it.

        A lead is computed only where its bound, which is a product of matrices, leaves it open.
        """
        most = np.zeros(len(self.signs), dtype=np.float32)
        terms = self.pairs.terms(row)
        if np.abs(terms).sum(axis=1).max() < least:
            return most
        bounds = self.signs @ terms.T
        where = np.flatnonzero(bounds.max(axis=1) >= least)
        bounds = bounds[where]
        most[where] = np.maximum(0, self._leads(row, bounds.argmax(axis=1), where))  # these leave few others open
        places, others = np.divmod(np.flatnonzero(bounds >= np.maximum(most[where], least)[:, None]), bounds.shape[1])
        np.maximum.at(most, where[places], self._leads(row, others, where[places]))
        return most

    def raised(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The lead over each of some rows of the one of others that leads it most, at least 0, `[rows, exchanges]`."""
        exchanges = len(self.signs)
        every, where = np.repeat(rows, exchanges), np.tile(np.arange(exchanges), len(rows))
        most = np.zeros((len(rows), exchanges), dtype=np.float32)
        for other in others:
            np.maximum(most, -self._leads(other, every, where).reshape(most.shape), out=most)
        return most

    def _leads(self, row: int, others: np.ndarray, where: np.ndarray) -> np.ndarray:
        """The leads of other rows over a row, one in each of some exchanges, `[exchanges]`.

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
        leads: np.ndarray = pairs.mean(total.mean(axis=0), others, 0) * pairs.inverse(np.array([row]))[0, others]
        return leads


def _sum_of_pairs(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The sum of some rows and all rows, `[..., rows, all rows]`."""
    total: np.ndarray = values[..., rows, None] + values[..., None, :]
    return total


def _products(a: np.ndarray, b: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of some rows and all rows, the sum over subjects of the difference in a times the difference in b."""
    own = np.einsum("rs,rs->r", a, b)
    differences: np.ndarray = _sum_of_pairs(own, rows) - a[rows] @ b.T - b[rows] @ a.T
    return differences
