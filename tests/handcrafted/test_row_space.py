"""The span of the training clips: nothing that a penalised linear model sees is lost."""

from __future__ import annotations

import numpy as np
from merbench_handcrafted.row_space import RowSpace
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(30, 100))
LABELS = np.arange(30) % 3


def test_lengths_and_products_of_training_clips_are_kept():
    found = RowSpace().fit_transform(X)
    assert found.shape == (30, 30)
    np.testing.assert_allclose(found @ found.T, X @ X.T, rtol=1e-10, atol=1e-10)


def test_a_logistic_regression_gives_other_clips_the_same_probabilities():
    others = RANDOM.normal(size=(20, 100))
    tight = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000)
    plain = make_pipeline(StandardScaler(), tight).fit(X, LABELS).predict_proba(others)
    small = make_pipeline(StandardScaler(), RowSpace(), tight).fit(X, LABELS).predict_proba(others)
    np.testing.assert_allclose(small, plain, atol=1e-6)


def test_clips_without_any_value_are_answered():
    assert RowSpace().fit_transform(np.zeros((4, 5))).tolist() == [[0.0]] * 4
    twice = np.concatenate([X, X])
    assert RowSpace().fit(twice).basis_.shape == (100, 30)
