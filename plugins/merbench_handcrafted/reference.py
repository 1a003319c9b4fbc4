"""Builders of the reference models. Each returns an unfitted scikit-learn estimator."""

from __future__ import annotations

from typing import Literal

from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

import merbench
from merbench_handcrafted.nested import KERNEL_GRID, LINEAR_GRID, NestedC
from merbench_handcrafted.products import Kernel, RowSpace
from merbench_handcrafted.svm import ClassWeights, check_c, class_weight, flattened

__all__ = ["flow_lr", "flow_svm", "majority"]


def majority() -> DummyClassifier:
    """Predict the most frequent training class for every clip."""
    return DummyClassifier(strategy="most_frequent")


def flow_lr(
    *, C: float = 1e-3, max_iter: int = 1000, class_weights: ClassWeights = "balanced", nested_c: bool = False
) -> Pipeline | NestedC:
    """Logistic regression on standardised pixels.

    Args:
        C: inverse of the regularisation strength, above 0; not used with `nested_c`. The default regularises strongly,
            because there are 2352 values for some 400 clips. It was taken over, and how it was found is not recorded;
            `nested_c` is free of that doubt.
        max_iter: largest number of iterations of the solver, at least 1.
        class_weights: `balanced`, each class counts alike; or `none`, each clip counts alike.
        nested_c: whether C is chosen on held-out training subjects (`NestedC`), from 1e-5, 1e-4, ..., 1.

    Raises:
        ValueError: an argument is out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    machine = LogisticRegression(C=C, class_weight=class_weight(class_weights), max_iter=max_iter)
    pipeline = make_pipeline(*_pixels(), RowSpace(), machine)
    return NestedC(pipeline, LINEAR_GRID) if nested_c else pipeline


def flow_svm(
    *,
    C: float = 1.0,
    kernel: Literal["linear", "rbf"] = "rbf",
    max_iter: int = 100_000,
    class_weights: ClassWeights = "balanced",
    nested_c: bool = False,
) -> Pipeline | NestedC:
    """Support vector machine on standardised pixels.

    C = 1, the RBF kernel and its width are scikit-learn's defaults; nothing was tuned on test scores.

    Args:
        C: inverse of the regularisation strength, above 0; not used with `nested_c`.
        kernel: `rbf` or `linear`.
        max_iter: largest number of iterations of the solver, at least 1.
        class_weights: `balanced`, each class counts alike; or `none`, each clip counts alike.
        nested_c: whether C is chosen on held-out training subjects (`NestedC`), from 1e-3, 1e-2, ..., 1e3.

    Raises:
        ValueError: an argument is out of range.
    """
    check_c(C)
    merbench.check_whole(max_iter=max_iter)
    merbench.check_choice(("linear", "rbf"), kernel=kernel)
    machine = SVC(C=C, kernel="precomputed", class_weight=class_weight(class_weights), max_iter=max_iter)
    pipeline = make_pipeline(*_pixels(), Kernel(kernel), machine)
    return NestedC(pipeline, KERNEL_GRID) if nested_c else pipeline


def _pixels() -> tuple[FunctionTransformer, StandardScaler]:
    return FunctionTransformer(flattened), StandardScaler()
