"""The inner split divides the training side by subject, and looks at nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.protocols import ProtocolError, inner_split
from tests.protocols.tables import SMALL, clip_tables, clips_of


def test_the_inner_split_holds_out_every_class_where_some_split_can():
    # Five subjects of one class each and one, f, who has all three: only the split that holds f out has every class.
    subjects = ["db/a", "db/b", "db/c", "db/d", "db/e"] * 2 + ["db/f"] * 3 + ["db/test"] * 4
    labels = np.array([0, 1, 2, 0, 1] * 2 + [0, 1, 2] + [0] * 4)
    clips, train = clips_of(subjects, labels), np.arange(13)
    for seed in range(20):
        _, held_out = inner_split(clips, train, labels, seed)
        assert set(labels[held_out]) == {0, 1, 2}


def test_the_inner_split_depends_on_its_seed():
    subjects = [f"db/{number}" for number in range(12) for _ in range(3)]
    clips, train = clips_of(subjects), np.arange(36)
    labels = clips["label"].to_numpy()
    splits = [tuple(inner_split(clips, train, labels, seed)[1]) for seed in range(10)]
    assert len(set(splits)) > 1
    assert splits == [tuple(inner_split(clips, train, labels, seed)[1]) for seed in range(10)]


def test_the_inner_split_takes_seeds_of_any_size():
    clips = clips_of(SMALL * 2, [0] * 12)
    inner_train, _ = inner_split(clips, np.arange(12), np.zeros(12, dtype=int), 2**64 + 1)
    assert len(inner_train)


@pytest.mark.parametrize(
    ("subjects", "labels", "message"),
    [
        (["db/a", "db/a", "db/test"], [0, 0, 0], r"two training subjects .* there are 1 subject\(s\)"),
        (["db/a", "db/b", "db/test"], [0, 1, 0], r"no class has more than 1 clip\(s\)"),
    ],
)
def test_a_training_side_too_small_for_an_inner_split_is_refused_in_one_line(subjects, labels, message):
    with pytest.raises(ProtocolError, match=message) as raised:
        inner_split(clips_of(subjects, labels), np.array([0, 1]), np.array(labels), 0)
    assert "\n" not in str(raised.value)


def test_labels_of_the_training_side_alone_are_not_mistaken_for_the_table():
    with pytest.raises(ValueError, match="2 labels for a table of 6 clips"):
        inner_split(clips_of(SMALL), np.array([0, 1]), np.array([0, 1]), 0)


@given(clip_tables(), st.integers(0, 2**32))
def test_the_inner_split_divides_the_training_side_by_subject(clips, seed):
    subjects, labels = clips["subject"].to_numpy(object), clips["label"].to_numpy()
    train = np.flatnonzero(subjects != subjects[0])
    # Labels of the test side that no scheme has: reading them would show.
    hidden = np.where(subjects == subjects[0], -99, labels)
    try:
        inner_train, held_out = inner_split(clips, train, hidden, seed)
    except ProtocolError:
        counts = np.bincount(labels[train], minlength=3)
        assert len(set(subjects[train])) < 2 or counts.max() < 2
        return
    assert sorted([*inner_train, *held_out]) == train.tolist()
    assert len(inner_train)
    assert len(held_out)
    assert not set(subjects[inner_train]) & set(subjects[held_out])
    assert (np.diff(inner_train) > 0).all()
    assert (np.diff(held_out) > 0).all()
