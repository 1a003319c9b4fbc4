"""Expresses clips in the space that the training clips span: fewer values, and the same linear models."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

__all__ = ["RowSpace"]

NEGLIGIBLE = 1e-10  # times the largest eigenvalue; smaller ones are rounding


class RowSpace(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Clips `[clips, values]` to coordinates in the span of the training clips: no more values than training clips.

    For a linear model with a penalty on the length of its weights, nothing else matters: the weights lie in that span,
    and lengths and products are kept. So a logistic regression finds the same solution, on 350 values instead of 2352.
    """

    def fit(self, X: np.ndarray, y: np.ndarray | None = None) -> RowSpace:
        """Keep an orthonormal basis of the span, `[values, dimensions]`."""
        X = np.asarray(X, np.float64)
        eigenvalues, vectors = np.linalg.eigh(X @ X.T)
        kept = eigenvalues > NEGLIGIBLE * eigenvalues[-1]
        kept[-1] = True  # clips without any value have one coordinate, 0
        self.basis_ = X.T @ (vectors[:, kept] / np.sqrt(np.maximum(eigenvalues[kept], np.finfo(np.float64).tiny)))
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        """Float64 coordinates."""
        coordinates: np.ndarray = np.asarray(X, np.float64) @ self.basis_
        return coordinates
