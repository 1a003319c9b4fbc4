"""Figures of class scores, computed by hand and by scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from merbench.probabilities import (
    LEAST,
    Reliability,
    are_probabilities,
    calibration_error,
    macro_auc,
    negative_log_likelihood,
    reliability,
)

TRUTH = np.array([0, 0, 1, 1])
SCORES = np.array([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5], [0.4, 0.6]])


def test_the_area_is_the_share_of_pairs_in_the_right_order_and_a_tie_is_half_a_pair():
    # Class 0: .9 beats .5 and .4; .4 loses to .5 and ties with .4. 2.5 of 4 pairs. Class 1 mirrors it.
    assert macro_auc(TRUTH, SCORES) == 2.5 / 4


def test_the_areas_of_three_classes_are_scikit_learns_even_with_ties():
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 200)
    scores = random.dirichlet((1, 1, 1), 200).round(1)
    each = [roc_auc_score(truth == label, scores[:, label]) for label in range(3)]
    assert macro_auc(truth, scores) == pytest.approx(np.mean(each), rel=1e-12)


def test_the_area_does_not_change_when_a_class_gets_another_prior():
    probabilities = np.random.default_rng(1).dirichlet((1, 1, 1), 50)
    truth = np.arange(50) % 3
    assert macro_auc(truth, probabilities) == macro_auc(truth, probabilities * [0.2, 1, 3] + [0, 1, 2])


@pytest.mark.parametrize("truth", [[0, 0, 0, 0], [0, 0, 2, 2]])
def test_an_area_without_clips_on_one_side_is_not_defined(truth):
    assert macro_auc(np.array(truth), np.random.default_rng(2).random((4, 3))) is None


def test_the_likelihood_is_the_one_computed_by_hand():
    wanted = -(math.log(0.9) + math.log(0.4) + math.log(0.5) + math.log(0.6)) / 4
    assert negative_log_likelihood(TRUTH, SCORES) == pytest.approx(wanted, rel=1e-14)
    assert negative_log_likelihood(TRUTH, SCORES) == pytest.approx(log_loss(TRUTH, SCORES), rel=1e-14)
    assert negative_log_likelihood(np.arange(3), np.full((3, 3), 1 / 3)) == pytest.approx(math.log(3))


def test_a_probability_of_0_counts_as_half_of_the_last_digit_of_a_record():
    assert negative_log_likelihood(np.array([0]), np.array([[0.0, 1.0]])) == -math.log(LEAST)


def test_the_calibration_error_is_the_one_computed_by_hand():
    # Confidences .9 and .95, of which one is right, and .6 (an edge: the bin from .5), which is right.
    probabilities = np.array([[0.9, 0.1], [0.05, 0.95], [0.6, 0.4]])
    bins = reliability(np.array([0, 0, 0]), np.array([0, 1, 0]), probabilities, bins=10)
    assert [(one.clips, one.right) for one in bins] == [(1, 1), (1, 1), (1, 0)]
    assert [one.confidence for one in bins] == [0.6, 0.9, 0.95]
    assert calibration_error(bins) == pytest.approx((0.4 + 0.1 + 0.95) / 3)
    assert calibration_error([Reliability(3, 0.8, 0.6), Reliability(1, 0.3, 0.3)]) == pytest.approx(0.75 * 0.2)


def test_the_ends_of_the_scale_have_a_bin():
    bins = reliability(np.array([0, 1]), np.array([0, 0]), np.array([[1.0, 0.0], [0.0, 1.0]]), bins=4)
    assert bins == [Reliability(1, 0.0, 0.0), Reliability(1, 1.0, 1.0)]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        (SCORES, True),
        ([[0.333333, 0.333333, 0.333333]], True),
        ([[2.1, 1.2, -0.3]], False),
        ([[0.5, 0.6]], False),
        ([[1.0, 0.0], [0.0, 1.0]], False),
        (np.empty((0, 3)), False),
    ],
)
def test_probabilities_are_told_from_decision_values_and_from_bare_predictions(scores, told):
    assert are_probabilities(np.array(scores)) is told
