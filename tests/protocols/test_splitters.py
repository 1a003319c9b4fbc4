"""The folds of every built-in protocol: of a small table by hand, of any table, and their digest."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings

from merbench.errors import MerbenchError
from merbench.protocols import (
    FiveFold,
    Fold,
    LeaveOneDatabaseOut,
    LeaveOneSubjectOut,
    PerDatabase,
    ProtocolError,
    Splitter,
    folds_digest,
    merbench_protocols,
)
from tests.protocols.tables import SMALL, as_lists, clip_tables, clips_of, splittable_tables

FEWER = settings(max_examples=25)


def test_composite_leaves_each_subject_out_of_all_databases_in_order_of_appearance():
    assert as_lists(LeaveOneSubjectOut().folds(clips_of(SMALL))) == [
        ("two/b", [1, 3, 4, 5], [0, 2]),
        ("two/a", [0, 2, 3, 4, 5], [1]),
        ("one/b", [0, 1, 2, 4, 5], [3]),
        ("one/c", [0, 1, 2, 3], [4, 5]),
    ]


def test_loso_per_database_trains_on_the_same_database_alone():
    assert as_lists(PerDatabase().folds(clips_of(SMALL))) == [
        ("two/b", [1], [0, 2]),
        ("two/a", [0, 2], [1]),
        ("one/b", [4, 5], [3]),
        ("one/c", [3], [4, 5]),
    ]


def test_lodo_leaves_each_database_out():
    assert as_lists(LeaveOneDatabaseOut().folds(clips_of(SMALL))) == [
        ("two", [3, 4, 5], [0, 1, 2]),
        ("one", [0, 1, 2], [3, 4, 5]),
    ]


def test_five_subjects_alike_are_a_fold_each():
    subjects = [f"db/{number}" for number in range(5) for _ in range(3)]
    folds = FiveFold().folds(clips_of(subjects))
    assert [fold.name for fold in folds] == ["1of5", "2of5", "3of5", "4of5", "5of5"]
    assert sorted(subjects[fold.test[0]] for fold in folds) == [f"db/{number}" for number in range(5)]
    assert all(len(fold.test) == 3 for fold in folds)


def test_five_folds_spread_the_classes():
    # Ten subjects of two clips, each of one class only: four of class 0, three of 1, three of 2. No fold can hold three
    # classes, and none need hold two subjects of one class.
    labels = np.repeat([0, 0, 0, 0, 1, 1, 1, 2, 2, 2], 2)
    clips = clips_of(np.repeat([f"db/{number}" for number in range(10)], 2).tolist(), labels)
    for fold in FiveFold().folds(clips):
        assert len(set(labels[fold.test])) == 2


def test_five_folds_do_not_mind_a_rare_class():
    labels = [0] * 11 + [1]
    assert len(FiveFold().folds(clips_of([f"db/{number % 6}" for number in range(12)], labels))) == 5


@pytest.mark.parametrize(
    ("splitter", "subjects", "message"),
    [
        (LeaveOneSubjectOut, ["db/a", "db/a"], "to leave one subject out takes at least two, and db has 1"),
        (LeaveOneSubjectOut, [], "takes at least two, and an empty clip table has 0"),
        (PerDatabase, ["one/a", "one/b", "two/c"], "to leave one subject out takes at least two, and two has 1"),
        (PerDatabase, [], "PerDatabase made no folds of 0 clips"),
        (LeaveOneDatabaseOut, ["db/a", "db/b"], "to leave one database out takes at least two, and db has 1"),
        (FiveFold, ["db/a", "db/b", "db/c", "db/d"] * 5, r"need 5 subjects .* there are 4 subject\(s\)"),
        (FiveFold, [f"db/{n}" for n in range(6)], r"no class has more than 2 clip\(s\)"),
    ],
)
def test_clips_that_a_protocol_cannot_split_are_refused_in_one_line(splitter, subjects, message):
    with pytest.raises(ProtocolError, match=message) as raised:
        splitter().folds(clips_of(subjects))
    assert isinstance(raised.value, MerbenchError)
    assert "\n" not in str(raised.value)


def test_the_digest_tells_folds_apart_and_knows_equal_ones():
    clips = clips_of(SMALL)
    folds = LeaveOneSubjectOut().folds(clips)
    assert folds_digest(clips, folds) == folds_digest(clips, LeaveOneSubjectOut().folds(clips))
    first = folds[0]
    others = [
        folds[::-1],
        folds[1:],
        [Fold("renamed", first.train, first.test), *folds[1:]],
        [Fold(first.name, first.train[1:], first.test), *folds[1:]],
        [Fold(first.name, first.test, first.train), *folds[1:]],
        PerDatabase().folds(clips),
    ]
    assert len({folds_digest(clips, folds), *(folds_digest(clips, other) for other in others)}) == 7
    assert folds_digest(clips_of(("two/b", "two/a", "two/b", "one/b", "one/c", "one/d")), folds) != folds_digest(
        clips, folds
    )


def test_the_digest_of_a_known_table_never_changes():
    # sha256 of the four lines {"fold": ..., "test": [...], "train": [...]}; a record is compared by it across machines.
    clips = clips_of(["db/a", "db/b"])
    lines = (
        b'{"fold": "db/a", "test": ["db/a/clip0"], "train": ["db/b/clip1"]}\n'
        b'{"fold": "db/b", "test": ["db/b/clip1"], "train": ["db/a/clip0"]}\n'
    )
    assert folds_digest(clips, LeaveOneSubjectOut().folds(clips)) == hashlib.sha256(lines).hexdigest()


@pytest.mark.parametrize("splitter", [LeaveOneSubjectOut(), PerDatabase(), LeaveOneDatabaseOut(), FiveFold()])
@FEWER
@given(clips=splittable_tables())
def test_the_folds_of_each_protocol_partition_the_clips(splitter, clips):
    folds = splitter.folds(clips)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(clips)))
    subjects, databases = clips["subject"].to_numpy(object), clips["database"].to_numpy(object)
    for fold in folds:
        assert not set(subjects[fold.train]) & set(subjects[fold.test])
        both = np.concatenate([fold.train, fold.test])
        if isinstance(splitter, PerDatabase):
            assert len(set(databases[both])) == 1
            assert len(both) == np.count_nonzero(databases == databases[both[0]])
        else:
            assert sorted(both) == list(range(len(clips)))


@given(clip_tables())
def test_any_table_is_split_by_subject_or_refused(clips):
    for splitter in (LeaveOneSubjectOut(), PerDatabase(), LeaveOneDatabaseOut(), FiveFold()):
        try:
            folds = splitter.folds(clips)
        except ProtocolError:
            continue
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(clips)))


def test_every_registered_protocol_names_a_splitter_that_is_there():
    import merbench.protocols

    specs = {spec.name: spec.splitter.split(":")[1] for spec in merbench_protocols()}
    assert list(specs) == ["loso", "loso-per-database", "lodo", "subjects-5"]
    assert all(issubclass(getattr(merbench.protocols, name), Splitter) for name in specs.values())
