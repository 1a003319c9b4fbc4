"""The classifier that all descriptors share: a support vector machine on histograms."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics.pairwise import additive_chi2_kernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import merbench

__all__ = ["KERNELS", "Chi2Kernel", "check_c", "flattened", "histogram_svm"]

KERNELS = ("linear", "rbf", "chi2")


def histogram_svm(*, kernel: Literal["linear", "rbf", "chi2"] = "linear", C: float = 1.0) -> Pipeline:
    """Support vector machine on histograms `[clips, ...]` as they are, classes weighted to equal say.

    Args:
        kernel: `linear`; `rbf`, with scikit-learn's default width 1 / (values x their variance); or `chi2`, the
            exponential chi-squared kernel (`Chi2Kernel`), whose histograms must not be negative.
        C: inverse of the regularisation's strength, above 0.

    Raises:
        ValueError: an argument out of range; when fitted with `chi2`, a negative value.
    """
    merbench.check_choice(KERNELS, kernel=kernel)
    check_c(C)
    flat = FunctionTransformer(flattened)
    if kernel == "chi2":
        return make_pipeline(flat, Chi2Kernel(), SVC(C=C, kernel="precomputed", class_weight="balanced"))
    return make_pipeline(flat, SVC(C=C, kernel=kernel, class_weight="balanced"))


class Chi2Kernel(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Histograms `[clips, values]` to their kernel with those of the training clips, `[clips, training clips]`.

    k(x, y) = exp(-D(x, y) / A) with D(x, y) = sum_i (x_i - y_i)^2 / (x_i + y_i), where 0/0 counts 0, and A the mean of
    D over all pairs of training clips, a clip with itself included: the rule of Zhang, Marszalek, Lazebnik, Schmid,
    Local features and kernels for classification of texture and object categories, IJCV 73, 2007. Their D has a
    factor 1/2, which A cancels. Where all training clips are alike, A is 1.
    """

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> Chi2Kernel:
        """Keeps the training histograms and their mean distance.

        Raises:
            ValueError: a negative value.
        """
        self.histograms_ = _histograms(X)
        self.scale_ = float(self._distances(self.histograms_).mean()) or 1.0
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """The kernel: float64 `[clips, training clips]`, in (0, 1].

        Raises:
            ValueError: a negative value.
        """
        kernel: np.ndarray = np.exp(-self._distances(_histograms(X)) / self.scale_)
        return kernel

    def _distances(self, X: np.ndarray) -> np.ndarray:
        distances: np.ndarray = -additive_chi2_kernel(X, self.histograms_)
        return distances


def _histograms(X: np.ndarray) -> np.ndarray:
    X = np.asarray(X, np.float64)
    if (X < 0).any():
        raise ValueError(f"kernel 'chi2' compares histograms, and a value is {X.min():g}, below 0")
    return X


def flattened(X: np.ndarray) -> np.ndarray:
    """`[clips, ...]` to `[clips, values]`."""
    return X.reshape(len(X), -1)


def check_c(C: float) -> None:
    """Raises ValueError unless `C` is finite and above 0."""
    if not 0 < C < math.inf:
        raise ValueError(f"C is {C!r}; it must be a finite number above 0")
