"""Scores of pooled predictions: UF1, UAR, accuracy, their intervals over subjects, and the paired test of two models.

Everything is computed from one table: the confusion matrix of each subject. Pooling is its sum, a bootstrap resample is
a weighted sum, and a swap of two models on a subject exchanges one matrix for another. The counts are whole numbers, so
no result depends on the order of the clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from merbench.errors import MerbenchError

if TYPE_CHECKING:
    import numpy as np

    Labels: TypeAlias = Sequence[int] | np.ndarray
    Names: TypeAlias = Sequence[str] | np.ndarray

__all__ = [
    "InvalidPredictions",
    "Metric",
    "MissingClass",
    "PairedTest",
    "Scores",
    "confusion_per_subject",
    "paired_test",
    "score",
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
    pooled = confusions.sum(axis=0)
    _require_every_class(pooled)
    rates = _rates(pooled)
    resampled = _rates(_resample(confusions, resamples, seed))
    f1, recall = _per_class(pooled)
    return Scores(
        uf1=float(rates["uf1"]),
        uar=float(rates["uar"]),
        accuracy=float(rates["accuracy"]),
        f1=tuple(f1.tolist()),
        recall=tuple(recall.tolist()),
        confusion=tuple(tuple(row) for row in pooled.tolist()),
        uf1_interval=_interval(resampled["uf1"]),
        uar_interval=_interval(resampled["uar"]),
        accuracy_interval=_interval(resampled["accuracy"]),
    )


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
    import numpy as np

    if metric not in get_args(Metric):
        raise InvalidPredictions(f"no metric is called {metric!r}; there are {', '.join(get_args(Metric))}")
    _, a = confusion_per_subject(truth, predicted_a, subjects, classes)
    _, b = confusion_per_subject(truth, predicted_b, subjects, classes)
    _require_every_class(a.sum(axis=0))

    difference = _rates(a.sum(axis=0))[metric] - _rates(b.sum(axis=0))[metric]
    # One seed for both draws: a resample then holds the same subjects for a and for b.
    drawn = _rates(_resample(a, resamples, seed))[metric] - _rates(_resample(b, resamples, seed))[metric]
    swapped = np.random.default_rng((seed, 1)).integers(0, 2, (resamples, len(a)))
    moved = _weighted(swapped, b - a)
    permuted = _rates(a.sum(axis=0) + moved)[metric] - _rates(b.sum(axis=0) - moved)[metric]
    extreme = np.count_nonzero(np.abs(permuted) >= abs(difference) - TIE)
    return PairedTest(float(difference), _interval(drawn), (1 + int(extreme)) / (1 + resamples))


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


def _resample(confusions: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """`[resamples, classes, classes]` pooled confusions of subjects drawn with replacement."""
    import numpy as np

    subjects = len(confusions)
    drawn = np.random.default_rng((seed, 0)).integers(0, subjects, (resamples, subjects))
    cells = drawn + subjects * np.arange(resamples)[:, None]
    times = np.bincount(cells.ravel(), minlength=resamples * subjects).reshape(resamples, subjects)
    return _weighted(times, confusions)


def _weighted(weights: np.ndarray, confusions: np.ndarray) -> np.ndarray:
    """`[rows, classes, classes]` sums of the subjects' confusions, weighted by `[rows, subjects]`.

    Whole numbers in float64: exact, and a matrix product of the fast kind.
    """
    flat = confusions.reshape(len(confusions), -1)
    product: np.ndarray = weights.astype(float) @ flat.astype(float)
    return product.reshape(len(weights), *confusions.shape[1:])


def _per_class(confusions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 and recall, `[..., classes]`, of `[..., classes, classes]`; 0 for a class without clips."""
    import numpy as np

    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    truths, answers = confusions.sum(axis=-1), confusions.sum(axis=-2)
    # 2TP + FP + FN is the number of clips of the class plus the number of times it was the answer.
    f1 = np.divide(2 * hits, truths + answers, out=np.zeros(hits.shape), where=truths > 0)
    recall = np.divide(hits, truths, out=np.zeros(hits.shape), where=truths > 0)
    return f1, recall


def _rates(confusions: np.ndarray) -> dict[str, np.ndarray]:
    """UF1, UAR and accuracy, `[...]`, of `[..., classes, classes]`, over the classes that have clips."""
    import numpy as np

    f1, recall = _per_class(confusions)
    present = np.count_nonzero(confusions.sum(axis=-1), axis=-1)
    hits = np.trace(confusions, axis1=-2, axis2=-1)
    return {
        "uf1": f1.sum(axis=-1) / present,
        "uar": recall.sum(axis=-1) / present,
        "accuracy": hits / confusions.sum(axis=(-2, -1)),
    }


def _interval(values: np.ndarray) -> tuple[float, float]:
    import numpy as np

    lower, upper = np.quantile(values, QUANTILES)
    return float(lower), float(upper)
