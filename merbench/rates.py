"""Rates of pooled predictions from counts of clips: sums over subjects, UF1, UAR and accuracy, and draws of subjects.

A rate follows from three counts of each class: hits, truths and answers. Pooling sums them over subjects.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

if TYPE_CHECKING:
    import numpy as np

    Sums: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]

__all__ = ["Metric", "draws", "every_exchange", "exchanges", "per_class", "rate", "rates", "sums", "weighted"]

Metric = Literal["uf1", "uar", "accuracy"]


# A leaderboard scores hundreds of records on the same subjects, so the draws are cached. A product is fastest with the
# long axis last, and with float32, which is exact for such counts.
@functools.lru_cache(maxsize=16)
def draws(subjects: int, resamples: int, seed: int) -> np.ndarray:
    """How many times each subject is drawn, `[subjects, resamples]`; a resample draws as many subjects as there are,
    with replacement.
    """
    import numpy as np

    drawn = np.random.default_rng((seed, 0)).integers(0, subjects, (resamples, subjects))
    cells = drawn + subjects * np.arange(resamples)[:, None]
    times = np.bincount(cells.ravel(), minlength=resamples * subjects).reshape(resamples, subjects)
    return np.ascontiguousarray(times.T, dtype=np.float32)


@functools.lru_cache(maxsize=4)
def exchanges(subjects: int, resamples: int, seed: tuple[int, ...]) -> np.ndarray:
    """1 for the subjects on which two models are exchanged, else 0: `[subjects, resamples]`."""
    import numpy as np

    swapped = np.random.default_rng(seed).integers(0, 2, (resamples, subjects))
    return np.ascontiguousarray(swapped.T, dtype=np.float32)


def every_exchange(subjects: int, start: int, end: int) -> np.ndarray:
    """The exchanges from `start` to `end`, of all 2 ** subjects that there are, `[subjects, exchanges]`; the first
    exchanges nothing.
    """
    import numpy as np

    return (np.arange(start, end) >> np.arange(subjects)[:, None] & 1).astype(np.float32)


def sums(confusions: np.ndarray) -> Sums:
    """Count hits, truths and predictions of each class, `[classes, ...]`, in confusions `[..., classes, classes]`."""
    import numpy as np

    counts = confusions.sum(axis=-1), confusions.sum(axis=-2)
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    axes = (hits.ndim - 1, *range(hits.ndim - 1))  # `np.moveaxis` takes as long as the sums
    return hits.transpose(axes), counts[0].transpose(axes), counts[1].transpose(axes)


def weighted(counts: Sequence[np.ndarray], weights: np.ndarray) -> list[np.ndarray]:
    """Sum each of some counts `[classes, ..., subjects]` to `[classes, ..., resamples]` with weights `[subjects,
    resamples]`.

    A product in float32 is exact, because counts of clips are whole numbers far below 2**24.
    """
    import numpy as np

    product = np.concatenate(counts).astype(np.float32) @ weights
    return np.split(product.astype(float), len(counts))


def per_class(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F1 and recall, `[classes, ...]`; 0 for a class without clips."""
    # 2TP + FP + FN is the number of clips of the class plus the number of clips predicted as the class.
    return _quotient(2 * hits, truths + answers, truths), _quotient(hits, truths, truths)


def rates(hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> dict[Metric, np.ndarray]:
    """Compute UF1, UAR and accuracy, `[...]`, from sums `[classes, ...]`, over the classes that have clips."""
    return {metric: rate(metric, hits, truths, answers) for metric in get_args(Metric)}


def rate(metric: Metric, hits: np.ndarray, truths: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Compute one of `rates`."""
    import numpy as np

    mean: np.ndarray
    if metric == "accuracy":
        mean = hits.sum(axis=0) / truths.sum(axis=0)
        return mean
    of_class = _quotient(2 * hits, truths + answers, truths) if metric == "uf1" else _quotient(hits, truths, truths)
    mean = of_class.sum(axis=0) / np.count_nonzero(truths, axis=0)
    return mean


def _quotient(above: np.ndarray, below: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """`above / below`, `[classes, ...]`; 0 for a class without clips."""
    import numpy as np

    # A mask would double the time.
    where = truths > 0
    quotient: np.ndarray = (
        above / below if where.all() else np.divide(above, below, out=np.zeros(above.shape), where=where)
    )
    return quotient
