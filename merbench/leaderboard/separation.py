"""Which rows of a board are separated from the best: one test for all pairs of rows, on the same exchanges."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from merbench.leaderboard.exchanged import Exchanged, Pairs
from merbench.rates import every_exchange, exchanges

__all__ = ["ALPHA", "DIGEST", "SURE", "Known", "separation"]

Draw: TypeAlias = Callable[[int, int, int], np.ndarray]  # subjects, start, end -> `[subjects, exchanges]`

ALPHA = 0.05  # family-wise error rate of the leading group
SURE = 3.0  # standard errors between a p-value and ALPHA
FEWEST, FIRST, MOST = 500, 10_000, 160_000  # exchanges: more where the chance of the draw could decide
WORK = 100_000_000  # pairs times exchanges: a board of many rows begins with as many exchanges as this affords, and
LONGEST = 16  # times as many are the most
AT_ONCE = 500  # exchanges that one seed draws
BLOCK = 20_000  # exchanges in memory at a time; a multiple of AT_ONCE
CELLS = 1_000_000  # rows times exchanges at once, so that they stay in the processor's cache
KEPT = 8_000_000  # rows times exchanges that are known for later; 32 MB
DIGEST = 32  # bytes of the digest of a row
TIE = 1e-4  # standard errors; differences within it are equal, which can only raise a p-value


def separation(
    rows: Sequence[np.ndarray], *, first: int = FIRST, most: int = MOST, known: Known | None = None
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
        first, most: exchanges at the beginning, and at the most while a p-value is within `SURE` standard errors of
            `ALPHA`; multiples of `AT_ONCE`. Many rows begin with fewer. If `most` is at least the number of all
            exchanges that there are, all are used instead, and the standard error is 0.
        known: what was computed for some of the rows before; in the end, what was computed for these.
    """
    if not rows:
        return [], []
    leads = _Leads(rows, known or Known())
    p_values, errors = np.empty(len(rows)), np.empty(len(rows))
    order, p_values[order], errors[order] = _tested(leads, first, most)
    if known is not None:
        known.observed, known.blocks = leads.found.observed, leads.found.blocks
    return p_values.tolist(), errors.tolist()


@dataclass
class Known:
    """What `separation` computed for some rows, by the digests of their counts. It can be used when rows are added.

    Attributes:
        observed: T of each row in the data.
        blocks: start and end of exchanges -> T of rows in each of them, `[exchanges]`; see `Exchanged.most`.
    """

    observed: dict[bytes, float] = field(default_factory=dict)
    blocks: dict[tuple[int, int], dict[bytes, np.ndarray]] = field(default_factory=dict)


def _tested(leads: _Leads, first: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rows from the largest T down, with their p-values and standard errors."""
    affordable = 2 * WORK // len(leads.observed) ** 2
    total, most = min(first, max(FEWEST, affordable // AT_ONCE * AT_ONCE)), min(most, LONGEST * affordable)
    order, every = np.argsort(-leads.observed, kind="stable"), 2**leads.pairs.subjects
    reached = leads.reached(order, 0, total)
    drawn = np.full(len(order), total)
    while True:
        p_values = np.maximum.accumulate((1 + reached) / (1 + drawn))
        errors = np.sqrt(p_values * (1 - p_values) / drawn)
        near = np.flatnonzero(np.abs(p_values - ALPHA) < SURE * errors)
        if len(near) and every <= most:
            reached = leads.reached(order, 0, every, every_exchange)
            return order, np.maximum.accumulate(reached / every), np.zeros(len(order))
        if not len(near) or 2 * total > most:
            return order, p_values, errors
        rest = order[near[0] :]  # the rows before are decided
        reached[near[0] :] += leads.reached(rest, total, 2 * total)
        drawn[near[0] :] += total
        total *= 2


def _drawn(subjects: int, start: int, end: int) -> np.ndarray:
    """The exchanges from `start` to `end`, `[subjects, exchanges]`."""
    return np.hstack(
        [exchanges(subjects, AT_ONCE, (0, 1, one) if one else (0, 1)) for one in range(start, end, AT_ONCE)]
    )


class _Leads:
    """T of some rows, in the data and in exchanges. What is known of a row is not computed again: only the leads of new
    rows can raise it.

    Attributes:
        observed: T of each row in the data, `[rows]`.
        new: the rows that are not known.
        found: what is known in the end.
    """

    def __init__(self, rows: Sequence[np.ndarray], known: Known) -> None:
        self.pairs = Pairs(rows)
        self.names = [_digest(row) for row in rows]
        gone = not known.observed.keys() <= set(self.names)  # T of the others may have come from a row that is gone
        self.known, self.found = Known() if gone else known, Known()
        self.new = np.array([row for row, name in enumerate(self.names) if name not in self.known.observed], dtype=int)
        leads = self.pairs.leads(self.new)
        self.observed = np.array([self.known.observed.get(name, 0.0) for name in self.names])
        self.observed = np.maximum(self.observed, -leads.min(axis=0, initial=0))
        self.observed[self.new] = leads.max(axis=1)
        self.found.observed.update(zip(self.names, self.observed.tolist(), strict=True))

    def reached(self, tested: np.ndarray, start: int, end: int, draw: Draw | None = None) -> np.ndarray:
        """In how many exchanges from `start` to `end` a row, or one of those after it, reaches the row's observed T.

        Args:
            tested: rows, from the largest observed T down.
            start, end: of exchanges.
            draw: gives the exchanges; None for random ones.
        """
        least, reached = self.observed[tested] - TIE, np.zeros(len(tested))
        for first in range(start, end, BLOCK):
            block = first, min(first + BLOCK, end)
            swapped = (draw or _drawn)(self.pairs.subjects, *block)
            found = self._block(tested, swapped, {} if draw else self.known.blocks.get(block, {}))
            largest = np.maximum.accumulate(found[::-1], axis=0)[::-1]
            reached += np.count_nonzero(largest >= least[:, None], axis=1)
            if not draw and found.size <= KEPT - self._kept():
                self.found.blocks[block] = {self.names[row]: one for row, one in zip(tested, found, strict=True)}
        return reached

    def _block(self, tested: np.ndarray, swapped: np.ndarray, known: Mapping[bytes, np.ndarray]) -> np.ndarray:
        """T of each tested row in each exchange, `[rows, exchanges]`; see `Exchanged.most`."""
        place = {row: one for one, row in enumerate(tested.tolist()) if self.names[row] in known}
        found = np.empty((len(tested), swapped.shape[1]), dtype=np.float32)
        for row, one in place.items():
            found[one] = known[self.names[row]]
        shares = math.ceil(swapped.shape[1] * len(self.observed) / CELLS)
        for share, most in zip(np.array_split(swapped, shares, 1), np.array_split(found, shares, 1), strict=True):
            exchanged = Exchanged(self.pairs, share)
            for one, row in enumerate(tested.tolist()):
                if row not in place:
                    most[one] = exchanged.most(row, self.observed[row] - TIE)
            if place:
                rows, places = np.array(list(place)), list(place.values())
                most[places] = np.maximum(most[places], exchanged.raised(rows, self.new))
        return found

    def _kept(self) -> int:
        return sum(one.size for block in self.found.blocks.values() for one in block.values())


def _digest(row: np.ndarray) -> bytes:
    return hashlib.sha256(f"{row.shape}".encode() + row.astype("<i8").tobytes()).digest()
