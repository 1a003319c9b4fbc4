"""The classifier for all descriptors: a support vector machine on histograms."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import merbench
from merbench_handcrafted.nested import KERNEL_GRID, NestedC
from merbench_handcrafted.products import Kernel

__all__ = [
    "KERNELS",
    "Chi2Kernel",
    "ClassWeights",
    "check_c",
    "class_weight",
    "flattened",
    "histogram_steps",
    "histogram_svm",
]

KERNELS = ("linear", "rbf", "chi2")


ClassWeights = Literal["none", "balanced"]


def histogram_svm(
    *,
    kernel: Literal["linear", "rbf", "chi2"] = "linear",
    C: float = 1.0,
    class_weights: ClassWeights = "balanced",
    nested_c: bool = False,
) -> Pipeline | NestedC:
    """Support vector machine on unscaled histograms `[clips, ...]`.

    Args:
        kernel: `linear`; `rbf`, with scikit-learn's default width 1 / (values x their variance); or `chi2`, the
            exponential chi-squared kernel (`Chi2Kernel`), for histograms without negative values.
        C: inverse of the regularisation strength, above 0; not used with `nested_c`.
        class_weights: `balanced`, each class counts alike; or `none`, each clip counts alike.
        nested_c: whether C is chosen on held-out training subjects (`NestedC`).

    Raises:
        ValueError: an argument is out of range, or `fit` with `chi2` gets a negative value.
    """
    machine = make_pipeline(*histogram_steps(kernel=kernel, C=C, class_weights=class_weights))
    return NestedC(machine, KERNEL_GRID) if nested_c else machine


def histogram_steps(*, kernel: str, C: float, class_weights: str) -> list[Any]:
    """The steps of `histogram_svm`, with the same arguments."""
    merbench.check_choice(KERNELS, kernel=kernel)
    check_c(C)
    flat, weight = FunctionTransformer(flattened), class_weight(class_weights)
    if kernel == "chi2":
        return [flat, Chi2Kernel(), SVC(C=C, kernel="precomputed", class_weight=weight)]
    return [flat, Kernel("rbf" if kernel == "rbf" else "linear"), SVC(C=C, kernel="precomputed", class_weight=weight)]


class Chi2Kernel(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Histograms `[clips, values]` to their kernel with the training histograms, `[clips, training clips]`.

    k(x, y) = exp(-D(x, y) / A) with D(x, y) = sum_i (x_i - y_i)^2 / (x_i + y_i), in which 0/0 counts as 0. A is the
    mean of D over all pairs of training clips, pairs of a clip with itself included: the rule of Zhang, Marszalek,
    Lazebnik, Schmid, Local features and kernels for classification of texture and object categories, IJCV 73, 2007.
    Their D has a factor 1/2, which A cancels. If all training clips are equal, A is 1.
    """

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> Chi2Kernel:
        """Keep the training histograms and their mean distance.

        Raises:
            ValueError: a value is negative.
        """
        self.histograms_ = _histograms(X)
        self.scale_ = float(self._distances(self.histograms_).mean()) or 1.0
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The kernel: float64 `[clips, training clips]`, in (0, 1].

        Raises:
            ValueError: a value is negative.
        """
        kernel: np.ndarray = np.exp(-self._distances(_histograms(X)) / self.scale_)
        return kernel

    def _distances(self, X: np.ndarray) -> np.ndarray:
        distances: np.ndarray = -additive_chi2_kernel(X, self.histograms_)
        return distances


def _histograms(X: np.ndarray) -> np.ndarray:
    X = np.asarray(X, np.float64)
    if (X < 0).any():
        raise ValueError(f"kernel 'chi2' needs histograms without negative values, found {X.min():g}")
    return X


def flattened(X: np.ndarray) -> np.ndarray:
    """`[clips, ...]` to `[clips, values]`."""
    return X.reshape(len(X), -1)


def class_weight(class_weights: str) -> str | None:
    """scikit-learn's word for `none` or `balanced`; `ValueError` for another one."""
    merbench.check_choice(("none", "balanced"), class_weights=class_weights)
    return None if class_weights == "none" else class_weights


def check_c(C: float) -> None:
    """Raise ValueError unless `C` is finite and above 0."""
    if not 0 < C < math.inf:
        raise ValueError(f"C is {C!r}; it must be a finite number above 0")
