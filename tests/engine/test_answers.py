"""What an estimator answers is checked: a class for each clip, and scores that do not contradict it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid
from sklearn.svm import SVC

from merbench.engine.estimators import build_estimator, fit_fold
from merbench.engine.task import Task
from merbench.errors import PluginError, TrainingError
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

AUTHOR = Author.of("model my-estimator", "mine", __name__)
HERE = r"at .*test_answers.py:\d+"
X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = np.arange(30) % 3
X[np.arange(30), Y] += 1
FOLD = Fold(name="smic/s01", train=np.arange(20), test=np.arange(20, 30), seed=3)


def task(build: Any, labels: np.ndarray = Y) -> Task:
    return Task(build=build, author=AUTHOR, arrays=(X,), labels=labels, classes=3, recipe=Recipe())


class Fixed:
    """Answers what it was made with: classes, and scores by the name of their method."""

    def __init__(self, predicted: Any, **methods: Any) -> None:
        self.predicted = predicted
        for name, value in methods.items():
            setattr(self, name, value if name == "classes_" else lambda X, value=value: np.array(value))

    def fit(self, X: np.ndarray, y: np.ndarray) -> None: ...

    def predict(self, X: np.ndarray) -> Any:
        return self.predicted


ZEROS = [0] * 10
WHOLE = (
    r"it must give a whole number from 0 to 2 for each of 10 clips, like the labels fit gets; finished folds are kept$"
)


@pytest.mark.parametrize(
    ("predicted", "says"),
    [
        ([0.5] * 10, "0.5"),
        ([-1] * 10, "-1"),
        ([3] * 10, "3"),
        ([np.nan] * 10, "nan"),
        (["happy"] * 10, r"names \('happy'\)"),
        (np.array(["happy"] * 10, object), r"names \('happy'\)"),
        ([0] * 9, r"an array of shape \[9\]"),
        ([[1, 0, 0]] * 10, r"an array of shape \[10, 3\]"),
        ([1j] * 10, "values of type complex128"),
        ([None] * 10, "values of type object"),
        (None, "None"),
    ],
)
def test_predictions_that_are_no_classes_are_told_in_words(predicted, says) -> None:
    with pytest.raises(
        TrainingError,
        match=rf"^fold smic/s01: model my-estimator \(plugin mine\): predict {HERE} gives {says}; {WHOLE}",
    ):
        fit_fold(task(lambda: Fixed(predicted)), FOLD)


@pytest.mark.parametrize("predicted", [np.zeros(10), np.zeros(10, bool), np.array(ZEROS, object), ZEROS])
def test_whole_numbers_of_any_type_are_classes(predicted) -> None:
    assert fit_fold(task(lambda: Fixed(predicted)), FOLD).predicted.tolist() == [ZEROS]


FIRST, SECOND = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1]


@pytest.mark.parametrize(
    ("methods", "says"),
    [
        (
            {"predict_proba": [FIRST[:2]] * 10},
            r"predict_proba.* gives an array of shape \[10, 2\]; it must give a column for each of 3 classes, or list",
        ),
        ({"predict_proba": [FIRST] * 9}, r"gives an array of shape \[9, 3\]"),
        ({"predict_proba": [FIRST] * 10, "classes_": ["a", "b", "c"]}, r"classes_ gives \['a', 'b', 'c'\]; it must"),
        ({"predict_proba": [FIRST] * 10, "classes_": [0, 1, 1]}, r"classes_ gives \[0, 1, 1\]; it must"),
        ({"predict_proba": [[np.inf, 0, 0]] * 10}, "predict_proba.* gives values that are not finite"),
    ],
)
def test_scores_that_are_not_one_for_each_class_are_refused(methods, says) -> None:
    with pytest.raises(TrainingError, match=says):
        fit_fold(task(lambda: Fixed(ZEROS, **methods)), FOLD)


@pytest.mark.parametrize(
    ("methods", "which"),
    [
        ({"predict_proba": [FIRST] * 6 + [SECOND] * 4}, "predict_proba"),
        (
            {"predict_proba": [SECOND] * 10, "decision_function": [SECOND] * 3 + [FIRST] * 7},
            "predict_proba and decision_function",
        ),
    ],
)
def test_scores_that_contradict_the_classes_are_left_out_and_said_so(methods, which) -> None:
    found = fit_fold(task(lambda: Fixed(ZEROS, **methods)), FOLD)
    assert found.scores[0].tolist() == [[1, 0, 0]] * 10
    assert found.note == (
        f"predict disagrees with {which}: the scores are 1 for the predicted class and 0 for the others"
    )


@pytest.mark.parametrize("scores", [[0.4, 0.4, 0.2], [0.4, 0.4 + 1e-9, 0.2]])
def test_a_tie_contradicts_no_class(scores) -> None:
    found = fit_fold(task(lambda: Fixed(ZEROS, predict_proba=[scores] * 10)), FOLD)
    np.testing.assert_allclose(found.scores[0], [scores] * 10, rtol=1e-6)


def test_columns_that_are_named_are_those_of_their_classes() -> None:
    one = Fixed([2] * 10, predict_proba=[[0.3, 0.7]] * 10, classes_=[1, 2])
    found = fit_fold(task(lambda: one), FOLD)
    np.testing.assert_allclose(found.scores[0], [[0, 0.3, 0.7]] * 10, rtol=1e-6)


def test_decisions_that_agree_take_the_place_of_probabilities_that_do_not() -> None:
    one = Fixed(ZEROS, predict_proba=[SECOND] * 10, decision_function=[FIRST] * 10)
    found = fit_fold(task(lambda: one), FOLD)
    np.testing.assert_allclose(found.scores[0], [FIRST] * 10, rtol=1e-6)


@pytest.mark.parametrize("estimator", [NearestCentroid, partial(SVC, decision_function_shape="ovo")])
def test_estimators_of_scikit_learn_that_contradict_themselves_can_be_run(estimator) -> None:
    found = fit_fold(task(estimator), FOLD)
    assert set(found.scores.flatten()) == {0, 1}
    assert "decision_function" in found.note


@pytest.mark.filterwarnings("ignore:The `probability` parameter was deprecated")
@pytest.mark.parametrize("settings", [{}, {"probability": True}])
def test_an_svc_may_break_a_tie_of_votes_otherwise_than_its_decisions_do(settings) -> None:
    labels, random = np.arange(1300) % 3, np.random.default_rng(0)
    angles = labels[:300] * 2 * np.pi / 3
    trained = np.stack([np.cos(angles), np.sin(angles)], 1) + random.normal(size=(300, 2))
    # The others lie between the classes, where some have one vote of each.
    images = np.concatenate([trained, random.uniform(-0.3, 0.3, (1000, 2))])
    svc = partial(SVC, kernel="linear", **settings)
    fold = Fold(name="one", train=np.arange(300), test=np.arange(300, 1300), seed=0)
    found = fit_fold(Task(build=svc, author=AUTHOR, arrays=(images,), labels=labels, classes=3, recipe=Recipe()), fold)
    fitted = svc(random_state=0).fit(images[:300], labels[:300])
    np.testing.assert_allclose(found.scores[0], fitted.decision_function(images[300:]), rtol=1e-6)
    assert (found.scores[0].argmax(1) != found.predicted[0]).any()


def test_what_predict_writes_into_its_clips_is_not_seen_by_predict_proba() -> None:
    class Writing(LogisticRegression):
        def predict(self, X: np.ndarray) -> Any:
            answer = super().predict(X)
            X[:] = 0
            return answer

    found, wanted = (fit_fold(task(one), FOLD) for one in (Writing, LogisticRegression))
    assert np.array_equal(found.scores, wanted.scores)


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("two\nlines"), SystemExit(3)])
def test_whatever_fit_raises_is_one_line_that_says_what_is_kept(error) -> None:
    class Failing(Fixed):
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            raise error

    with pytest.raises(
        TrainingError,
        match=rf"^fold smic/s01: .*: fit failed {HERE} in fit: {type(error).__name__}: .* finished folds are kept$",
    ) as caught:
        fit_fold(task(lambda: Failing(ZEROS)), FOLD)
    assert "\n" not in str(caught.value)


def test_memory_that_runs_out_in_fit_is_told_as_such() -> None:
    class Greedy(Fixed):
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            np.empty(2**50)

    with pytest.raises(TrainingError, match=r"^no memory is left on cpu; finished folds are kept"):
        fit_fold(task(lambda: Greedy(ZEROS)), FOLD)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: None, "what builds the estimator gives None without a method fit; it must give one with fit and"),
        (lambda: X, "gives a numpy.ndarray without a method fit"),
    ],
)
def test_what_is_no_estimator_is_told(build, says) -> None:
    with pytest.raises(PluginError, match=rf"^model my-estimator \(plugin mine\): .*{says}"):
        build_estimator(task(build), FOLD)
