"""Scores of pooled predictions: UF1, UAR, accuracy, their intervals over subjects, and the paired test of two models.

All results are computed from the confusion matrices of the subjects: pooling sums them, leaving a subject out subtracts
its matrix, and exchanging two models on a subject exchanges two matrices. The counts are whole numbers, so no result
depends on the order of the clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from merbench.errors import MerbenchError
from merbench.rates import Metric, draws, exchanges, per_class, rate, rates, sums, weighted

if TYPE_CHECKING:
    import numpy as np

    Labels: TypeAlias = Sequence[int] | np.ndarray
    Names: TypeAlias = Sequence[str] | np.ndarray

__all__ = [
    "IntervalMethod",
    "InvalidPredictions",
    "Metric",
    "MissingClass",
    "PairedTest",
    "Scores",
    "compare_confusions",
    "confusion_per_subject",
    "exchange_p_value",
    "exchange_p_values",
    "interval_of_difference",
    "interval_of_rate",
    "mean_rate",
    "mean_without_each",
    "paired_test",
    "percentile_intervals",
    "rate_of_each",
    "rate_resampled",
    "rate_without_each",
    "resampled",
    "score",
    "score_confusions",
]

IntervalMethod = Literal["studentised", "percentile"]

UPPER = 0.975  # quantile of the upper end of a 95 % interval
QUANTILES = (0.025, UPPER)  # of the 95 % percentile interval
STEEPEST = 700.0  # exp() of more is too large for a float
# Equal differences may differ in the last bits if they are summed in another order. Differences within this tolerance
# count as equal, which can only raise a p-value.
AT_ONCE = 100_000  # exchanges
TIE = 1e-12


class InvalidPredictions(MerbenchError):
    """Truth, predictions and subjects are invalid or do not fit together."""


class MissingClass(MerbenchError):
    """No clip has the class `index`, so its recall is undefined."""

    def __init__(self, index: int, classes: int, clips: int) -> None:
        self.index = index
        super().__init__(
            f"none of the {clips} clips has class {index} of 0..{classes - 1}, so its recall is undefined; "
            "score clips that have every class, or use a label scheme without this class"
        )


@dataclass(frozen=True)
class Scores:
    """The scores of predictions. All rates are in [0, 1].

    Attributes:
        uf1: mean of `f1` over the classes (unweighted F1).
        uar: mean of `recall` over the classes (unweighted average recall).
        accuracy: share of clips with the right prediction.
        f1: per class, 2TP / (2TP + FP + FN).
        recall: per class, TP / clips of the class.
        confusion: clips, rows truth, columns prediction.
        uf1_interval, uar_interval, accuracy_interval: (lower, upper) ends of the 95 % interval over subjects.
    """

    uf1: float
    uar: float
    accuracy: float
    f1: tuple[float, ...]
    recall: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    uf1_interval: tuple[float, float]
    uar_interval: tuple[float, float]
    accuracy_interval: tuple[float, float]


@dataclass(frozen=True)
class PairedTest:
    """The comparison of two models on the same clips.

    Attributes:
        difference: score of a minus score of b.
        interval: (lower, upper) ends of the 95 % interval of the difference, over subjects.
        p_value: two-sided, in (0, 1]: how often models that are interchangeable on every subject differ at least as
            much.
    """

    difference: float
    interval: tuple[float, float]
    p_value: float

    def equivalent(self, margin: float) -> bool:
        """Whether the models are equivalent to within a margin: the whole interval lies between -margin and margin.

        These are two one-sided tests (Schuirmann, 1987), each at .025. A p-value above .05 does not show equivalence.

        Raises:
            InvalidPredictions: the margin is not above 0.
        """
        if not margin > 0:
            raise InvalidPredictions(f"the margin of an equivalence test must be above 0, not {margin}")
        return -margin < self.interval[0] and self.interval[1] < margin


def score(truth: Labels, predicted: Labels, subjects: Names, classes: int) -> Scores:
    """Score pooled predictions, with 95 % intervals.

    The clips of all folds are pooled first, then F1_c = 2TP / (2TP + FP + FN), UF1 = mean F1_c and UAR = mean of
    TP_c / n_c (See et al., MEGC 2019, FG 2019).

    The intervals are Student's t intervals on the logit scale (`interval_of_rate`), with the standard error of the
    jackknife over subjects: a subject is left out with all its clips, because clips of one face are not independent.

    Args:
        truth: `[clips]` integers, class indices in 0..classes-1.
        predicted: `[clips]` integers, class indices in 0..classes-1.
        subjects: `[clips]` names; clips with the same name are left out together.
        classes: number of classes.

    Raises:
        InvalidPredictions: the arrays differ in length, are empty, or have values that are not class indices.
        MissingClass: a class is the truth of no clip.
    """
    _, confusions = confusion_per_subject(truth, predicted, subjects, classes)
    return score_confusions(confusions)


def score_confusions(confusions: np.ndarray, method: IntervalMethod = "studentised") -> Scores:
    """Score predictions like `score`, from the confusion matrix of each subject.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        method: how the intervals are computed. Records of schema 1 and 2 have percentile bootstrap intervals over
            subjects (Efron and Tibshirani, 1993, chapter 13), which are too short if there are few subjects.

    Raises:
        MissingClass: a class is the truth of no clip.
    """
    pooled = confusions.sum(axis=0)
    _require_every_class(pooled)
    pooled_rates = rates(*sums(pooled))
    f1, recall = per_class(*sums(pooled))
    intervals = percentile_intervals(confusions) if method == "percentile" else _intervals(confusions)
    return Scores(
        uf1=float(pooled_rates["uf1"]),
        uar=float(pooled_rates["uar"]),
        accuracy=float(pooled_rates["accuracy"]),
        f1=tuple(f1.tolist()),
        recall=tuple(recall.tolist()),
        confusion=tuple(tuple(row) for row in pooled.tolist()),
        uf1_interval=intervals["uf1"],
        uar_interval=intervals["uar"],
        accuracy_interval=intervals["accuracy"],
    )


def _intervals(confusions: np.ndarray) -> dict[Metric, tuple[float, float]]:
    """The interval of every metric: `interval_of_rate` of `mean_rate` and `mean_without_each`, counted once for all."""
    import numpy as np

    pooled = confusions.sum(axis=0)
    together, others = sums(pooled), sums(pooled - confusions)
    return {
        metric: interval_of_rate(
            float(rate(metric, *together)), rate(metric, *others) if len(confusions) > 1 else np.empty(0)
        )
        for metric in get_args(Metric)
    }


def percentile_intervals(
    confusions: np.ndarray, *, resamples: int = 10_000, seed: int = 0
) -> dict[Metric, tuple[float, float]]:
    """The 95 % percentile bootstrap interval of every metric, with the arguments of `resampled`."""
    import numpy as np

    drawn = resampled(confusions, resamples, seed)
    ends = np.quantile(np.stack(list(drawn.values())), QUANTILES, axis=1).T.tolist()  # at once: twice as fast
    return {metric: (lower, upper) for metric, (lower, upper) in zip(drawn, ends, strict=True)}


def resampled(confusions: np.ndarray, resamples: int = 10_000, seed: int = 0) -> dict[Metric, np.ndarray]:
    """Compute every metric, `[resamples]`, on subjects drawn with replacement, each with all its clips. The draws
    depend only on the number of subjects and the seed.

    If a resample lacks a class, UF1 and UAR are means over the other classes: the recall of the missing class is 0/0,
    and counting it as 0 or 1 would blame or reward the model for the draw.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        resamples: number of draws, at least 1.
        seed: of the draws.
    """
    return rates(*weighted(sums(confusions), draws(len(confusions), resamples, seed)))


def confusion_per_subject(
    truth: Labels, predicted: Labels, subjects: Names, classes: int
) -> tuple[tuple[str, ...], np.ndarray]:
    """Compute the confusion matrix of each subject.

    Args:
        truth, predicted, subjects, classes: as in `score`.

    Returns:
        The subjects' names, sorted, and `[subjects, classes, classes]` int64 clip counts (rows truth, columns
        prediction).

    Raises:
        InvalidPredictions: as in `score`.
    """
    import numpy as np

    if not len(truth) == len(predicted) == len(subjects):
        raise InvalidPredictions(
            f"{len(truth)} truths, {len(predicted)} predictions, {len(subjects)} subjects: each clip needs one of each"
        )
    if not len(truth):
        raise InvalidPredictions("there are no clips to score")
    rows = _class_indices("truth", truth, classes)
    columns = _class_indices("prediction", predicted, classes)
    names, codes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True)
    cells = (codes * classes + rows) * classes + columns
    counts = np.bincount(cells, minlength=len(names) * classes * classes)
    return tuple(names.tolist()), counts.reshape(len(names), classes, classes)


def paired_test(
    truth: Labels,
    predicted_a: Labels,
    predicted_b: Labels,
    subjects: Names,
    classes: int,
    *,
    metric: Metric = "uf1",
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedTest:
    """Test whether the scores of models a and b differ on the same clips.

    The p-value comes from a permutation test over subjects. If the models are interchangeable, exchanging their
    predictions on the clips of a subject changes nothing. So each resample exchanges them on each subject with
    probability 1/2, and computes the difference of the pooled scores. p = (1 + resamples at least as far from zero) /
    (1 + resamples), which counts the data as one permutation (Phipson and Smyth, 2010). The interval is that of
    `interval_of_difference`.

    Args:
        truth, subjects, classes: as in `score`.
        predicted_a, predicted_b: `[clips]` integers, class indices in 0..classes-1, of the two models.
        metric: `uf1`, `uar` or `accuracy`.
        resamples: number of permutations, at least 1.
        seed: seed of the permutations.

    Raises:
        InvalidPredictions: as in `score`, or the metric has another name.
        MissingClass: a class is the truth of no clip.
    """
    _, a = confusion_per_subject(truth, predicted_a, subjects, classes)
    _, b = confusion_per_subject(truth, predicted_b, subjects, classes)
    _require_every_class(a.sum(axis=0))
    return compare_confusions(a[None], b[None], metric=metric, resamples=resamples, seed=seed)


def compare_confusions(
    a: np.ndarray, b: np.ndarray, *, metric: Metric = "uf1", resamples: int = 10_000, seed: int = 0
) -> PairedTest:
    """Run `paired_test` on the confusion matrices of each subject; with several seeds, on the mean scores of the seeds.

    Args:
        a, b: `[seeds, subjects, classes, classes]` clip counts of both models, on the same clips. Every seed of a is
            compared with every seed of b, and a resample exchanges all seeds on a subject.
        metric, resamples, seed: as in `paired_test`.

    Raises:
        InvalidPredictions: the metric has another name.
    """
    if metric not in get_args(Metric):
        raise InvalidPredictions(f"no metric is called {metric!r}; use {', '.join(get_args(Metric))}")
    difference = mean_rate(a, metric) - mean_rate(b, metric)
    return PairedTest(
        difference=difference,
        interval=interval_of_difference(difference, mean_without_each(a, metric) - mean_without_each(b, metric)),
        p_value=exchange_p_value(a, b, metric, resamples=resamples, seed=seed),
    )


def mean_rate(seeds: np.ndarray, metric: Metric) -> float:
    """The mean of a metric over `[seeds, subjects, classes, classes]` clip counts."""
    return float(rate_of_each(seeds, metric).mean())


def rate_of_each(seeds: np.ndarray, metric: Metric) -> np.ndarray:
    """Compute a metric of each of some `[seeds, subjects, classes, classes]` clip counts, `[seeds]`."""
    return rate(metric, *sums(seeds.sum(axis=1)))


def rate_resampled(seeds: np.ndarray, metric: Metric, *, resamples: int = 10_000, seed: int = 0) -> np.ndarray:
    """Compute a metric of each of some `[seeds, subjects, classes, classes]` counts of the same clips on subjects drawn
    with replacement, `[seeds, resamples]`, with the draws of `resampled`.
    """
    (hits, truths, answers), drawn = sums(seeds), draws(seeds.shape[1], resamples, seed)
    hits, answers = weighted((hits, answers), drawn)
    (truths,) = weighted((truths[:, :1],), drawn)
    return rate(metric, hits, truths, answers)


def mean_without_each(seeds: np.ndarray, metric: Metric) -> np.ndarray:
    """Compute `mean_rate`, `[subjects]`, without each subject in turn; over the classes that the others have.

    Empty if there is only one subject.
    """
    mean: np.ndarray = rate_without_each(seeds, metric).mean(axis=0)
    return mean


def rate_without_each(seeds: np.ndarray, metric: Metric) -> np.ndarray:
    """Compute a metric of each of some `[seeds, subjects, classes, classes]` clip counts without each subject in turn,
    `[seeds, subjects]`; `[seeds, 0]` if there is only one subject.
    """
    import numpy as np

    if seeds.shape[1] < 2:
        return np.empty((len(seeds), 0))
    return rate(metric, *sums(seeds.sum(axis=1, keepdims=True) - seeds))


def interval_of_rate(value: float, without_each: np.ndarray) -> tuple[float, float]:
    """(lower, upper) ends of the 95 % interval of a rate: Student's t interval on the logit scale.

    On this scale both ends stay between 0 and 1, and a rate near 1 gets a longer lower half. The standard error is that
    of the jackknife (Efron and Tibshirani, 1993, equation 11.5), turned to this scale by the derivative of the logit.

    Args:
        value: the rate, in [0, 1].
        without_each: of `mean_without_each`; if it is empty, the interval is (0, 1).
    """
    if not len(without_each):
        return 0.0, 1.0
    half = _half_width(without_each)
    if half == 0 or not 0 < value < 1:
        return value, value
    factor = math.exp(min(half / (value * (1 - value)), STEEPEST))
    return value / (value + (1 - value) * factor), value * factor / (value * factor + 1 - value)


def interval_of_difference(value: float, without_each: np.ndarray) -> tuple[float, float]:
    """(lower, upper) ends of the 95 % interval of a difference of two rates: Student's t with the jackknife's standard
    error, as in `interval_of_rate`; the ends stay in [-1, 1].
    """
    half = _half_width(without_each) if len(without_each) else math.inf
    return max(-1.0, value - half), min(1.0, value + half)


def _half_width(without_each: np.ndarray) -> float:
    """Half of the 95 % interval of Student's t, with the jackknife's standard error."""
    from scipy.special import stdtrit

    subjects = len(without_each)
    spread = float(((without_each - without_each.mean()) ** 2).sum())
    # Values that should be equal differ in the last bits.
    error = math.sqrt((subjects - 1) / subjects * spread) if spread > subjects * TIE**2 else 0.0
    return float(stdtrit(subjects - 1, UPPER)) * error


def exchange_p_value(a: np.ndarray, b: np.ndarray, metric: Metric, *, resamples: int = 10_000, seed: int = 0) -> float:
    """The p-value of `compare_confusions`, with the same arguments."""
    return exchange_p_values([(a, b)], metric, resamples=resamples, seed=seed)[0]


def exchange_p_values(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], metric: Metric, *, resamples: int = 10_000, seed: int = 0
) -> list[float]:
    """The p-value of `compare_confusions` of each pair, all on the same subjects, which all tests exchange alike."""
    import numpy as np

    least = [abs(mean_rate(a, metric) - mean_rate(b, metric)) - TIE for a, b in pairs]
    extreme = [0] * len(pairs)
    for first in range(0, resamples if pairs else 0, AT_ONCE):  # all at once would need much memory
        size = min(AT_ONCE, resamples - first)
        swapped = exchanges(pairs[0][0].shape[1], size, (seed, 1, first) if first else (seed, 1))
        for index, (a, b) in enumerate(pairs):
            permuted = np.mean([_exchanged(one, other, swapped, metric) for one in a for other in b], axis=0)
            extreme[index] += int(np.count_nonzero(np.abs(permuted) >= least[index]))
    return [(1 + count) / (1 + resamples) for count in extreme]


def _exchanged(a: np.ndarray, b: np.ndarray, swapped: np.ndarray, metric: Metric) -> np.ndarray:
    """Compute `[resamples]` differences of a and b, exchanged on the subjects that are 1 in `swapped`."""
    (hits_a, truths, answers_a), (hits_b, _, answers_b) = sums(a.sum(axis=0)), sums(b.sum(axis=0))
    hits, _, answers = sums(b - a)  # both have the same truth on every subject, so an exchange does not change it
    hits, answers = weighted((hits, answers), swapped)
    mixed_a = rate(metric, hits_a[:, None] + hits, truths[:, None], answers_a[:, None] + answers)
    mixed_b = rate(metric, hits_b[:, None] - hits, truths[:, None], answers_b[:, None] - answers)
    difference: np.ndarray = mixed_a - mixed_b
    return difference


def _class_indices(what: str, labels: Labels, classes: int) -> np.ndarray:
    import numpy as np

    indices = np.asarray(labels)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise InvalidPredictions(
            f"{what}: must be one row of class indices, not {indices.dtype} of shape {indices.shape}"
        )
    outside = indices[(indices < 0) | (indices >= classes)]
    if len(outside):
        raise InvalidPredictions(f"{what}: {outside[0]} is not a class; class indices are 0..{classes - 1}")
    return indices.astype(np.int64)


def _require_every_class(pooled: np.ndarray) -> None:
    import numpy as np

    missing = np.flatnonzero(pooled.sum(axis=1) == 0)
    if len(missing):
        raise MissingClass(int(missing[0]), len(pooled), int(pooled.sum()))
