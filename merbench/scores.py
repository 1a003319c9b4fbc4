"""Scores of pooled predictions: UF1, UAR, accuracy, their intervals over subjects, and the paired test of two models.

Everything is computed from one table: the confusion matrix of each subject. Pooling is its sum, a bootstrap resample is
a weighted sum, and a swap of two models on a subject exchanges one matrix for another. The counts are whole numbers, so
no result depends on the order of the clips.
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
# Equal differences that were summed in another order may differ in the last bits. Nearer than this counts as equal,
# which can only raise a p-value.
TIE = 1e-12


class InvalidPredictions(MerbenchError):
    """Truth, predictions and subjects that do not make a table."""


class MissingClass(MerbenchError):
    """A class that no clip has, so that its recall is undefined. `index` is the class."""

    def __init__(self, index: int, classes: int, clips: int) -> None:
        self.index = index
        super().__init__(
            f"class {index} of 0..{classes - 1} is the truth of none of the {clips} clips, so its recall is undefined; "
            "score clips that have every class, or take a label scheme without it"
        )


@dataclass(frozen=True)
class Scores:
    """What a set of predictions scores. All rates lie in [0, 1].

    Attributes:
        uf1: mean of `f1` over the classes (unweighted F1).
        uar: mean of `recall` over the classes (unweighted average recall).
        accuracy: share of clips that are right.
        f1: per class, 2TP / (2TP + FP + FN).
        recall: per class, TP / clips of the class.
        confusion: clips, rows truth, columns prediction.
        uf1_interval, uar_interval, accuracy_interval: (lower, upper) end of the 95 % bootstrap interval.
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
    """How two models compare on the same clips.

    Attributes:
        difference: score of a minus score of b.
        interval: (lower, upper) end of its 95 % interval, by bootstrap over subjects.
        p_value: two-sided, in (0, 1]: how often models that are interchangeable on every subject differ as much.
    """

    difference: float
    interval: tuple[float, float]
    p_value: float


def score(
    truth: Labels, predicted: Labels, subjects: Names, classes: int, *, resamples: int = 10_000, seed: int = 0
) -> Scores:
    """Scores of pooled predictions, with 95 % intervals.

    The clips of all folds are pooled first, then F1_c = 2TP / (2TP + FP + FN), UF1 = mean F1_c and UAR = mean of
    TP_c / n_c (See et al., MEGC 2019, FG 2019).

    The intervals are percentile bootstrap intervals over subjects (Efron and Tibshirani, 1993, chapter 13): as many
    subjects as there are, drawn with replacement, each with all its clips, since clips of one face are not independent.
    In a resample that lacks a class in its truth, UF1 and UAR are the means over the classes that it has: the missing
    class's recall is 0/0, and to call it 0 or 1 would blame or reward the model for the draw.

    Args:
        truth: `[clips]` integers, class indices in 0..classes-1.
        predicted: `[clips]` integers, class indices in 0..classes-1.
        subjects: `[clips]` names; clips of one name are resampled together.
        classes: how many classes there are.
        resamples: bootstrap resamples, at least 1.
        seed: of the bootstrap; the same seed gives the same intervals.

    Raises:
        InvalidPredictions: the three differ in length, are empty, or hold something that is not a class index.
        MissingClass: no clip has one of the classes as its truth.
    """
    _, confusions = confusion_per_subject(truth, predicted, subjects, classes)
    return score_confusions(confusions, resamples=resamples, seed=seed)


