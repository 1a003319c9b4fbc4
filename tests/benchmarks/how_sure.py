"""What 68 subjects can show: error rates and coverage by simulation, power and shares of variance from the records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean, median, stdev

import numpy as np

from docs.generate.board import board
from merbench.leaderboard.boards import counts_of
from merbench.leaderboard.separation import ALPHA, separation
from merbench.leaderboard.statistics import holm
from merbench.rates import exchanges
from merbench.runs.scoring import Counts
from merbench.scores import (
    exchange_p_values,
    interval_of_difference,
    interval_of_rate,
    mean_rate,
    mean_without_each,
    percentile_intervals,
)
from tests.benchmarks.row import Row

BOARDS, EXCHANGES = 1_000, 1_000  # simulated boards, and exchanges of each test
SAMPLES, RESAMPLES = 200, 2_000  # of the coverage
EVERY = 4  # row of the board is in the coverage
FOUND = 1.96 + 0.84  # standard errors of a difference that is found with 80 % power at .05, two-sided
POWER = 0.84
NEW_SUBJECTS = (20, 68, 200)

Procedure = Callable[[Sequence[np.ndarray]], list[float]]


def run(reference: Path | None) -> list[Row]:
    """Figures from the committed records of the composite; `reference` is not used."""
    ranked = board().ranked
    rows = [counts_of(row) for row in ranked]
    leading = [one for one, row in zip(rows, ranked, strict=True) if row.standing and row.standing.leading]
    masks = masks_of(ranked[0].entries[0].counts)
    return [
        *_power(leading, rows),
        *variance(rows, masks),
        *_more(leading),
        *_error_rates([one[:1] for one in rows], masks),
        *_coverage([one[0] for one in rows[::EVERY]], masks),
    ]


def masks_of(counts: Counts) -> dict[str, np.ndarray]:
    """Part -> `[subjects]`, whether a subject is in it; none of the composite's is in two databases."""
    return {part: np.isin(counts.subjects, counts.of(part).subjects) for part in counts.parts}


def exchange_error(a: np.ndarray, b: np.ndarray) -> float:
    """The standard error of the difference of UF1 of two rows under the paired test: that of exchanged answers.

    Args:
        a, b: `[seeds, subjects, classes, classes]` clip counts; the first seeds count.
    """
    swapped = exchanges(a.shape[1], EXCHANGES, (0, 2)).T[:, :, None, None] > 0
    one, other = np.where(swapped, b[0], a[0]), np.where(swapped, a[0], b[0])
    return float(np.sqrt(np.mean(np.square(_uf1(one) - _uf1(other)))))


def clip_error(counts: np.ndarray) -> float:
    """The jackknife's standard error of UF1 if every clip is a subject of its own.

    Args:
        counts: `[subjects, classes, classes]` clip counts.
    """
    pooled = counts.sum(axis=0)
    cells = [(*cell, int(pooled[cell])) for cell in np.ndindex(pooled.shape) if pooled[cell]]
    values = np.repeat([_without(pooled, *cell[:2]) for cell in cells], [cell[2] for cell in cells])
    return _jackknife(values)


def _without(pooled: np.ndarray, truth: int, answer: int) -> float:
    rest = pooled.copy()
    rest[truth, answer] -= 1
    return mean_rate(rest[None, None], "uf1")


def _jackknife(values: np.ndarray) -> float:
    return float(np.sqrt((len(values) - 1) / len(values) * np.square(values - values.mean()).sum()))


def _subject_error(row: np.ndarray) -> float:
    return _jackknife(mean_without_each(row, "uf1"))


def _middle_error(leading: Sequence[np.ndarray]) -> float:
    """The median standard error of the difference of two leading rows, of each its first seed."""
    return median(exchange_error(a, b) for a, b in combinations(leading, 2))


def _power(leading: Sequence[np.ndarray], rows: Sequence[np.ndarray]) -> Iterator[Row]:
    error = _middle_error(leading)
    yield Row("power: standard error of a difference", f"{error:.3f}", f"median of all pairs of {len(leading)} rows")
    yield Row("power: smallest difference, one pair", f"{FOUND * error:.3f}", "80 % power, p at most .05")
    limit = _limit(rows)
    what = "power: smallest difference, the whole board"
    yield Row(what, f"{(limit + POWER) * error:.3f}", f"80 % power; {len(rows)} rows, T above {limit:.2f}")


