"""Builders of the reference models. Each returns an unfitted scikit-learn estimator."""

from __future__ import annotations

from typing import Literal

from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import merbench
from merbench_handcrafted.svm import check_c, flattened

__all__ = ["flow_lr", "flow_svm", "majority"]


def majority() -> DummyClassifier:
    """Predict the most frequent training class for every clip."""
    return DummyClassifier(strategy="most_frequent")


def flow_lr(*, C: float = 1e-3, max_iter: int = 1000) -> Pipeline:
    """Logistic regression on standardised pixels, with balanced class weights.

    Args:
        C: inverse of the regularisation strength, above 0. The default regularises strongly, because there are 2352
            values for some 400 clips. It is fixed; merbench does not search for a better value.
        max_iter: largest number of iterations of the solver, at least 1.

    Raises:
        ValueError: an argument is out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    return _on_pixels(LogisticRegression(C=C, class_weight="balanced", max_iter=max_iter))


def flow_svm(*, C: float = 1.0, kernel: Literal["linear", "rbf"] = "rbf", max_iter: int = 100_000) -> Pipeline:
    """Support vector machine on standardised pixels, with balanced class weights.

    C = 1, the RBF kernel and its width are scikit-learn's defaults; nothing was tuned on test scores.

    Args:
        C: inverse of the regularisation strength, above 0.
        kernel: `rbf` or `linear`.
        max_iter: largest number of iterations of the solver, at least 1.

    Raises:
        ValueError: an argument is out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    merbench.check_choice(("linear", "rbf"), kernel=kernel)
    return _on_pixels(SVC(C=C, kernel=kernel, class_weight="balanced", max_iter=max_iter))


def _on_pixels(classifier: LogisticRegression | SVC) -> Pipeline:
    return make_pipeline(FunctionTransformer(flattened), StandardScaler(), classifier)
