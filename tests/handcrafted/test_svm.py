"""Support vector machines on histograms: three kernels, known by hand where they can be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from merbench_handcrafted.svm import KERNELS, Chi2Kernel, histogram_svm

# Two histograms of two bins each, as a descriptor gives them; the last two clips are of class 1.
CLIPS = np.array([[[3, 1], [0, 4]], [[4, 0], [1, 3]], [[0, 4], [4, 0]], [[1, 3], [3, 1]]], np.float32) / 4
LABELS = np.array([0, 0, 1, 1])


@pytest.mark.parametrize("kernel", KERNELS)
def test_histograms_of_any_shape_are_told_apart(kernel):
    fitted = histogram_svm(kernel=kernel, C=10.0).fit(CLIPS, LABELS)
    assert fitted.predict(CLIPS).tolist() == [0, 0, 1, 1]
    assert fitted.classes_.tolist() == [0, 1]


def test_the_chi_squared_kernel_is_the_one_computed_by_hand():
    kernel = Chi2Kernel().fit(np.array([[1.0, 0.0], [0.0, 1.0]]))
    # The distance of the two is 1 + 1, that of each with itself 0: the mean over all four pairs is 1.
    assert kernel.scale_ == 1.0
    # (1/2 - 1)^2 / (3/2) + (1/2)^2 / (1/2) = 1/6 + 1/2.
    np.testing.assert_allclose(kernel.transform(np.array([[0.5, 0.5]])), [[math.exp(-2 / 3)] * 2], rtol=1e-14)


def test_the_chi_squared_kernel_does_not_change_when_all_histograms_grow_alike():
    flat = CLIPS.reshape(4, -1)
    np.testing.assert_allclose(Chi2Kernel().fit_transform(flat), Chi2Kernel().fit_transform(100 * flat), rtol=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_empty_histograms_and_clips_that_are_all_alike_are_answered(kernel):
    with_empty = np.concatenate([CLIPS, np.zeros((2, 2, 2), np.float32)])
    scores = histogram_svm(kernel=kernel).fit(with_empty, [*LABELS, 0, 1]).decision_function(with_empty)
    assert np.isfinite(scores).all()
    alike = histogram_svm(kernel=kernel).fit(np.zeros_like(CLIPS), LABELS)
    assert np.isfinite(alike.decision_function(CLIPS)).all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_class_has_the_same_say_however_many_clips_it_has(kernel):
    # Of the clips at the second place ten are of class 0, which has twenty, and five of class 1, which has no others.
    X = np.array([[1.0, 0.0]] * 10 + [[0.0, 1.0]] * 15)
    fitted = histogram_svm(kernel=kernel, C=10.0).fit(X, [0] * 20 + [1] * 5)
    assert fitted.predict(X[[0, -1]]).tolist() == [0, 1]


@pytest.mark.parametrize("kernel", KERNELS)
def test_two_fits_give_the_same_scores_to_the_last_bit(kernel):
    first, second = (histogram_svm(kernel=kernel).fit(CLIPS, LABELS).decision_function(CLIPS) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_negative_values_are_refused_by_the_chi_squared_kernel_alone():
    with pytest.raises(ValueError, match="kernel 'chi2' needs histograms without negative values, found -1"):
        histogram_svm(kernel="chi2").fit(-CLIPS, LABELS)
    assert histogram_svm(kernel="linear").fit(-CLIPS, LABELS).predict(-CLIPS).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kernel": "poly"}, "kernel is 'poly'; it must be one of linear, rbf, chi2"),
        ({"C": 0.0}, "C is 0.0; it must be a finite number above 0"),
        ({"C": -1.0}, "C is -1.0"),
        ({"C": math.nan}, "C is nan"),
        ({"C": math.inf}, "C is inf"),
    ],
)
def test_an_option_out_of_range_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        histogram_svm(**options)
