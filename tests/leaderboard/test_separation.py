"""Which rows are separated from the best: one test for all pairs of rows."""

from __future__ import annotations

import numpy as np
import pytest

from merbench.leaderboard import exchanged
from merbench.leaderboard import separation as module
from merbench.leaderboard.separation import Known, separation
from merbench.scores import confusion_per_subject, exchange_p_value

TRUTH = [0, 1, 2] * 20
SUBJECTS = [f"s{place // 3:02d}" for place in range(60)]


def counts(predicted: list[int]) -> np.ndarray:
    return confusion_per_subject(TRUTH, predicted, SUBJECTS, 3)[1]


def right_on(subjects: set[int], seeds: int = 1) -> np.ndarray:
    """A model that is right on all clips of some of the twenty subjects, and elsewhere answers the next class."""
    predicted = [one if place // 3 in subjects else (one + 1) % 3 for place, one in enumerate(TRUTH)]
    return np.stack([counts(predicted)] * seeds)


def random_rows(rows: int, seeds: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [np.stack([counts(rng.integers(0, 3, len(TRUTH)).tolist()) for _ in range(seeds)]) for _ in range(rows)]


def test_of_two_rows_the_p_value_is_that_of_the_paired_test() -> None:
    # Ten subjects differ, nine of them in favour of one row: of the 1,024 exchanges, 2 (1 + 10) are as extreme.
    a, b = right_on(set(range(9))), right_on({9})
    p_value = 22 / 1024
    (best, other), (_, error) = separation([a, b])
    assert best == 1.0
    assert other == pytest.approx(p_value, abs=4 * error)
    assert exchange_p_value(a, b, "uf1", resamples=100_000) == pytest.approx(p_value, abs=4 * error)


def test_the_order_of_the_rows_and_rows_listed_twice_do_not_matter() -> None:
    rows = random_rows(5)
    alone = separation(rows)[0]
    assert separation(rows[::-1])[0] == alone[::-1]
    twice = separation([*rows, rows[0]])[0]
    assert twice[:5] == alone
    assert twice[5] == alone[0]


def test_seeds_that_were_counted_twice_change_nothing() -> None:
    rows = random_rows(4)
    again = [np.concatenate([one, one]) for one in rows]
    assert separation(again)[0] == pytest.approx(separation(rows)[0], abs=2e-3)
    assert separation([again[0], *rows[1:]])[0] == pytest.approx(separation(rows)[0], abs=2e-3)


def test_more_rows_make_no_p_value_smaller_by_more_than_chance() -> None:
    rows = [right_on(set(range(12))), right_on(set(range(4)))]
    alone, error = (one[1] for one in separation(rows))
    assert separation([*rows, *random_rows(8)])[0][1] >= alone - 4 * error


def test_of_few_subjects_every_exchange_is_used_if_the_limit_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nine of ten subjects are in favour of one row: of the 1,024 exchanges, 2 (1 + 10) are as extreme.
    monkeypatch.setattr(module, "ALPHA", 22 / 1024)
    rows = [one[:, :10] for one in (right_on(set(range(9))), right_on({9}))]
    assert separation(rows) == ([1.0, 22 / 1024], [0.0, 0.0])


@pytest.mark.parametrize("seeds", [1, 2])
def test_pairs_that_a_bound_leaves_out_change_no_p_value(seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*random_rows(12, seeds), right_on(set(range(9)), seeds), right_on({9})]
    bounded = separation(rows)
    monkeypatch.setattr(exchanged, "ROUNDED", 1000.0)  # standard errors: no bound leaves any pair out
    assert separation(rows) == bounded


def test_a_p_value_near_the_limit_takes_more_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALPHA", 22 / 1024)
    rows = [right_on(set(range(9))), right_on({9})]
    few = separation(rows, first=2_000, most=2_000)[1][1]
    assert separation(rows, first=2_000, most=8_000)[1][1] == pytest.approx(few / 2, rel=0.1)


def test_the_chance_to_leave_out_one_of_several_equal_rows_is_at_most_the_limit() -> None:
    # Rows that exchange their answers at random on every subject have the same true score. With a true rate of .05,
    # fewer than 1 of 10,000 suites would see more than 10 of 60 boards.
    rng, wrong = np.random.default_rng(2), 0
    for _ in range(60):
        rows = np.stack([right_on(set(rng.choice(20, 10, replace=False).tolist()))[0] for _ in range(6)])
        mixed = np.stack([rows[rng.permutation(6), subject] for subject in range(20)], axis=1)
        wrong += min(separation(list(mixed[:, None]), first=1_000, most=1_000)[0]) <= 0.05
    assert wrong <= 10


def test_no_rows_have_no_p_values() -> None:
    assert separation([]) == ([], [])


@pytest.mark.parametrize("seeds", [1, 2])
def test_rows_that_are_added_to_known_rows_get_the_p_values_of_a_test_of_all(seeds: int) -> None:
    # Added: the best, one in the middle, and one that is known already.
    added = [right_on(set(range(14))), right_on(set(range(9)), seeds)]
    rows = [*random_rows(12, seeds), right_on(set(range(8)), seeds)]
    known = Known()
    separation(rows, known=known)
    for count in (1, 2):
        grown = [added[0], *rows, *added[1:count], rows[3]]
        assert separation(grown, known=known) == separation(grown)


def test_what_is_known_of_the_rows_that_stay_is_not_computed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, known = random_rows(12), Known()
    separation(rows, known=known)
    computed = []
    most = exchanged.Exchanged.most
    monkeypatch.setattr(exchanged.Exchanged, "most", lambda *given: computed.append(given[1]) or most(*given))
    grown = [*rows, right_on(set(range(9)))]
    found = separation(grown, known=known)
    assert set(computed) == {12}
    assert found == separation(grown)


def test_without_a_row_that_was_known_all_is_computed_again() -> None:
    rows, known = [right_on(set(range(14))), *random_rows(6)], Known()
    separation(rows, known=known)
    assert separation(rows[1:], known=known) == separation(rows[1:])
    assert len(known.observed) == 6


def test_as_much_is_known_as_the_limit_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, known = random_rows(6), Known()
    monkeypatch.setattr(module, "KEPT", 5)
    separation(rows, known=known)
    assert known.blocks == {}
    grown = [*rows, right_on(set(range(9)))]
    assert separation(grown, known=known) == separation(grown)
