"""Scores of pooled predictions: UF1, UAR, accuracy, their intervals over subjects, and the paired test of two models.

All results are computed from the confusion matrices of the subjects: pooling sums them, a bootstrap resample is a
weighted sum, and exchanging two models on a subject exchanges two matrices. The counts are whole numbers, so no result
depends on the order of the clips.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from merbench.errors import MerbenchError

if TYPE_CHECKING:
    import numpy as np

    Labels: TypeAlias = Sequence[int] | np.ndarray
    Names: TypeAlias = Sequence[str] | np.ndarray
    Sums: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]

__all__ = [
    "InvalidPredictions",
    "Metric",
    "MissingClass",
    "PairedTest",
    "Scores",
    "compare_confusions",
    "confusion_per_subject",
    "exchange_p_value",
    "exchange_p_values",
    "interval_of",
    "mean_rate",
    "mean_resampled",
    "paired_test",
    "resampled",
    "score",
    "score_confusions",
]

Metric = Literal["uf1", "uar", "accuracy"]

QUANTILES = (0.025, 0.975)  # of the 95 % percentile interval
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
        uf1_interval, uar_interval, accuracy_interval: (lower, upper) ends of the 95 % bootstrap interval.
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
        interval: (lower, upper) ends of the 95 % interval of the difference, by bootstrap over subjects.
        p_value: two-sided, in (0, 1]: how often models that are interchangeable on every subject differ at least as
            much.
    """

    difference: float
    interval: tuple[float, float]
    p_value: float


def score(
    truth: Labels, predicted: Labels, subjects: Names, classes: int, *, resamples: int = 10_000, seed: int = 0
) -> Scores:
    """Score pooled predictions, with 95 % intervals.

    The clips of all folds are pooled first, then F1_c = 2TP / (2TP + FP + FN), UF1 = mean F1_c and UAR = mean of
    TP_c / n_c (See et al., MEGC 2019, FG 2019).

    The intervals are percentile bootstrap intervals over subjects (Efron and Tibshirani, 1993, chapter 13). Each
    resample draws as many subjects as there are, with replacement and with all their clips, because clips of one face
    are not independent. If a resample lacks a class, UF1 and UAR are means over the other classes: the recall of the
    missing class is 0/0, and counting it as 0 or 1 would blame or reward the model for the draw.

    Args:
        truth: `[clips]` integers, class indices in 0..classes-1.
        predicted: `[clips]` integers, class indices in 0..classes-1.
        subjects: `[clips]` names; clips with the same name are resampled together.
        classes: number of classes.
        resamples: number of bootstrap resamples, at least 1.
        seed: seed of the bootstrap; the same seed gives the same intervals.

    Raises:
        InvalidPredictions: the arrays differ in length, are empty, or have values that are not class indices.
        MissingClass: a class is the truth of no clip.
    """
    _, confusions = confusion_per_subject(truth, predicted, subjects, classes)
    return score_confusions(confusions, resamples=resamples, seed=seed)


def score_confusions(confusions: np.ndarray, *, resamples: int = 10_000, seed: int = 0) -> Scores:
    """Score predictions like `score`, from the confusion matrix of each subject.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        resamples, seed: as in `score`.

    Raises:
        MissingClass: a class is the truth of no clip.
    """
    import numpy as np

    pooled = confusions.sum(axis=0)
    _require_every_class(pooled)
    rates = _rates(*_sums(pooled))
    f1, recall = _per_class(*_sums(pooled))
    drawn = resampled(confusions, resamples, seed)
    ends = np.quantile(np.stack(list(drawn.values())), QUANTILES, axis=1).T.tolist()  # at once: twice as fast
    intervals = {metric: (lower, upper) for metric, (lower, upper) in zip(drawn, ends, strict=True)}
    return Scores(
        uf1=float(rates["uf1"]),
        uar=float(rates["uar"]),
        accuracy=float(rates["accuracy"]),
        f1=tuple(f1.tolist()),
        recall=tuple(recall.tolist()),
        confusion=tuple(tuple(row) for row in pooled.tolist()),
        uf1_interval=intervals["uf1"],
        uar_interval=intervals["uar"],
        accuracy_interval=intervals["accuracy"],
    )


def resampled(confusions: np.ndarray, resamples: int = 10_000, seed: int = 0) -> dict[Metric, np.ndarray]:
    """Compute every metric, `[resamples]`, on subjects drawn with replacement. The draws depend only on the number of
    subjects and the seed.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        resamples, seed: as in `score`.
    """
    return _rates(*_weighted(_sums(confusions), _draws(len(confusions), resamples, seed)))


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
    (1 + resamples), which counts the data as one permutation (Phipson and Smyth, 2010). The interval is the percentile
    bootstrap interval of the difference over subjects, with the same draws for both models.

    Args:
        truth, subjects, classes: as in `score`.
        predicted_a, predicted_b: `[clips]` integers, class indices in 0..classes-1, of the two models.
        metric: `uf1`, `uar` or `accuracy`.
        resamples: number of permutations and of bootstrap resamples, at least 1.
        seed: seed of both.

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
    drawn_a, drawn_b = (mean_resampled(one, metric, resamples=resamples, seed=seed) for one in (a, b))
    return PairedTest(
        difference=mean_rate(a, metric) - mean_rate(b, metric),
        interval=interval_of(drawn_a - drawn_b),
        p_value=exchange_p_value(a, b, metric, resamples=resamples, seed=seed),
    )


