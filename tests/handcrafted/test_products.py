"""Products of clips: nothing that a penalised linear model or a kernel machine sees is lost."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_handcrafted.products import Kernel, RowSpace
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

RANDOM = np.random.default_rng(5)
X, OTHERS = RANDOM.normal(size=(30, 100)), RANDOM.normal(size=(20, 100))
LABELS = np.arange(30) % 3


def test_products_of_training_clips_with_all_clips_are_kept():
    space = RowSpace()
    found = space.fit_transform(X)
    assert found.shape == (30, 30)
    np.testing.assert_allclose(found @ found.T, X @ X.T, atol=1e-7)
    np.testing.assert_allclose(space.transform(OTHERS) @ found.T, OTHERS @ X.T, atol=1e-7)


def test_a_logistic_regression_gives_other_clips_the_same_probabilities():
    tight = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000)
    plain = make_pipeline(StandardScaler(), tight).fit(X, LABELS).predict_proba(OTHERS)
    small = make_pipeline(StandardScaler(), RowSpace(), tight).fit(X, LABELS).predict_proba(OTHERS)
    np.testing.assert_allclose(small, plain, atol=1e-6)


def test_clips_without_any_value_or_that_are_there_twice_are_answered():
    assert not RowSpace().fit(np.zeros((4, 5))).transform(np.zeros((2, 5))).any()
    twice = RowSpace()
    found = twice.fit_transform(np.concatenate([X, X]))
    np.testing.assert_allclose(twice.transform(OTHERS) @ found.T, OTHERS @ np.concatenate([X, X]).T, atol=1e-5)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_a_machine_on_the_kernel_decides_as_one_on_the_clips(kernel):
    plain = SVC(kernel=kernel).fit(X, LABELS).decision_function(OTHERS)
    small = make_pipeline(Kernel(kernel), SVC(kernel="precomputed")).fit(X, LABELS).decision_function(OTHERS)
    np.testing.assert_allclose(small, plain, atol=1e-6)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_the_kernel_of_the_training_clips_is_what_other_clips_would_get(kernel):
    fitted = Kernel(kernel)
    np.testing.assert_allclose(fitted.fit_transform(X), fitted.transform(X.copy()), rtol=1e-9, atol=1e-9)


def test_equal_clips_have_a_kernel():
    assert Kernel("rbf").fit_transform(np.ones((3, 4))).tolist() == [[1.0] * 3] * 3
