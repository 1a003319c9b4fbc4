"""One estimator per fold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from merbench.engine.build import Build
from merbench.engine.estimators import design_matrix, fit_fold
from merbench.engine.folds import compute_folds, group_estimator
from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.errors import TrainingError
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

AUTHOR = Author.of("model my-estimator", "mine", __name__)
X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = np.arange(30) % 3
X[np.arange(30), Y] += 1
FOLD = Fold(name="smic/s01", train=np.arange(20), test=np.arange(20, 30), seed=3)


def task(build: Any, arrays: tuple[np.ndarray, ...] = (X,), labels: np.ndarray = Y) -> Task:
    return Task(build=build, author=AUTHOR, arrays=arrays, labels=labels, classes=3, recipe=Recipe())


def only(*classes: int) -> Fold:
    """A fold that trains on these classes alone."""
    train = np.flatnonzero(np.isin(Y[:20], classes))
    return Fold(name="smic/s01", train=train, test=np.arange(20, 30), seed=3)


def test_probabilities_are_the_scores_where_there_are_any() -> None:
    found = fit_fold(task(LogisticRegression), FOLD)
    fitted = LogisticRegression().fit(X[:20], Y[:20])
    assert found.scores.shape == (1, 10, 3)
    assert found.scores.dtype == np.float32
    np.testing.assert_allclose(found.scores[0], fitted.predict_proba(X[20:]), rtol=1e-6)
    assert found.predicted.tolist() == [fitted.predict(X[20:]).tolist()]
    assert found.predicted.dtype == np.int64
    assert (found.name, len(found.loss)) == ("smic/s01", 0)


def test_else_decision_values_are() -> None:
    found = fit_fold(task(SVC), FOLD)
    np.testing.assert_allclose(found.scores[0], SVC().fit(X[:20], Y[:20]).decision_function(X[20:]), rtol=1e-6)


def test_else_the_predicted_class_scores_1() -> None:
    class Plain:
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            self.most = np.bincount(y).argmax()

        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.full(len(X), self.most)

    found = fit_fold(task(Plain), FOLD)
    assert found.scores[0].tolist() == [[1, 0, 0]] * 10


def test_a_class_that_was_not_trained_has_probability_0() -> None:
    found = fit_fold(task(LogisticRegression), only(0, 2))
    assert (found.scores[0, :, 1] == 0).all()
    np.testing.assert_allclose(found.scores[0].sum(1), 1, rtol=1e-6)
    assert set(found.predicted[0]) <= {0, 2}


def test_the_decision_between_two_classes_speaks_for_the_second() -> None:
    found = fit_fold(task(RidgeClassifier), only(0, 2))
    fold = only(0, 2)
    value = RidgeClassifier().fit(X[fold.train], Y[fold.train]).decision_function(X[20:])
    np.testing.assert_allclose(found.scores[0, :, 2], value, rtol=1e-6)
    np.testing.assert_allclose(found.scores[0, :, 0], -value, rtol=1e-6)
    assert (found.scores[0, :, 1] == found.scores[0].min()).all()
    assert (found.scores[0][:, [0, 2]].argmax(1) * 2 == found.predicted[0]).all()


def test_one_class_alone_is_predicted_with_certainty() -> None:
    found = fit_fold(task(DummyClassifier), only(1))
    assert found.scores[0].tolist() == [[0, 1, 0]] * 10


class Random(DecisionTreeClassifier):
    """Remembers the seed it was fitted with."""

    seeds: list[Any] = []  # noqa: RUF012

    def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        self.seeds.append(self.random_state)
        return super().fit(X, y)


def test_a_random_state_that_was_left_open_is_the_folds_seed() -> None:
    Random.seeds.clear()
    fit_fold(task(Random), FOLD)
    fit_fold(task(lambda: make_pipeline(StandardScaler(), Random())), FOLD)
    fit_fold(task(lambda: Random(random_state=7)), FOLD)
    wanted = derive_seed(fold=3, purpose="training")
    assert Random.seeds == [wanted, wanted, 7]


def test_an_estimator_is_handed_its_training_side_alone() -> None:
    handed = []

    class Spy(LogisticRegression):
        def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
            handed.append((X.copy(), y.copy()))
            return super().fit(X, y)

    fit_fold(task(Spy), FOLD)
    ((seen, labels),) = handed
    assert np.array_equal(seen, X[:20])
    assert np.array_equal(labels, Y[:20])


def test_a_complaint_of_scikit_learn_is_one_line_with_fold_and_estimator() -> None:
    with pytest.raises(
        TrainingError,
        match=r"fold smic/s01: model my-estimator \(plugin mine\): fit failed: InvalidParameterError: .*'C'",
    ) as caught:
        fit_fold(task(lambda: SVC(C=-1.0)), FOLD)
    assert "\n" not in str(caught.value)


def test_features_are_handed_on_as_they_are_or_joined() -> None:
    images = np.arange(24.0).reshape(2, 3, 2, 2)
    both = np.arange(2)
    assert np.array_equal(design_matrix([images], both), images)
    assert np.array_equal(design_matrix([images], both[1:]), images[1:])
    joined = design_matrix([images, np.array([[100.0], [200.0]])], both)
    assert joined.shape == (2, 13)
    assert joined[1].tolist() == [*range(12, 24), 200.0]
    assert design_matrix([], both).tolist() == [[0], [0]]


def test_bytes_are_handed_on_as_float32() -> None:
    (row,) = design_matrix([np.array([[1, 2], [3, 255]], np.uint8)], np.array([1]))
    assert row.dtype == np.float32
    assert row.tolist() == [3, 255]


@pytest.mark.processes
def test_parallel_processes_give_what_this_process_gives() -> None:
    images = np.random.default_rng(0).normal(size=(30, 3, 8, 8)).astype(np.float32)
    one = task(Build("merbench_handcrafted.reference:flow_svm", {}, AUTHOR), (images,))
    folds = [
        Fold(name=f"fold{i}", train=np.delete(np.arange(30), [i, i + 3]), test=np.array([i, i + 3]), seed=i)
        for i in range(4)
    ]
    told: list[int] = []
    outcomes = [
        outcome for group in compute_folds(one, folds, group_estimator(), {"fold2"}, told.append) for outcome in group
    ]
    assert sorted(outcome.name for outcome in outcomes) == ["fold0", "fold1", "fold3"]
    assert told == [1, 1, 1]
    for outcome in outcomes:
        here = fit_fold(one, folds[int(outcome.name[-1])])
        assert np.array_equal(outcome.scores, here.scores)
        assert np.array_equal(outcome.predicted, here.predicted)


class Foreign:
    """Predicts a class that there is not."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> None:
        pass

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.full(len(X), 7)


class Hollow(Foreign):
    """Is sure of nothing."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.zeros(len(X), int)

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        return np.full((len(X), 3), np.nan)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (
            Foreign,
            r"predict at .*test_estimators.py:\d+ gives 7; it must give a whole number from 0 to 2 for each of 2 clips",
        ),
        (Hollow, "values that are not finite"),
    ],
)
def test_predictions_that_cannot_be_scored_are_told(build, says) -> None:
    task = Task(
        build=build,
        author=AUTHOR,
        arrays=(np.zeros((6, 2), np.float32),),
        labels=np.array([0, 1, 2, 0, 1, 2]),
        classes=3,
        recipe=Recipe(),
    )
    with pytest.raises(TrainingError, match=says):
        fit_fold(task, Fold(name="one", train=np.arange(4), test=np.array([4, 5]), seed=0))


def test_a_fit_that_takes_groups_gets_the_subjects_of_its_training_clips() -> None:
    handed = []

    class Spy(LogisticRegression):
        def fit(self, X: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Any:
            handed.append(groups.tolist())
            return super().fit(X, y)

    subjects = np.arange(30) // 5
    fit_fold(replace(task(Spy), subjects=subjects), FOLD)
    assert handed == [subjects[:20].tolist()]
