"""What the simulations and the figures of docs/how-sure.md are computed with."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.how_sure import clip_error, exchange_error, simulated


def one_clip_each(right: list[bool]) -> np.ndarray:
    """`[1, subjects, 2, 2]`: each subject has a clip of either class, both right or both wrong."""
    alike, crossed = np.eye(2, dtype=int), 1 - np.eye(2, dtype=int)
    return np.stack([alike if one else crossed for one in right])[None]


def test_equal_rows_keep_the_answers_of_each_subject_and_only_exchange_them() -> None:
    rows = [one_clip_each([place >= row for place in range(4)]) for row in (0, 2, 4)]
    board = np.concatenate(simulated(rows, 3, 1))
    assert board.shape == (3, 4, 2, 2)
    right = board[:, :, 0, 0].sum(axis=0)
    assert set(right.tolist()) <= {1, 2}  # of three rows, one or two are right on every subject
    kept = np.concatenate(simulated(rows, 0, 1))
    assert kept[0, :, 0, 0].tolist() == [1] * 4


def test_the_standard_error_of_a_pair_is_that_of_random_signs() -> None:
    # They differ on four of sixteen subjects; each exchange changes the difference of UF1 by a sixteenth up or down.
    a, b = one_clip_each([True] * 16), one_clip_each([True] * 12 + [False] * 4)
    assert exchange_error(a, b) == pytest.approx(2 / 16, rel=0.05)


def test_a_clip_alone_counts_like_a_subject_of_its_own() -> None:
    # Ten clips of each class, half right: UF1 is .5. Nineteen clips without one.
    counts = np.array([[[5, 5], [5, 5]]])
    without_right = (2 * 4 / 18 + 2 * 5 / 20) / 2
    without_wrong = (2 * 5 / 19 + 2 * 5 / 19) / 2
    without_right = (8 / (9 + 9) + 10 / (10 + 10)) / 2
    values = np.array([without_right] * 10 + [without_wrong] * 10)
    wanted = np.sqrt(19 / 20 * np.square(values - values.mean()).sum())
    assert clip_error(counts) == pytest.approx(wanted)
