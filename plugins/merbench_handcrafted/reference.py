"""Builders of the reference points. Each returns an unfitted scikit-learn estimator."""

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
    """Answers the most frequent training class for every clip."""
    return DummyClassifier(strategy="most_frequent")


def flow_lr(*, C: float = 1e-3, max_iter: int = 1000) -> Pipeline:
    """Logistic regression on standardised pixels, classes weighted to equal say.

    Args:
        C: inverse of the regularisation's strength, above 0. The default is strong, as befits 2352 values of some 400
            clips; it is one fixed setting, and merbench does not search for another.
        max_iter: most iterations of the solver, at least 1.

    Raises:
        ValueError: an argument out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    return _on_pixels(LogisticRegression(C=C, class_weight="balanced", max_iter=max_iter))


def flow_svm(*, C: float = 1.0, kernel: Literal["linear", "rbf"] = "rbf", max_iter: int = 100_000) -> Pipeline:
    """Support vector machine on standardised pixels, classes weighted to equal say.

    C = 1, the RBF kernel and its width are scikit-learn's defaults, taken as they are: nothing was tuned, so no test
    score can have had a part in it.

    Args:
        C: inverse of the regularisation's strength, above 0.
        kernel: `rbf` or `linear`.
        max_iter: most iterations of the solver, at least 1.

    Raises:
        ValueError: an argument out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    merbench.check_choice(("linear", "rbf"), kernel=kernel)
    return _on_pixels(SVC(C=C, kernel=kernel, class_weight="balanced", max_iter=max_iter))


def _on_pixels(classifier: LogisticRegression | SVC) -> Pipeline:
    return make_pipeline(FunctionTransformer(flattened), StandardScaler(), classifier)