def score_confusions(confusions: np.ndarray, *, resamples: int = 10_000, seed: int = 0) -> Scores:
    """`score`, from what it needs of the predictions: each subject's confusion matrix.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        resamples, seed: as `score` has them.

    Raises:
        MissingClass: no clip has one of the classes as its truth.
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
    """Every metric, `[resamples]`, on subjects drawn with replacement; the same draws for as many subjects and a seed.

    Args:
        confusions: `[subjects, classes, classes]` clip counts, rows truth, columns prediction.
        resamples, seed: as `score` has them.
    """
    return _rates(*_weighted(_sums(confusions), _draws(len(confusions), resamples, seed)))


def confusion_per_subject(
    truth: Labels, predicted: Labels, subjects: Names, classes: int
) -> tuple[tuple[str, ...], np.ndarray]:
    """Each subject's confusion matrix.

    Args:
        truth, predicted, subjects, classes: as `score` has them.

    Returns:
        The subjects' names, sorted, and `[subjects, classes, classes]` int64 clip counts (rows truth, columns
        prediction).

    Raises:
        InvalidPredictions: as `score` has it.
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
    """Whether model a scores otherwise than model b on the same clips.

    The p-value is that of a permutation test over subjects: were the models interchangeable, exchanging their
    predictions on any subject's clips would change nothing, so each resample exchanges them on a random half of the
    subjects and takes the difference of the pooled scores. p = (1 + resamples at least as far from zero) / (1 +
    resamples), which counts the data itself as one permutation (Phipson and Smyth, 2010). The interval is the
    percentile bootstrap interval over subjects of the difference, both models on the same draw.

    Args:
        truth, subjects, classes: as `score` has them.
        predicted_a, predicted_b: `[clips]` integers, class indices in 0..classes-1, of the two models.
        metric: `uf1`, `uar` or `accuracy`.
        resamples: permutations, and as many bootstrap resamples; at least 1.
        seed: of both.

    Raises:
        InvalidPredictions: as `score` has it, or a metric of another name.
        MissingClass: no clip has one of the classes as its truth.
    """
    if metric not in get_args(Metric):
        raise InvalidPredictions(f"no metric is called {metric!r}; there are {', '.join(get_args(Metric))}")
    _, a = confusion_per_subject(truth, predicted_a, subjects, classes)
    _, b = confusion_per_subject(truth, predicted_b, subjects, classes)
    _require_every_class(a.sum(axis=0))
    return compare_confusions(a[None], b[None], metric=metric, resamples=resamples, seed=seed)


def compare_confusions(
    a: np.ndarray, b: np.ndarray, *, metric: Metric = "uf1", resamples: int = 10_000, seed: int = 0
) -> PairedTest:
    """`paired_test`, from each subject's confusion matrices; for a model of several seeds, of their mean scores.

    Args:
        a, b: `[seeds, subjects, classes, classes]` clip counts of both models, on the same clips. Where there are
            several seeds, every seed of a meets every seed of b, and a resample exchanges all of them on a subject.
        metric, resamples, seed: as `paired_test` has them.
    """
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
    """`[resamples]` of `mean_rate` on subjects drawn with replacement, all seeds on the same draw."""
    import numpy as np

    mean: np.ndarray = np.mean([resampled(one, resamples, seed)[metric] for one in seeds], axis=0)
    return mean


def exchange_p_value(a: np.ndarray, b: np.ndarray, metric: Metric, *, resamples: int = 10_000, seed: int = 0) -> float:
    """The p-value of `compare_confusions`, which has the arguments."""
    import numpy as np

    difference = mean_rate(a, metric) - mean_rate(b, metric)
    swapped = _swaps(a.shape[1], resamples, seed)
    pairs = [_exchanged(one, other, swapped, metric) for one in a for other in b]
    permuted = np.mean(pairs, axis=0)
    extreme = np.count_nonzero(np.abs(permuted) >= abs(difference) - TIE)
    return (1 + int(extreme)) / (1 + resamples)


def _exchanged(a: np.ndarray, b: np.ndarray, swapped: np.ndarray, metric: Metric) -> np.ndarray:
    """`[resamples]` differences of a and b, their confusions exchanged on the subjects that `swapped` has as 1."""
    pooled_a, pooled_b = _sums(a.sum(axis=0)), _sums(b.sum(axis=0))
    moved = _weighted(_sums(b - a), swapped)
    mixed_a = _rates(*(whole[:, None] + part for whole, part in zip(pooled_a, moved, strict=True)))
    mixed_b = _rates(*(whole[:, None] - part for whole, part in zip(pooled_b, moved, strict=True)))
    difference: np.ndarray = mixed_a[metric] - mixed_b[metric]
    return difference


