"""Training on one database alone: what each fold trains on and tests, and what cannot be split."""

import pytest
from merbench_databases.transfer import FromCASME2, FromSAMM, FromSMIC

import merbench
from merbench.data.people import by_person


def table(*clips):
    """A table of `database/subject` in this order; the clips are numbered."""
    return merbench.clip_table(
        [
            {
                "clip": f"{one}/{number}",
                "database": one.partition("/")[0],
                "subject": one,
                "emotion": "happiness",
                "label": 0,
            }
            for number, one in enumerate(clips)
        ]
    )


CLIPS = ("smic/s1", "casme2/a", "smic/s2", "smic/s1", "casme2/b", "samm/x", "casme2/a")


@pytest.mark.parametrize(
    ("splitter", "expected"),
    [
        (
            FromSMIC,
            [
                ("smic/s1", [2], [0, 3]),
                ("smic/s2", [0, 3], [2]),
                ("casme2", [0, 2, 3], [1, 4, 6]),
                ("samm", [0, 2, 3], [5]),
            ],
        ),
        (
            FromCASME2,
            [
                ("casme2/a", [4], [1, 6]),
                ("casme2/b", [1, 6], [4]),
                ("smic", [1, 4, 6], [0, 2, 3]),
                ("samm", [1, 4, 6], [5]),
            ],
        ),
    ],
)
def test_own_subjects_are_left_out_in_turn_and_other_databases_tested_whole(splitter, expected) -> None:
    folds = splitter().folds(table(*CLIPS))
    assert [(one.name, one.train.tolist(), one.test.tolist()) for one in folds] == expected


@pytest.mark.parametrize(
    ("splitter", "clips", "message"),
    [
        (FromSAMM, ("smic/s1", "casme2/a"), "no clip of samm to train on, only of smic, casme2"),
        (FromSAMM, ("samm/x", "samm/x", "smic/s1"), "samm has one subject only; to leave one out takes two"),
    ],
)
def test_a_database_that_cannot_be_trained_on_is_named(splitter, clips, message) -> None:
    with pytest.raises(merbench.ProtocolError, match=message):
        splitter().folds(table(*clips))


def test_another_camera_of_those_who_are_trained_on_is_not_tested() -> None:
    cameras = by_person(table("smic/s1", "smic/s2", "smic-vis/s2", "samm/x"), (("smic", "smic-vis"),))
    said = "fold 'smic-vis' tests smic-vis and trains on smic, which show the same people: smic/s2 would be on both"
    with pytest.raises(merbench.ProtocolError, match=said):
        FromSMIC().folds(cameras)