def mean_rate(seeds: np.ndarray, metric: Metric) -> float:
    """The mean of a metric over `[seeds, subjects, classes, classes]` clip counts."""
    return float(_rates(*_sums(seeds.sum(axis=1)))[metric].mean())


def mean_resampled(seeds: np.ndarray, metric: Metric, *, resamples: int = 10_000, seed: int = 0) -> np.ndarray:
    """Compute `mean_rate`, `[resamples]`, on subjects drawn with replacement, with the same draws for all seeds."""
    import numpy as np

    mean: np.ndarray = np.mean([resampled(one, resamples, seed)[metric] for one in seeds], axis=0)
    return mean


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
        exchanges = min(AT_ONCE, resamples - first)
        swapped = _swaps(pairs[0][0].shape[1], exchanges, (seed, 1, first) if first else (seed, 1))
        for index, (a, b) in enumerate(pairs):
            permuted = np.mean([_exchanged(one, other, swapped, metric) for one in a for other in b], axis=0)
            extreme[index] += int(np.count_nonzero(np.abs(permuted) >= least[index]))
    return [(1 + count) / (1 + resamples) for count in extreme]


def _exchanged(a: np.ndarray, b: np.ndarray, swapped: np.ndarray, metric: Metric) -> np.ndarray:
    """Compute `[resamples]` differences of a and b, exchanged on the subjects that are 1 in `swapped`."""
    (hits_a, truths, answers_a), (hits_b, _, answers_b) = _sums(a.sum(axis=0)), _sums(b.sum(axis=0))
    hits, _, answers = _sums(b - a)  # both have the same truth on every subject, so an exchange does not change it
    hits, answers = _weighted((hits, answers), swapped)
    mixed_a = _rate(metric, hits_a[:, None] + hits, truths[:, None], answers_a[:, None] + answers)
    mixed_b = _rate(metric, hits_b[:, None] - hits, truths[:, None], answers_b[:, None] - answers)
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


# A leaderboard scores hundreds of records on the same subjects, so the draws are cached: `[subjects, resamples]`, since
# a product is fastest with the long axis last, and float32, which is exact for such counts.
@functools.lru_cache(maxsize=16)
def _draws(subjects: int, resamples: int, seed: int) -> np.ndarray:
    """How many times each subject is drawn; a resample draws as many subjects as there are, with replacement."""
    import numpy as np

    drawn = np.random.default_rng((seed, 0)).integers(0, subjects, (resamples, subjects))
    cells = drawn + subjects * np.arange(resamples)[:, None]
    times = np.bincount(cells.ravel(), minlength=resamples * subjects).reshape(resamples, subjects)
    return np.ascontiguousarray(times.T, dtype=np.float32)


@functools.lru_cache(maxsize=4)
def _swaps(subjects: int, resamples: int, seed: tuple[int, ...]) -> np.ndarray:
    """1 for the subjects on which two models are exchanged, else 0."""
    import numpy as np

    swapped = np.random.default_rng(seed).integers(0, 2, (resamples, subjects))
    return np.ascontiguousarray(swapped.T, dtype=np.float32)


def _sums(confusions: np.ndarray) -> Sums:
    """Count hits, truths and predictions of each class, `[classes, ...]`, in confusions `[..., classes, classes]`."""
    import numpy as np

    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    return np.moveaxis(hits, -1, 0), np.moveaxis(confusions.sum(axis=-1), -1, 0), np.moveaxis(confusions.sum(-2), -1, 0)


def _weighted(sums: Sequence[np.ndarray], weights: np.ndarray) -> list[np.ndarray]:
    """Sum each of some counts `[classes, subjects]` to `[classes, resamples]` with weights `[subjects, resamples]`.

    A product in float32 is exact, because counts of clips are whole numbers far below 2**24.
    """
    import numpy as np

    product = np.concatenate(sums).astype(np.float32) @ weights
    return np.split(product.astype(float), len(sums))


def _per_class(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 and recall, `[classes, ...]`; 0 for a class without clips."""
    # 2TP + FP + FN is the number of clips of the class plus the number of clips predicted as the class.
    return _quotient(2 * hits, truths + answers, truths), _quotient(hits, truths, truths)


def _rates(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> dict[Metric, np.ndarray]:
    """Compute UF1, UAR and accuracy, `[...]`, from sums `[classes, ...]`, over the classes that have clips."""
    return {metric: _rate(metric, hits, truths, answers) for metric in get_args(Metric)}


def _rate(metric: Metric, hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Compute one of `_rates`."""
    import numpy as np

    rate: np.ndarray
    if metric == "accuracy":
        rate = hits.sum(axis=0) / truths.sum(axis=0)
        return rate
    rates = _quotient(2 * hits, truths + answers, truths) if metric == "uf1" else _quotient(hits, truths, truths)
    rate = rates.sum(axis=0) / np.count_nonzero(truths, axis=0)
    return rate


def _quotient(above: np.ndarray, below: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """`above / below`, `[classes, ...]`; 0 for a class without clips."""
    import numpy as np

    # A mask would double the time.
    where = truths > 0
    quotient: np.ndarray = (
        above / below if where.all() else np.divide(above, below, out=np.zeros(above.shape), where=where)
    )
    return quotient


def interval_of(values: np.ndarray) -> tuple[float, float]:
    """(lower, upper) ends of the 95 % percentile interval of resampled values."""
    import numpy as np

    lower, upper = np.quantile(values, QUANTILES)
    return float(lower), float(upper)
