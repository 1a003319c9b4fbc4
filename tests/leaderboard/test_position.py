"""Where a record would stand on a board that it is not on yet."""

from __future__ import annotations

import pytest

from merbench.errors import RecordError
from merbench.leaderboard.boards import counts_of
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.position import position_of
from merbench.scores import compare_confusions

ALIKE = {"strong": 0.9, "equal": 0.9, "weak": 0.4}


@pytest.fixture
def entries(make_record, registry):
    """Of a strong model, an equal one and a weak one."""
    records = [make_record(name, accuracy=share, draw=draw) for draw, (name, share) in enumerate(ALIKE.items(), 1)]
    return [make_entry(record, registry) for record in records]


def test_a_record_gets_its_rank_and_a_corrected_test_against_each_other_leading_row(entries, make_record, registry):
    found = position_of(make_record("mine", accuracy=0.6, draw=9), entries, registry)
    assert (found.row.model, found.row.rank, len(found.board.ranked)) == ("mine", 3, 4)
    assert {row.model for row, _ in found.against} == {"strong", "equal"}
    for row, test in found.against:
        alone = compare_confusions(counts_of(found.row), counts_of(row))
        assert (test.difference, test.interval) == (alone.difference, alone.interval)
        assert alone.p_value <= test.p_value <= 2 * alone.p_value


def test_the_clips_are_those_that_one_has_right_and_the_best_other_wrong(entries, make_record, registry):
    mine = make_record("mine", accuracy=0.6, draw=9)
    found = position_of(mine, entries, registry)
    best = next(row for row in found.board.ranked if row.model != "mine").entries[0].answers
    theirs = dict(zip(best.clips, best.predicted["last"], strict=True))
    marks = {
        one.clip: (one.policies["last"].predicted == one.truth, theirs[one.clip] == one.truth)
        for one in mine.predictions
    }
    order = ["smic", "casme2", "samm"]
    ordered = sorted(marks, key=lambda clip: (order.index(clip.split("/")[0]), clip))
    assert found.difference.gained == tuple(clip for clip in ordered if marks[clip] == (True, False))
    assert found.difference.lost == tuple(clip for clip in ordered if marks[clip] == (False, True))


def test_a_record_that_is_on_the_board_already_is_compared_with_the_others(make_record, registry):
    records = [make_record("first", accuracy=0.9, draw=1), make_record("second", accuracy=0.5, draw=2)]
    found = position_of(records[0], [make_entry(one, registry) for one in records], registry)
    assert (found.row.rank, len(found.board.ranked)) == (1, 2)
    assert [row.model for row, _ in found.against] == ["second"]


@pytest.mark.parametrize("others", [[], [{"dataset": "smic-3", "protocol": "loso-per-database"}], [{"clips": 400}]])
def test_on_a_board_without_a_row_for_the_same_clips_a_record_is_the_first(others, make_record, registry):
    entries = [make_entry(make_record("other", draw=3, **fields), registry) for fields in others]
    found = position_of(make_record("mine"), entries, registry)
    assert (found.row.rank, found.against, found.difference) == (1, (), None)


def test_a_record_that_lacks_clips_is_not_ranked(entries, make_record, registry):
    with pytest.raises(RecordError, match=r"^the record would not be ranked: it covers 400 of 442 clips$"):
        position_of(make_record("mine", clips=400), entries, registry)
