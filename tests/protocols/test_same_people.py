"""The folds of clips in which several databases show the same people: every person is on one side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.data.people import by_person
from merbench.protocols import (
    FiveFold,
    Fold,
    LeaveOneDatabaseOut,
    LeaveOneSubjectOut,
    PerDatabase,
    ProtocolError,
    Splitter,
    SplitterFault,
    inner_split,
)
from tests.protocols.tables import as_lists, clip_tables, clips_of, splittable_tables

CAMERAS = (("front", "side"),)
# Two people in both cameras, one in each camera alone, and one of another database who has a name of theirs.
SEEN = ("side/a", "front/a", "front/b", "side/b", "side/c", "front/d", "other/a", "other/e")
TABLE = by_person(clips_of(SEEN), CAMERAS)


def people(clips, positions, cameras):
    """Whom the clips at these positions show: the database may be any of the cameras."""
    shown = [one.split("/") for one in clips["subject"].to_numpy(object)[positions]]
    return {("cameras" if database in cameras else database, name) for database, name in shown}


def test_loso_leaves_a_person_out_of_all_cameras_at_once():
    assert as_lists(LeaveOneSubjectOut().folds(TABLE)) == [
        ("front/a", [2, 3, 4, 5, 6, 7], [0, 1]),
        ("front/b", [0, 1, 4, 5, 6, 7], [2, 3]),
        ("front/c", [0, 1, 2, 3, 5, 6, 7], [4]),
        ("front/d", [0, 1, 2, 3, 4, 6, 7], [5]),
        ("other/a", [0, 1, 2, 3, 4, 5, 7], [6]),
        ("other/e", [0, 1, 2, 3, 4, 5, 6], [7]),
    ]


def test_loso_per_database_has_a_fold_for_each_camera_of_a_person_under_the_name_of_the_camera():
    assert as_lists(PerDatabase().folds(TABLE)) == [
        ("side/a", [3, 4], [0]),
        ("side/b", [0, 4], [3]),
        ("side/c", [0, 3], [4]),
        ("front/a", [2, 5], [1]),
        ("front/b", [1, 5], [2]),
        ("front/d", [1, 2], [5]),
        ("other/a", [7], [6]),
        ("other/e", [6], [7]),
    ]


def test_leaving_out_one_of_two_cameras_is_refused_with_what_to_do_instead():
    said = (
        r"fold 'side' tests side and trains on front, which show the same people: front/a \(and 1 more\) would be on "
        "both sides; use loso, or a dataset with only one of them"
    )
    with pytest.raises(ProtocolError, match=said) as caught:
        LeaveOneDatabaseOut().folds(TABLE)
    assert not isinstance(caught.value, SplitterFault)


def test_a_splitter_that_separates_the_clips_of_one_camera_is_at_fault():
    class Clips(Splitter):
        def split(self, clips):
            yield Fold("first", np.arange(1, len(clips)), np.arange(1))

    table = by_person(clips_of(("side/a", "side/a", "front/a", "front/b")), CAMERAS)
    with pytest.raises(SplitterFault, match="subject front/a is on the training side and the test side"):
        Clips().folds(table)


@pytest.mark.parametrize("splitter", [LeaveOneSubjectOut(), PerDatabase(), FiveFold()])
@settings(max_examples=25)
@given(clips=splittable_tables(), cameras=st.sets(st.sampled_from("pqrs"), min_size=2))
def test_no_person_is_on_both_sides_whatever_databases_show_the_same_people(splitter, clips, cameras):
    table = by_person(clips, (tuple(sorted(cameras)),))
    try:
        folds = splitter.folds(table)
    except ProtocolError:
        assert isinstance(splitter, FiveFold)
        assert table["subject"].nunique() < 5
        return
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(clips)))
    for fold in folds:
        assert not people(clips, fold.train, cameras) & people(clips, fold.test, cameras)


@given(clip_tables(), st.sets(st.sampled_from("pqrs"), min_size=2))
def test_databases_are_left_out_unless_they_share_a_person(clips, cameras):
    table = by_person(clips, (tuple(sorted(cameras)),))
    if (table.groupby("subject")["database"].nunique() > 1).any():
        with pytest.raises(ProtocolError, match="show the same people"):
            LeaveOneDatabaseOut().folds(table)
    elif table["database"].nunique() > 1:
        assert len(LeaveOneDatabaseOut().folds(table)) == table["database"].nunique()


@settings(max_examples=25)
@given(splittable_tables(), st.integers(0, 2**32))
def test_the_inner_split_keeps_a_person_on_one_side_too(clips, seed):
    table = by_person(clips, (tuple("pqrs"),))
    train = np.flatnonzero(table["subject"] != table["subject"].iloc[0])
    try:
        inner, held_out = inner_split(table, train, table["label"].to_numpy(), seed)
    except ProtocolError:
        return
    assert not people(clips, inner, "pqrs") & people(clips, held_out, "pqrs")
