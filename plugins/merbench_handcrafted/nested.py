"""Chooses C on held-out training subjects, so that no test label has a say in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

__all__ = ["KERNEL_GRID", "LINEAR_GRID", "NestedC"]

FOLDS = 5
# Powers of ten, fixed before any score was seen: from almost only the penalty to almost none.
LINEAR_GRID = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # of the logistic regression on 2352 standardised values
KERNEL_GRID = (1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3)  # of kernel machines, around scikit-learn's default


def _ends_with(method: str) -> Any:
    return available_if(lambda self: hasattr(self.pipeline[-1], method))


class NestedC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A pipeline whose last step gets the C that does best on held-out training subjects.

    `fit` divides the training side into at most five folds by subject, classes spread evenly (scikit-learn's
    StratifiedGroupKFold, without shuffling). For each C, predictions of all folds are pooled. The C with the highest
    UF1 counts, the smallest on a tie; with it the pipeline is fitted on the whole training side. UF1 is the criterion
    because boards rank by it.

    Args:
        pipeline: unfitted; its last step has a parameter `C`, and the steps before do not use labels.
        grid: values of C, ascending.

    Attributes:
        C_: the C that was chosen.
        fitted_: the fitted pipeline.
    """

    def __init__(self, pipeline: Pipeline, grid: Sequence[float]) -> None:
        self.pipeline, self.grid = pipeline, grid

    def fit(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> NestedC:
        """Choose C and fit.

        Args:
            X: `[clips, ...]`.
            y: `[clips]` class indices.
            groups: `[clips]` a number for each subject.

        Raises:
            ValueError: there is one subject only, or no class has two clips.
        """
        y = np.asarray(y)
        self.C_ = self._best(X, y, np.asarray(groups))
        self.fitted_ = _with_c(self.pipeline, self.C_).fit(X, y)
        self.classes_ = self.fitted_.classes_
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Class indices `[clips]`."""
        predicted: np.ndarray = self.fitted_.predict(X)
        return predicted

    @_ends_with("predict_proba")  # type: ignore[untyped-decorator]
    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities `[clips, classes]`, if the last step has any."""
        probabilities: np.ndarray = self.fitted_.predict_proba(X)
        return probabilities

    @_ends_with("decision_function")  # type: ignore[untyped-decorator]
    def decision_function(self, X: np.ndarray) -> np.ndarray:
        """Decision values, if the last step has any."""
        values: np.ndarray = self.fitted_.decision_function(X)
        return values

    def _best(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> float:
        predicted = np.empty((len(self.grid), len(y)), np.int64)
        for train, held_out in _folds(y, groups):
            before = clone(self.pipeline[:-1])
            seen, unseen = before.fit_transform(X[train]), before.transform(X[held_out])
            for index, C in enumerate(self.grid):
                predicted[index, held_out] = _last(self.pipeline, C, y[train]).fit(seen, y[train]).predict(unseen)
        classes = np.unique(y)
        uf1 = [f1_score(y, one, labels=classes, average="macro", zero_division=0) for one in predicted]
        return float(self.grid[int(np.argmax(np.round(uf1, 12)))])  # equal scores may be rounded differently


def _with_c(pipeline: Pipeline, C: float) -> Pipeline:
    copy: Pipeline = clone(pipeline)
    copy[-1].set_params(C=C)
    return copy


def _last(pipeline: Pipeline, C: float, y: np.ndarray) -> Any:
    """The last step; without a second class there is nothing to learn."""
    return clone(pipeline[-1]).set_params(C=C) if len(np.unique(y)) > 1 else DummyClassifier()


def _folds(y: np.ndarray, groups: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Positions to fit on and positions held out, of each fold."""
    subjects, most = len(np.unique(groups)), int(np.unique(y, return_counts=True)[1].max())
    count = min(FOLDS, subjects, most)
    if count < 2:
        raise ValueError(
            f"choosing C needs two training subjects and a class with two clips; there are {subjects} subject(s), and "
            f"no class has more than {most} clip(s); set nested_c=false"
        )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # such a class misses in some fold
        yield from StratifiedGroupKFold(count).split(y, y, groups)