def _limit(rows: Sequence[np.ndarray]) -> float:
    """The difference in standard errors that a p-value of `ALPHA` needs if all rows of the board are open."""
    values = [one[:1] for one in rows]
    swapped = exchanges(values[0].shape[1], EXCHANGES, (0, 3)).T[:, :, None, None] > 0
    largest = np.zeros(EXCHANGES)
    for a, b in combinations(values, 2):
        one, other = np.where(swapped, b[0], a[0]), np.where(swapped, a[0], b[0])
        differences = np.abs(_uf1(one) - _uf1(other))
        error = np.sqrt(np.mean(np.square(differences)))
        largest = np.maximum(largest, differences / error if error > 0 else 0)
    return float(np.quantile(largest, 1 - ALPHA))


def _uf1(counts: np.ndarray) -> np.ndarray:
    """UF1 of `[boards, subjects, classes, classes]` counts."""
    pooled = counts.sum(axis=1)
    hits = np.diagonal(pooled, axis1=1, axis2=2)
    uf1: np.ndarray = (2 * hits / (pooled.sum(axis=1) + pooled.sum(axis=2))).mean(axis=1)
    return uf1


def variance(rows: Sequence[np.ndarray], masks: dict[str, np.ndarray]) -> Iterator[Row]:
    """What the variance of UF1 comes from: a line for each source.

    Args:
        rows: of each row, `[seeds, subjects, classes, classes]` clip counts.
        masks: part -> `[subjects]`, whether a subject is in it.
    """
    seeds = [stdev(mean_rate(seed[None], "uf1") for seed in row) for row in rows if len(row) >= 3]
    subjects = median(map(_subject_error, rows))
    clips = median(clip_error(row[0]) for row in rows)
    alone = median(_subject_error(row[:1]) for row in rows)
    parts = [stdev(mean_rate(row[:, mask], "uf1") for part, mask in masks.items() if part != "full") for row in rows]
    number, effect = int(rows[0][0].sum()), (alone / clips) ** 2
    told = f"standard deviation, median of {len(seeds)} rows"
    yield Row("variance: over training seeds", f"{median(seeds):.3f}", told)
    yield from _seeds_inside(rows)
    yield Row("variance: over subjects", f"{subjects:.3f}", f"standard error, {len(rows)} rows")
    yield Row("variance: over subjects, one seed", f"{alone:.3f}", f"standard error, {len(rows)} rows")
    yield Row("variance: over the three databases", f"{median(parts):.3f}", "standard deviation of their UF1")
    yield Row("variance: over clips, if independent", f"{clips:.3f}", "standard error, one seed of each row")
    yield Row("variance: design effect", f"{effect:.2f}", f"{number} clips are worth {number / effect:.0f}")


def _seeds_inside(rows: Sequence[np.ndarray]) -> Iterator[Row]:
    """How much smaller the jackknife's variance of a mean of seeds is than that of one seed, and how much smaller it
    should be if the noise of training is inside: every fold draws its own weights.
    """
    several = [row for row in rows if len(row) >= 3]
    single = [fmean(_subject_error(seed[None]) ** 2 for seed in row) for row in several]
    found = fmean(one - _subject_error(row) ** 2 for one, row in zip(single, several, strict=True))
    noise = [stdev(mean_rate(seed[None], "uf1") for seed in row) ** 2 for row in several]
    wanted = fmean(one * (1 - 1 / len(row)) for one, row in zip(noise, several, strict=True))
    told = f"jackknife variance of one seed less that of the mean, times 10^6, {len(several)} rows"
    yield Row("variance: inside the interval, found", f"{found * 1e6:.0f}", told)
    yield Row("variance: inside the interval, predicted", f"{wanted * 1e6:.0f}", "from the variance over seeds")


def _more(leading: Sequence[np.ndarray]) -> Iterator[Row]:
    error, subjects = FOUND * _middle_error(leading), leading[0].shape[1]
    for new in NEW_SUBJECTS:
        figure = f"{error * np.sqrt(subjects / (subjects + new)):.3f}"
        yield Row(f"more subjects: with {new} more subjects", figure, "smallest difference, one pair, 80 % power")


