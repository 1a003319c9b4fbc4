"""Ranks, their intervals, and the group that cannot be told from the best."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.leaderboard import statistics as module
from merbench.leaderboard.separation import ALPHA, separation
from merbench.leaderboard.statistics import holm, stand
from merbench.scores import compare_confusions, confusion_per_subject, paired_test, rate_resampled

TRUTH = [0, 1, 2] * 20
SUBJECTS = [f"s{place // 3:02d}" for place in range(60)]


def row(right: int, seeds: int = 1) -> np.ndarray:
    """A model that is right on the first so many clips, and elsewhere answers the next class."""
    predicted = [label if place < right else (label + 1) % 3 for place, label in enumerate(TRUTH)]
    _, counts = confusion_per_subject(TRUTH, predicted, SUBJECTS, 3)
    return np.stack([counts] * seeds)


def test_the_best_is_first_and_leads() -> None:
    worst, best, middle = stand([row(20), row(60), row(40)])
    assert [worst.rank, best.rank, middle.rank] == [3, 1, 2]
    assert best.leading
    assert best.against_best is None


def test_equal_rows_share_a_rank_and_the_next_one_is_as_far_down_as_there_are_rows_above() -> None:
    assert [one.rank for one in stand([row(40), row(60), row(60), row(20)])] == [3, 1, 1, 4]


def test_seeds_that_were_counted_twice_tie_with_the_same_seeds_counted_once() -> None:
    assert [one.rank for one in stand([row(39, seeds=3), row(39)])] == [1, 1]


def test_a_row_that_answers_the_same_as_the_best_is_not_separable_from_it() -> None:
    first, second = stand([row(50), row(50)])
    assert first.leading
    assert second.leading
    assert second.against_best is not None
    assert second.against_best.p_value == 1.0
    assert second.against_best.difference == 0
    assert second.against_best.interval == (0, 0)


def test_a_row_that_is_wrong_everywhere_is_separated_from_one_that_is_right_everywhere() -> None:
    best, worst = stand([row(60), row(0)])
    assert best.rank_interval == (1, 1)
    assert worst.rank_interval == (2, 2)
    assert not worst.leading
    assert worst.against_best is not None
    # 20 subjects exchanged all together or not at all are the only draws as extreme: p is the least there can be.
    assert worst.against_best.p_value == pytest.approx(1 / 10_001)


def test_the_difference_to_the_best_is_that_of_the_paired_test_and_the_p_value_that_of_the_board() -> None:
    rows = [row(60), row(50), row(45)]
    p_values, errors = separation(rows)
    for one, other, p_value, error in zip(stand(rows)[1:], rows[1:], p_values[1:], errors[1:], strict=True):
        alone = compare_confusions(rows[0], other)
        assert one.against_best is not None
        assert (one.against_best.difference, one.against_best.interval) == (alone.difference, alone.interval)
        assert (one.against_best.p_value, one.error) == (p_value, error)
        assert one.leading == (p_value > ALPHA)


def test_a_rank_interval_holds_the_ranks_of_most_resamples() -> None:
    rows = [row(44), row(46), row(45)]
    drawn = np.stack([rate_resampled(one, "uf1").mean(axis=0) for one in rows])
    middle = 1 + (drawn > drawn[2]).sum(axis=0)
    low, high = stand(rows)[2].rank_interval
    assert np.mean((middle >= low) & (middle <= high)) >= 0.95
    assert 1 <= low <= 2 <= high <= 3


def test_one_row_alone_is_first() -> None:
    (only,) = stand([row(30)])
    assert (only.rank, only.rank_interval, only.leading) == (1, (1, 1), True)


def test_no_rows_have_no_standings() -> None:
    assert stand([]) == []


def test_holm_multiplies_the_smallest_by_all_and_lets_none_fall_below_the_one_before() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0.0001, 1), max_size=8))
def test_holm_keeps_the_order_and_never_lowers(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(raw <= after <= 1 for raw, after in zip(p_values, adjusted, strict=True))
    assert sorted(range(len(p_values)), key=lambda one: (p_values[one], one)) == sorted(
        range(len(p_values)), key=lambda one: (adjusted[one], p_values[one], one)
    )


def test_seeds_count_by_their_mean_and_one_seed_is_the_paired_test_itself() -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.integers(0, 3, len(TRUTH)) for _ in "ab")
    counts = [confusion_per_subject(TRUTH, one, SUBJECTS, 3)[1] for one in (a, b)]
    alone = compare_confusions(counts[0][None], counts[1][None])
    assert alone == paired_test(TRUTH, a, b, SUBJECTS, 3)
    both = compare_confusions(np.stack(counts), counts[1][None])
    assert both.difference == pytest.approx(alone.difference / 2)
    assert both.interval == pytest.approx(tuple(end / 2 for end in alone.interval))


def test_a_row_whose_p_value_another_draw_could_raise_above_the_limit_stays_in_the_leading_group(monkeypatch) -> None:
    for p_value, leads in ((0.0499, True), (0.0471, True), (0.0469, False)):
        monkeypatch.setattr(module, "separation", lambda rows, known, p=p_value: ([1.0, p], [0.0, 0.001]))
        assert stand([row(60), row(40)])[1].leading is leads
