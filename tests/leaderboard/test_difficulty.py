"""How hard clips and subjects are for some rows."""

from __future__ import annotations

import pytest

from merbench.leaderboard.boards import make_site
from merbench.leaderboard.difficulty import clips_of, subjects_of
from merbench.runs.export import without_clips
from tests.leaderboard.conftest import clips_of_dataset, guesses

TRUTH = clips_of_dataset("composite")["label"].tolist()


@pytest.fixture
def rows_of(entry_of, registry):
    return lambda *records: make_site(map(entry_of, records), (), registry).boards[0].rows


def test_a_clip_is_as_hard_as_few_rows_are_right_on_it(make_record, rows_of) -> None:
    wrong = [(one + 1) % 3 for one in TRUTH]
    rows = rows_of(make_record("right", predicted=TRUTH), make_record("wrong", predicted=wrong))
    assert {one.right for one in clips_of(rows)} == {0.5}


def test_a_row_counts_by_the_mean_of_its_seeds(make_record, rows_of) -> None:
    wrong = [(one + 1) % 3 for one in TRUTH]
    seeds = [make_record("net", predicted=TRUTH, seed=0), make_record("net", predicted=wrong, seed=1)]
    (row,) = rows_of(*seeds)
    assert {one.right for one in clips_of([row])} == {0.5}


def test_clips_come_in_the_order_of_their_ids_with_their_databases(make_record, rows_of) -> None:
    found = clips_of(rows_of(make_record()))
    assert [one.clip for one in found] == sorted(clips_of_dataset("composite")["clip"])
    assert all(one.clip.startswith(f"{one.database}/") for one in found)


def test_nothing_is_said_of_clips_whose_answers_are_not_public(make_record, rows_of) -> None:
    rows = rows_of(without_clips(make_record()))
    assert rows
    assert clips_of(rows) == []
    assert subjects_of(rows)


def test_the_hardest_subject_comes_first_with_the_share_of_its_clips(make_record, rows_of) -> None:
    found = subjects_of(rows_of(make_record(predicted=guesses(TRUTH, 0.6, 3))))
    assert [one.right for one in found] == sorted(one.right for one in found)
    assert sum(one.clips for one in found) == len(TRUTH)
    assert round(sum(one.right * one.clips for one in found)) == sum(
        a == b for a, b in zip(TRUTH, guesses(TRUTH, 0.6, 3), strict=True)
    )


def test_without_rows_there_are_no_subjects() -> None:
    assert subjects_of([]) == []