def _class_indices(what: str, labels: Labels, classes: int) -> np.ndarray:
    import numpy as np

    indices = np.asarray(labels)
    if indices.ndim != 1 or indices.dtype.kind not in "iu":
        raise InvalidPredictions(
            f"{what}: wanted one row of integers, got {indices.dtype} of shape {indices.shape}; give class indices"
        )
    outside = indices[(indices < 0) | (indices >= classes)]
    if len(outside):
        raise InvalidPredictions(f"{what}: {outside[0]} is no class; class indices are 0..{classes - 1}")
    return indices.astype(np.int64)


def _require_every_class(pooled: np.ndarray) -> None:
    import numpy as np

    missing = np.flatnonzero(pooled.sum(axis=1) == 0)
    if len(missing):
        raise MissingClass(int(missing[0]), len(pooled), int(pooled.sum()))


# A leaderboard scores hundreds of records on the same subjects, so the draws are kept: `[subjects, resamples]`, float32
# (which holds such counts exactly), for a product is fastest with the long axis last.
@functools.lru_cache(maxsize=16)
def _draws(subjects: int, resamples: int, seed: int) -> np.ndarray:
    """How many times each subject is drawn: as many as there are, with replacement."""
    import numpy as np

    drawn = np.random.default_rng((seed, 0)).integers(0, subjects, (resamples, subjects))
    cells = drawn + subjects * np.arange(resamples)[:, None]
    times = np.bincount(cells.ravel(), minlength=resamples * subjects).reshape(resamples, subjects)
    return np.ascontiguousarray(times.T, dtype=np.float32)


@functools.lru_cache(maxsize=4)
def _swaps(subjects: int, resamples: int, seed: int) -> np.ndarray:
    """On which subjects two models are exchanged: 1, else 0."""
    import numpy as np

    swapped = np.random.default_rng((seed, 1)).integers(0, 2, (resamples, subjects))
    return np.ascontiguousarray(swapped.T, dtype=np.float32)


def _sums(confusions: np.ndarray) -> Sums:
    """Hits, truths and answers of each class, `[classes, ...]`, of `[..., classes, classes]`: all that rates need."""
    import numpy as np

    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    return np.moveaxis(hits, -1, 0), np.moveaxis(confusions.sum(axis=-1), -1, 0), np.moveaxis(confusions.sum(-2), -1, 0)


def _weighted(sums: Sums, weights: np.ndarray) -> Sums:
    """`[classes, resamples]` sums over subjects of `[classes, subjects]` counts; weights are `[subjects, resamples]`.

    One product in float32: counts of clips are whole numbers far below 2**24, so it is exact.
    """
    import numpy as np

    product = np.concatenate(sums).astype(np.float32) @ weights
    hits, truths, answers = np.split(product.astype(float), 3)
    return hits, truths, answers


def _per_class(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 and recall, `[classes, ...]`; 0 for a class without clips."""
    import numpy as np

    # 2TP + FP + FN is the number of clips of the class plus the number of times it was the answer.
    f1 = np.divide(2 * hits, truths + answers, out=np.zeros(hits.shape), where=truths > 0)
    recall = np.divide(hits, truths, out=np.zeros(hits.shape), where=truths > 0)
    return f1, recall


def _rates(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> dict[Metric, np.ndarray]:
    """UF1, UAR and accuracy, `[...]`, of `[classes, ...]` sums, over the classes that have clips."""
    import numpy as np

    f1, recall = _per_class(hits, truths, answers)
    present = np.count_nonzero(truths, axis=0)
    return {
        "uf1": f1.sum(axis=0) / present,
        "uar": recall.sum(axis=0) / present,
        "accuracy": hits.sum(axis=0) / truths.sum(axis=0),
    }


def interval_of(values: np.ndarray) -> tuple[float, float]:
    """(lower, upper) end of the 95 % percentile interval of resampled values."""
    import numpy as np

    lower, upper = np.quantile(values, QUANTILES)
    return float(lower), float(upper)
