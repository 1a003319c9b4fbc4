"""The best rows of a board compared with each other, as data for the page."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from merbench.leaderboard.boards import counts_of, make_site
from merbench.leaderboard.compare import MOST_ENTRIES, MOST_ROWS, comparable, compare_rows
from merbench.leaderboard.entries import make_entry
from merbench.runs.export import without_clips
from merbench.scores import compare_confusions


@pytest.fixture(scope="module")
def board(make_record, registry):
    def of(*records):
        (only,) = make_site([make_entry(record, registry) for record in records], (), registry).boards
        return only

    return of


@pytest.fixture(scope="module")
def three(board, make_record):
    """Three rows, the second of two seeds."""
    return board(
        make_record("good", accuracy=0.8, draw=1),
        make_record("seeds", accuracy=0.6, draw=3),
        make_record("seeds", accuracy=0.7, draw=5, seed=1),
        make_record("bad", accuracy=0.4, draw=7),
    )


def test_every_pair_has_the_difference_the_interval_and_the_p_value_of_the_paired_test(three):
    data = compare_rows(three)
    rows = three.ranked
    assert [one for one, _ in data["rows"]] == [row.id for row in rows]
    assert data["columns"] == [[part, metric] for part in three.parts for metric in ("UF1", "UAR")]
    for (a, b), (p_value, differences) in zip(combinations(rows, 2), data["pairs"], strict=True):
        for (part, metric), found in zip(data["columns"], differences, strict=True):
            counts = [counts_of(row, part) for row in (a, b)]
            wanted = compare_confusions(*counts, metric=metric.lower())
            assert found == pytest.approx([wanted.difference, *wanted.interval], abs=5e-4 + 1e-9)
            if (part, metric) == ("full", "UF1"):
                assert p_value == pytest.approx(wanted.p_value, abs=5e-4 + 1e-9)


def test_the_scores_are_those_of_the_rows(three):
    data = compare_rows(three)
    for row, scores in zip(three.ranked, data["scores"], strict=True):
        assert scores == [round(row.figures[part][metric.lower()].value, 3) for part, metric in data["columns"]]


def test_the_answers_to_public_clips_are_those_of_each_rows_first_entry(three):
    data = compare_rows(three)
    for row, answers in zip(three.ranked, data["answers"], strict=True):
        first = row.entries[0].answers
        assert dict(zip(data["clips"], answers, strict=True)) == dict(
            zip(first.clips, first.predicted["last"], strict=True)
        )
        assert dict(zip(data["clips"], data["truth"], strict=True)) == dict(zip(first.clips, first.truth, strict=True))


def test_records_without_clips_are_compared_and_name_no_clip(board, make_record):
    whole = [make_record("a", draw=1), make_record("b", draw=2)]
    data, bare = compare_rows(board(*whole)), compare_rows(board(*map(without_clips, whole)))
    assert bare["pairs"] == data["pairs"]
    assert not {"clips", "truth", "answers"} & set(bare)


def test_the_best_rows_of_a_long_board_are_compared(board, make_record, three):
    many = board(*(make_record(f"model {draw}", accuracy=0.5, draw=draw) for draw in range(MOST_ROWS + 2)))
    data = compare_rows(many)
    assert [one for one, _ in data["rows"]] == [row.id for row in many.ranked[:MOST_ROWS]]
    assert len(data["pairs"]) == MOST_ROWS * (MOST_ROWS - 1) // 2
    assert np.isfinite([difference for _, pair in data["pairs"] for difference in pair]).all()


def test_the_best_row_of_each_model_is_compared_before_a_second_one_of_another(board, make_record):
    good = [make_record("good", accuracy=0.9, draw=draw, recipe=f"r{draw}") for draw in range(MOST_ROWS)]
    many = board(*good, make_record("poor", accuracy=0.2, draw=99))
    assert len(comparable(many)) == MOST_ROWS
    assert comparable(many)[-1] is many.ranked[-1]


def test_rows_of_many_seeds_are_compared_while_their_entries_are_few(three):
    first, second, last = three.ranked
    rows = (replace(first, entries=first.entries * (MOST_ENTRIES - 2)), second, last)
    assert comparable(replace(three, rows=rows)) == rows[:2]


def test_fewer_than_two_ranked_rows_are_not_compared(board, make_record):
    assert compare_rows(board(make_record(), make_record("sent", declared="unknown"))) == {}


def test_the_same_board_gives_the_same_data(three):
    assert json.dumps(compare_rows(three)) == json.dumps(compare_rows(three))
