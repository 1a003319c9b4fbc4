"""Scores: hand-computed cases, scikit-learn as a second opinion, and what holds for any predictions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from merbench.errors import MerbenchError
from merbench.scores import (
    InvalidPredictions,
    MissingClass,
    PairedTest,
    confusion_per_subject,
    paired_test,
    percentile_intervals,
    score,
    score_confusions,
)

FEWER = settings(max_examples=25)

# Nine clips of three subjects. Counted by hand:
#            predicted 0  1  2        TP FP FN   F1             recall
#   truth 0            3  1  0         3  1  1   6/8  = 3/4     3/4
#   truth 1            1  1  1         1  1  2   2/5            1/3
#   truth 2            0  0  2         2  1  0   4/5            2/2
TRUTH = [0, 0, 0, 0, 1, 1, 1, 2, 2]
PREDICTED = [0, 0, 0, 1, 0, 1, 2, 2, 2]
SUBJECTS = ["db/b", "db/a", "db/c", "db/a", "db/b", "db/b", "db/c", "db/a", "db/c"]

# The composite: clips per class, and what the field's papers print for the answer "negative" to every clip.
COMPOSITE = (250, 109, 83)


def test_nine_clips_score_as_counted_by_hand():
    scores = score(TRUTH, PREDICTED, SUBJECTS, 3)
    assert scores.confusion == ((3, 1, 0), (1, 1, 1), (0, 0, 2))
    assert scores.f1 == (3 / 4, 2 / 5, 4 / 5)
    assert scores.recall == (3 / 4, 1 / 3, 1.0)
    assert scores.uf1 == pytest.approx((3 / 4 + 2 / 5 + 4 / 5) / 3)
    assert scores.uar == pytest.approx((3 / 4 + 1 / 3 + 1) / 3)
    assert scores.accuracy == 6 / 9


def test_always_negative_on_the_composite_scores_what_the_field_prints():
    truth = np.repeat([0, 1, 2], COMPOSITE)
    scores = score(truth, np.zeros(442, dtype=int), [f"db/{clip % 68}" for clip in range(442)], 3)
    assert round(scores.uf1, 4) == 0.2408  # F1 of negative 500/692, of the others 0
    assert round(scores.uar, 4) == 0.3333
    assert round(scores.accuracy, 4) == 0.5656
    assert scores.uar_interval == pytest.approx((1 / 3, 1 / 3))  # recall is 1, 0, 0 in every resample


def test_scores_are_pooled_and_not_a_mean_over_subjects():
    # a: 3 of 3 negatives right; b: 0 of 1 negative and 1 of 1 positive right. Pooled F1: 6/7 and 2/3. The mean of what
    # scikit-learn gives per subject is another number.
    scores = score([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], ["a", "a", "a", "b", "b"], 2)
    assert scores.f1 == (6 / 7, 2 / 3)
    per_subject = (1.0 + f1_score([0, 1], [1, 1], average="macro", zero_division=0)) / 2
    assert scores.uf1 != pytest.approx(per_subject)


def test_confusions_of_subjects_are_sorted_by_name():
    names, confusions = confusion_per_subject(TRUTH, PREDICTED, SUBJECTS, 3)
    assert names == ("db/a", "db/b", "db/c")
    assert confusions.tolist() == [
        [[1, 1, 0], [0, 0, 0], [0, 0, 1]],
        [[1, 0, 0], [1, 1, 0], [0, 0, 0]],
        [[1, 0, 0], [0, 0, 1], [0, 0, 1]],
    ]


def test_a_class_without_clips_is_an_error_that_names_it():
    with pytest.raises(MissingClass, match=r"none of the 3 clips has class 1 of 0\.\.2") as raised:
        score([0, 0, 2], [0, 1, 2], ["a", "b", "c"], 3)
    assert raised.value.index == 1
    with pytest.raises(MissingClass):
        paired_test([0, 0, 2], [0, 1, 2], [0, 1, 2], ["a", "b", "c"], 3)


@pytest.mark.parametrize(
    ("truth", "predicted", "subjects", "message"),
    [
        ([0, 1], [0], ["a", "b"], "2 truths, 1 predictions, 2 subjects"),
        ([0, 1], [0, 1], ["a"], "2 truths, 2 predictions, 1 subjects"),
        ([], [], [], "there are no clips"),
        ([0, 3], [0, 1], ["a", "b"], "truth: 3 is not a class; class indices are 0..2"),
        ([0, 1], [0, -1], ["a", "b"], "prediction: -1 is not a class"),
        ([0, 1], [0.2, 0.8], ["a", "b"], "prediction: must be one row of class indices, not float64"),
        ([0, 1], [[0], [1]], ["a", "b"], r"not int64 of shape \(2, 1\)"),
    ],
)
def test_what_is_no_table_of_predictions_is_refused_in_one_line(truth, predicted, subjects, message):
    with pytest.raises(InvalidPredictions, match=message) as raised:
        score(truth, predicted, subjects, 3)
    assert isinstance(raised.value, MerbenchError)
    assert "\n" not in str(raised.value)


def test_a_metric_of_another_name_is_refused():
    with pytest.raises(InvalidPredictions, match="no metric is called 'f2'; use uf1, uar, accuracy"):
        paired_test(TRUTH, PREDICTED, PREDICTED, SUBJECTS, 3, metric="f2")


# --- intervals


def resampled_slowly(truth, predicted, subjects, classes, resamples, seed):
    """The bootstrap clip by clip, on the same draws: scikit-learn's scores over the classes in a resample's truth."""
    truth, predicted, subjects = np.asarray(truth), np.asarray(predicted), np.asarray(subjects)
    names = sorted(set(subjects.tolist()))
    draws = np.random.default_rng((seed, 0)).integers(0, len(names), (resamples, len(names)))
    rows = []
    for draw in draws:
        clips = np.concatenate([np.flatnonzero(subjects == names[index]) for index in draw])
        present = np.unique(truth[clips])
        options = {"labels": present, "average": "macro", "zero_division": 0}
        rows.append(
            (
                f1_score(truth[clips], predicted[clips], **options),
                recall_score(truth[clips], predicted[clips], **options),
                accuracy_score(truth[clips], predicted[clips]),
            )
        )
    return np.array(rows)


def percentile(truth, predicted, subjects, classes, **draws):
    found = percentile_intervals(confusion_per_subject(truth, predicted, subjects, classes)[1], **draws)
    return [found["uf1"], found["uar"], found["accuracy"]]


def test_percentile_intervals_equal_those_of_a_plain_loop_on_the_same_draws():
    rows = resampled_slowly(TRUTH, PREDICTED, SUBJECTS, 3, resamples=200, seed=5)
    found = percentile(TRUTH, PREDICTED, SUBJECTS, 3, resamples=200, seed=5)
    np.testing.assert_allclose(found, np.quantile(rows, [0.025, 0.975], axis=0).T, rtol=1e-12)


def test_a_resample_without_a_class_is_scored_on_the_classes_it_has():
    # Each subject has one class only and is right, so every resample is perfect on what it holds.
    assert percentile([0, 1, 2], [0, 1, 2], ["a", "b", "c"], 3, resamples=500) == [(1.0, 1.0)] * 3


def test_the_seed_decides_the_percentile_intervals():
    first, again = (percentile(TRUTH, PREDICTED, SUBJECTS, 3, seed=7) for _ in range(2))
    assert first == again
    few = [percentile(TRUTH, PREDICTED, SUBJECTS, 3, resamples=50, seed=seed)[0] for seed in range(10)]
    assert len(set(few)) > 1


def test_a_score_has_the_interval_of_its_record_s_method():
    _, counts = confusion_per_subject(TRUTH, PREDICTED, SUBJECTS, 3)
    assert score_confusions(counts) == score(TRUTH, PREDICTED, SUBJECTS, 3)
    assert score_confusions(counts, "percentile").uf1_interval == percentile(TRUTH, PREDICTED, SUBJECTS, 3)[0]


def test_subjects_that_are_all_alike_leave_no_width():
    truth, predicted = [0, 0, 1, 2, 2] * 6, [0, 1, 1, 2, 0] * 6
    scores = score(truth, predicted, np.repeat([f"db/{n}" for n in range(6)], 5), 3)
    assert scores.uf1_interval == pytest.approx((scores.uf1, scores.uf1))
    assert scores.uar_interval == pytest.approx((scores.uar, scores.uar))
    assert scores.accuracy_interval == pytest.approx((scores.accuracy, scores.accuracy))


def test_the_interval_of_a_share_is_student_s_t_on_the_logit_scale():
    # A share of one half among 200 subjects: the jackknife's standard error is the root of .25 / 199, the 97.5 % point
    # of Student's t with 199 degrees of freedom is 1.97196, and the slope of the logit at one half is 4.
    truth, predicted = [0, 1] * 100, [0, 1] * 50 + [1, 0] * 50
    low, high = score(truth, predicted, [f"s{n}" for n in range(200)], 2).accuracy_interval
    half = 1.97196 * (0.25 / 199) ** 0.5 * 4
    assert (low, high) == pytest.approx((1 / (1 + math.exp(half)), 1 / (1 + math.exp(-half))), abs=1e-6)


def test_clips_of_one_subject_are_left_out_together():
    # As two subjects, one all right and one all wrong, the same 200 clips say nothing.
    truth, predicted = [0, 1] * 100, [0, 1] * 50 + [1, 0] * 50
    two = score(truth, predicted, ["a"] * 100 + ["b"] * 100, 2)
    assert two.accuracy_interval == pytest.approx((0.0, 1.0), abs=1e-9)


def test_one_subject_has_the_widest_interval():
    scores = score([0, 1, 0, 1], [0, 1, 0, 0], ["a"] * 4, 2)
    assert scores.uf1_interval == scores.uar_interval == scores.accuracy_interval == (0.0, 1.0)
    assert paired_test([0, 1], [0, 1], [1, 1], ["a"] * 2, 2).interval == (-1.0, 1.0)


def test_two_models_are_equivalent_only_if_the_whole_interval_is_within_the_margin():
    assert PairedTest(0.01, (-0.02, 0.04), 0.5).equivalent(0.05)
    assert not PairedTest(0.01, (-0.02, 0.04), 0.5).equivalent(0.03)
    assert not PairedTest(0.0, (-0.2, 0.2), 1.0).equivalent(0.05)  # a test that finds nothing is not equivalence
    with pytest.raises(InvalidPredictions, match="margin"):
        PairedTest(0.0, (0.0, 0.0), 1.0).equivalent(0)


# --- the paired test


def table(clips: int = 120, subjects: int = 20):
    random = np.random.default_rng(3)
    truth = np.arange(clips) % 3
    names = [f"db/{n:02d}" for n in random.integers(0, subjects, clips)]
    good = np.where(random.random(clips) < 0.9, truth, random.integers(0, 3, clips))
    poor = np.where(random.random(clips) < 0.2, truth, random.integers(0, 3, clips))
    return truth, good, poor, names


@pytest.mark.parametrize("metric", ["uf1", "uar", "accuracy"])
def test_a_model_does_not_differ_from_itself(metric):
    truth, good, _, names = table()
    result = paired_test(truth, good, good, names, 3, metric=metric)
    assert (result.difference, result.interval, result.p_value) == (0.0, (0.0, 0.0), 1.0)


@pytest.mark.parametrize("metric", ["uf1", "uar", "accuracy"])
def test_the_difference_is_that_of_the_two_scores(metric):
    truth, good, poor, names = table()
    result = paired_test(truth, good, poor, names, 3, metric=metric)
    expected = getattr(score(truth, good, names, 3), metric) - getattr(score(truth, poor, names, 3), metric)
    assert result.difference == pytest.approx(expected)


def test_a_far_better_model_reaches_the_smallest_p_value_there_is():
    truth, good, poor, names = table()
    result = paired_test(truth, good, poor, names, 3, resamples=999)
    assert result.p_value == 1 / 1000
    assert result.interval[0] > 0


def test_exchanging_the_models_turns_the_sign_and_keeps_the_p_value():
    truth, good, poor, names = table(clips=30, subjects=6)
    forth, back = paired_test(truth, good, poor, names, 3), paired_test(truth, poor, good, names, 3)
    assert back.difference == -forth.difference
    assert back.interval == pytest.approx((-forth.interval[1], -forth.interval[0]))
    assert back.p_value == forth.p_value


def test_one_subject_alone_proves_nothing():
    # Exchanging the only subject's predictions, or not, always gives a difference as large: p is 1 by construction.
    assert paired_test([0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], ["a"] * 4, 2).p_value == 1.0


def test_the_p_value_approaches_that_of_all_exchanges():
    # Six subjects of two clips; a is right on all, b wrong on five of them and right on the sixth. Of the 64 exchanges
    # the difference is as large only where the five go the same way: 2 * 2 of 64.
    truth, right = [0, 1] * 6, [0, 1] * 6
    wrong = [1, 0] * 5 + [0, 1]
    names = np.repeat(list("abcdef"), 2)
    result = paired_test(truth, right, wrong, names, 2, metric="accuracy", resamples=100_000)
    assert result.p_value == pytest.approx(4 / 64, abs=4 * np.sqrt(4 / 64 * 60 / 64 / 100_000))  # four standard errors


# --- what holds for any predictions


@st.composite
def predictions(draw):
    """(truth, predicted, subjects, classes), every class among the truths."""
    classes = draw(st.integers(2, 5))
    count = draw(st.integers(classes, 40))
    one = st.integers(0, classes - 1)
    truth = list(range(classes)) + draw(st.lists(one, min_size=count - classes, max_size=count - classes))
    predicted = draw(st.lists(one, min_size=count, max_size=count))
    subjects = draw(st.lists(st.sampled_from(["x/1", "x/2", "x/10", "y/1"]), min_size=count, max_size=count))
    return np.array(truth), np.array(predicted), np.array(subjects), classes


@given(predictions())
def test_scikit_learn_agrees(case):
    truth, predicted, subjects, classes = case
    scores = score(truth, predicted, subjects, classes)
    labels = range(classes)
    np.testing.assert_array_equal(scores.confusion, confusion_matrix(truth, predicted, labels=labels))
    f1 = f1_score(truth, predicted, labels=labels, average=None, zero_division=0)
    np.testing.assert_allclose(scores.f1, f1, rtol=1e-12)
    np.testing.assert_allclose(scores.uf1, f1.mean(), rtol=1e-12)
    np.testing.assert_allclose(scores.uar, recall_score(truth, predicted, average="macro", zero_division=0), rtol=1e-12)
    np.testing.assert_allclose(scores.accuracy, accuracy_score(truth, predicted), rtol=1e-12)


@given(predictions(), st.randoms(use_true_random=False))
def test_the_order_of_the_clips_changes_nothing(case, random):
    truth, predicted, subjects, classes = case
    order = list(range(len(truth)))
    random.shuffle(order)
    shuffled = score(truth[order], predicted[order], subjects[order], classes)
    assert shuffled == score(truth, predicted, subjects, classes)
    other = predicted[::-1]
    test = paired_test(truth, predicted, other, subjects, classes, resamples=50)
    assert paired_test(truth[order], predicted[order], other[order], subjects[order], classes, resamples=50) == test


@given(predictions(), st.randoms(use_true_random=False))
def test_renaming_the_classes_permutes_what_is_per_class(case, random):
    truth, predicted, subjects, classes = case
    new = list(range(classes))
    random.shuffle(new)
    scores = score(truth, predicted, subjects, classes)
    renamed = score(np.array(new)[truth], np.array(new)[predicted], subjects, classes)
    assert [renamed.f1[new[old]] for old in range(classes)] == list(scores.f1)
    assert [renamed.recall[new[old]] for old in range(classes)] == list(scores.recall)
    assert renamed.uf1 == pytest.approx(scores.uf1)
    assert renamed.uf1_interval == pytest.approx(scores.uf1_interval)


@given(predictions())
def test_only_perfect_predictions_score_one(case):
    truth, predicted, subjects, classes = case
    perfect = score(truth, truth, subjects, classes)
    assert (perfect.uf1, perfect.uar, perfect.accuracy) == (1.0, 1.0, 1.0)
    certain = (1.0, 1.0) if len(set(subjects)) > 1 else (0.0, 1.0)
    assert perfect.uf1_interval == perfect.uar_interval == perfect.accuracy_interval == certain
    scores = score(truth, predicted, subjects, classes)
    assert (scores.accuracy == 1) == (scores.uar == 1) == bool((truth == predicted).all())


@given(predictions())
def test_scores_are_rates_and_intervals_are_ordered(case):
    scores = score(*case)
    for interval in (scores.uf1_interval, scores.uar_interval, scores.accuracy_interval):
        assert 0 <= interval[0] <= interval[1] <= 1
    for rate in (scores.uf1, scores.uar, scores.accuracy, *scores.f1, *scores.recall):
        assert 0 <= rate <= 1


@FEWER
@given(predictions(), st.integers(0, 2**64))
def test_a_plain_loop_agrees_on_any_predictions(case, seed):
    rows = resampled_slowly(*case, resamples=8, seed=seed)
    found = percentile(*case, resamples=8, seed=seed)
    np.testing.assert_allclose(found, np.quantile(rows, [0.025, 0.975], axis=0).T, rtol=1e-9)