def _error_rates(rows: Sequence[np.ndarray], masks: dict[str, np.ndarray]) -> Iterator[Row]:
    procedures: dict[str, Procedure] = {"all pairs": _by_all_pairs, "against the best, Holm": _by_holm}
    for part in ("full", "smic"):
        for equal in (len(rows), 8):
            boards = [simulated([row[:, masks[part]] for row in rows], equal, number) for number in range(BOARDS)]
            for name, procedure in procedures.items():
                groups = [np.array(procedure(one)) > ALPHA for one in boards]
                wrong = fmean(not group[:equal].all() for group in groups)
                what = f"error rate: {name}; {equal} equal of {len(rows)} rows, {part}"
                yield Row(what, f"{wrong:.3f}", f"{BOARDS} boards; group of {fmean(g.sum() for g in groups):.1f} rows")


def simulated(rows: Sequence[np.ndarray], equal: int, number: int) -> list[np.ndarray]:
    """A board on drawn subjects, on each of which the first rows exchange their answers at random.

    Args:
        rows: `[1, subjects, classes, classes]` clip counts of each row.
        equal: how many rows have the same true score.
        number: of the board; it decides the draw.
    """
    rng = np.random.default_rng((17, number))
    counts = np.concatenate(rows)
    while True:
        drawn = counts[:, rng.integers(0, counts.shape[1], counts.shape[1])]
        if drawn[0].sum(axis=(0, 2)).all():  # every class has clips
            break
    for subject in range(drawn.shape[1]):
        drawn[:equal, subject] = drawn[rng.permutation(equal), subject]
    return list(drawn[:, None])


def _by_all_pairs(rows: Sequence[np.ndarray]) -> list[float]:
    return separation(rows, first=EXCHANGES, most=EXCHANGES)[0]


def _by_holm(rows: Sequence[np.ndarray]) -> list[float]:
    """Every row against the best of the same data, with Holm's correction."""
    best = max(range(len(rows)), key=lambda index: mean_rate(rows[index], "uf1"))
    others = [index for index in range(len(rows)) if index != best]
    # The smallest p-value that the exchanges can give, times the number of tests, is half of ALPHA: otherwise nothing
    # could be separated from the best, and the procedure would seem never to err.
    enough = max(EXCHANGES, round(2 / ALPHA) * len(others))
    p_values = holm(exchange_p_values([(rows[best], rows[index]) for index in others], "uf1", resamples=enough))
    found = dict(zip(others, p_values, strict=True))
    return [found.get(index, 1.0) for index in range(len(rows))]


def _coverage(rows: Sequence[np.ndarray], masks: dict[str, np.ndarray]) -> Iterator[Row]:
    for part, mask in masks.items():
        found = np.array([_covered(row[mask], rows[0][mask], number) for row in rows[1:] for number in range(SAMPLES)])
        how = f"{len(rows) - 1} rows, {SAMPLES} draws of {mask.sum()} subjects"
        for name, share in zip(("UF1, studentised", "UF1, percentile", "difference"), found.mean(axis=0), strict=True):
            yield Row(f"coverage: {name}, {part}", f"{share:.3f}", how)


def _covered(row: np.ndarray, other: np.ndarray, number: int) -> tuple[bool, bool, bool]:
    """Whether each interval, computed from drawn subjects, contains the score of all."""
    (one, two), drawn = (row[None], other[None]), simulated([row[None], other[None]], 0, number)
    wanted, difference = mean_rate(one, "uf1"), mean_rate(one, "uf1") - mean_rate(two, "uf1")
    value, others = mean_rate(drawn[0], "uf1"), [mean_without_each(each, "uf1") for each in drawn]
    studentised = interval_of_rate(value, others[0])
    percentile = percentile_intervals(drawn[0][0], resamples=RESAMPLES)["uf1"]
    paired = interval_of_difference(value - mean_rate(drawn[1], "uf1"), others[0] - others[1])
    inside = ((studentised, wanted), (percentile, wanted), (paired, difference))
    found = [low <= true <= high for (low, high), true in inside]
    return found[0], found[1], found[2]
