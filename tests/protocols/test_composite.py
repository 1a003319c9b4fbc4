"""The protocols on the composite: 442 clips of 68 subjects, as the challenge published them."""

import numpy as np
import pytest
from merbench_databases.canonical import composite

from merbench.data.clips import clip_table
from merbench.protocols import FiveFold, LeaveOneDatabaseOut, LeaveOneSubjectOut, inner_split


@pytest.fixture(scope="module")
def composite_clips():
    return clip_table(composite())


def classes_on(clips, positions):
    return set(clips["label"].to_numpy()[positions])


def test_most_folds_of_the_composite_lack_a_class_on_the_test_side_and_none_on_the_other(composite_clips):
    folds = LeaveOneSubjectOut().folds(composite_clips)
    assert len(folds) == 68
    counts = [len(classes_on(composite_clips, fold.test)) for fold in folds]
    assert [counts.count(classes) for classes in (1, 2, 3)] == [23, 29, 16]
    assert all(len(classes_on(composite_clips, fold.train)) == 3 for fold in folds)


def test_every_database_of_the_composite_is_left_out_once(composite_clips):
    folds = LeaveOneDatabaseOut().folds(composite_clips)
    assert {fold.name: len(fold.test) for fold in folds} == {"smic": 164, "casme2": 145, "samm": 133}


def test_the_five_folds_of_the_composite_are_near_a_fifth_of_every_class(composite_clips):
    # 250, 109 and 83 clips: a fifth is 50, 21.8 and 16.6; the largest subject has 39 clips of its own.
    truth = composite_clips["label"].to_numpy()
    counts = np.array([np.bincount(truth[fold.test]) for fold in FiveFold().folds(composite_clips)])
    assert (np.abs(counts - [50, 21.8, 16.6]) <= 2).all()


def test_the_inner_split_of_every_composite_fold_holds_out_every_class(composite_clips):
    labels = composite_clips["label"].to_numpy()
    for seed, fold in enumerate(LeaveOneSubjectOut().folds(composite_clips)):
        inner_train, held_out = inner_split(composite_clips, fold.train, labels, seed)
        assert classes_on(composite_clips, inner_train) == classes_on(composite_clips, held_out) == {0, 1, 2}
