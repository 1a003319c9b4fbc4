"""The checks of an estimator with scikit-learn's `fit` and `predict`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from merbench.engine.estimators import fit_fold
from merbench.testing.findings import Check, CheckFailed
from merbench.testing.models import ModelToys

__all__ = ["ESTIMATOR_CHECKS"]


def leaves_clips_unchanged(toys: ModelToys) -> str:
    """`fit` and `predict` do not write into the arrays that they are given: the same arrays may be used again."""
    task, fold = toys.task(), toys.folds[0]
    written: set[str] = set()

    def build() -> Any:
        estimator = task.build()
        for name in ("fit", "predict"):
            setattr(estimator, name, _watched(getattr(estimator, name), name, written))
        return estimator

    fit_fold(toys.task(build=build), fold)
    if written:
        raise CheckFailed(f"{' and '.join(sorted(written))} writes into its input")
    return f"{len(fold.train)} training clips, {len(fold.test)} test clips"


def _watched(method: Callable[..., Any], name: str, written: set[str]) -> Callable[..., Any]:
    @functools.wraps(method)  # so that the engine still sees whether `fit` takes `groups`
    def watched(*given: np.ndarray, **more: np.ndarray) -> Any:
        before = [array.copy() for array in given]
        answer = method(*given, **more)
        if not all(np.array_equal(array, copy) for array, copy in zip(given, before, strict=True)):
            written.add(name)
        return answer

    return watched


ESTIMATOR_CHECKS: tuple[Check[ModelToys], ...] = (leaves_clips_unchanged,)
