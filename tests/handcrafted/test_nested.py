"""C is chosen on held-out training subjects: nothing outside the training side has a say."""

from __future__ import annotations

import importlib
import pickle

import numpy as np
import pytest
from merbench_handcrafted.mdmo import mdmo_svm
from merbench_handcrafted.nested import NestedC
from merbench_handcrafted.reference import flow_lr, flow_svm
from merbench_handcrafted.svm import histogram_svm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

GRID = (1e-4, 1e-2, 1.0, 100.0)
RANDOM = np.random.default_rng(3)
LABELS = np.arange(60) % 3
SUBJECTS = np.repeat(np.arange(12), 5)
X = RANDOM.normal(size=(60, 8)) + 0.8 * np.eye(8)[LABELS]


def machine(C: float = 1.0):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))


def pooled_uf1(C: float) -> float:
    """Computed by scikit-learn alone."""
    predicted = cross_val_predict(machine(C), X, LABELS, groups=SUBJECTS, cv=StratifiedGroupKFold(5))
    return float(f1_score(LABELS, predicted, average="macro"))


def test_the_c_with_the_best_pooled_uf1_of_held_out_subjects_counts():
    scores = [pooled_uf1(C) for C in GRID]
    assert len(set(scores)) > 2
    fitted = NestedC(machine(), GRID).fit(X, LABELS, SUBJECTS)
    assert GRID[int(np.argmax(scores))] == fitted.C_
    plain = machine(fitted.C_).fit(X, LABELS)
    np.testing.assert_array_equal(fitted.predict_proba(X), plain.predict_proba(X))
    assert fitted.predict(X).tolist() == plain.predict(X).tolist()


def test_on_a_tie_the_smallest_c_counts():
    wide = np.eye(3)[LABELS] * 100
    assert NestedC(machine(), (0.5, 1.0, 2.0)).fit(wide, LABELS, SUBJECTS).C_ == 0.5


def test_subjects_are_held_out_whole():
    seen = []

    class Spy(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            seen.append({*X[:, 0].astype(int)})
            return super().fit(X, y)

    numbered = np.column_stack([SUBJECTS, X])
    NestedC(make_pipeline(Spy(), LogisticRegression()), GRID).fit(numbered, LABELS, SUBJECTS)
    *inner, last = seen
    held_out = [set(range(12)) - one for one in inner]
    assert sorted(subject for one in held_out for subject in one) == [*range(12)]  # each subject once, with all clips
    assert last == set(range(12))


def test_an_svm_has_decision_values_and_no_probabilities():
    fitted = flow_svm(nested_c=True).fit(X, LABELS, SUBJECTS)
    assert fitted.decision_function(X).shape == (60, 3)
    assert not hasattr(fitted, "predict_proba")


def test_a_fold_whose_training_part_has_one_class_is_answered():
    labels = np.array([0, 0, 0, 1, 1, 1])
    fitted = NestedC(machine(), GRID).fit(X[:6], labels, np.array([0, 0, 0, 1, 1, 1]))
    assert fitted.classes_.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("labels", "subjects", "says"),
    [([0, 1, 0, 1], [5, 5, 5, 5], "there are 1 subject"), ([0, 1, 2, 3], [1, 2, 3, 4], "more than 1 clip")],
)
def test_too_little_to_choose_from_is_named(labels, subjects, says):
    with pytest.raises(ValueError, match=says):
        NestedC(machine(), GRID).fit(X[:4], np.array(labels), np.array(subjects))


def test_it_travels_to_another_process():
    fitted = pickle.loads(pickle.dumps(flow_lr(nested_c=True))).fit(X, LABELS, SUBJECTS)
    assert len(fitted.predict(X)) == 60


@pytest.mark.parametrize("build", [flow_lr, flow_svm, histogram_svm, mdmo_svm])
def test_class_weights_are_the_last_steps(build):
    assert build()[-1].class_weight == "balanced"
    assert build(class_weights="none")[-1].class_weight is None
    assert build(class_weights="none", nested_c=True).pipeline[-1].class_weight is None
    with pytest.raises(ValueError, match="class_weights is 'auto'; it must be one of none, balanced"):
        build(class_weights="auto")


def test_the_grids_hold_the_fixed_settings():
    nested = importlib.import_module("merbench_handcrafted.nested")
    assert flow_lr()[-1].C in nested.LINEAR_GRID
    assert flow_svm()[-1].C in nested.KERNEL_GRID
