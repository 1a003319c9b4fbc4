"""Epoch policies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from merbench.engine.policies import TEST_SELECTED, inner_epoch, last_best, oracle_epoch


@pytest.mark.parametrize(
    ("values", "epoch"), [([1], 0), ([1, 3, 2], 1), ([3, 1, 3], 2), ([0, 0, 0], 2), ([2, 2, 1], 1)]
)
def test_of_equal_bests_the_last_counts(values, epoch) -> None:
    assert last_best(np.array(values)) == epoch


def test_the_oracle_is_the_last_epoch_of_best_accuracy() -> None:
    truth = np.array([0, 0, 0, 1])
    predicted = np.array([[0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]])  # 3, 3 and 1 of 4; the first has the better UF1
    assert oracle_epoch(predicted, truth) == 1


def test_the_inner_epoch_is_that_of_best_uf1_not_accuracy() -> None:
    truth = np.array([0, 0, 0, 1])
    predicted = np.array([[0, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1]])  # UF1 .73, .43, .20
    assert inner_epoch(predicted, truth) == 0


def test_of_epochs_whose_uf1_differs_only_by_rounding_the_last_counts() -> None:
    truth = np.array([0, 0, 1, 2, 2, 1])
    predicted = np.array([[0, 1, 0, 2, 1, 1], [0, 2, 1, 2, 1, 2]])  # UF1 is 47/90 in both
    assert inner_epoch(predicted, truth) == 1


def test_only_the_oracle_looks_at_test_labels() -> None:
    assert frozenset({"oracle"}) == TEST_SELECTED


@given(st.integers(1, 5), st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_inner_epoch_is_best_by_scikit_learn_over_the_classes_of_the_truth(epochs, clips, random) -> None:
    truth = np.array([random.randrange(3) for _ in range(clips)])
    predicted = np.array([[random.randrange(3) for _ in range(clips)] for _ in range(epochs)])
    f1 = [f1_score(truth, one, labels=np.unique(truth), average="macro", zero_division=0.0) for one in predicted]
    best = max(f1)
    assert inner_epoch(predicted, truth) == max(epoch for epoch in range(epochs) if f1[epoch] >= best - 1e-12)
