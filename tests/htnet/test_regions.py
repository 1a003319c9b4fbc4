"""The four pieces of the flow, checked with a flow whose values are their places."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_htnet.regions import htnet_regions

# channel, row and column in one number: 2 05 17 is channel 2, row 5, column 17
POSITIONS = (np.arange(3)[:, None, None] * 10000 + np.arange(28)[:, None] * 100 + np.arange(28)).astype(np.float32)


def points(*pairs: tuple[float, float]) -> np.ndarray:
    return np.array(pairs, np.float32)


def first_rows_and_columns(tiled: np.ndarray) -> list[tuple[int, int]]:
    """Where the upper left corner of each of the four pieces lay in the flow."""
    corners = [int(tiled[0, row, column]) for row in (0, 14) for column in (0, 14)]
    return [divmod(corner, 100) for corner in corners]


LANDMARKS = points((8, 10), (20, 11), (14, 15), (9, 18), (19, 17))


def test_as_released_takes_x_for_the_row() -> None:
    tiled = htnet_regions(POSITIONS, LANDMARKS)
    assert first_rows_and_columns(tiled) == [(1, 3), (13, 4), (2, 11), (12, 10)]


def test_anatomical_takes_y_for_the_row() -> None:
    tiled = htnet_regions(POSITIONS, LANDMARKS, variant="anatomical")
    assert first_rows_and_columns(tiled) == [(3, 1), (4, 13), (11, 2), (10, 12)]


def test_a_piece_is_fourteen_by_fourteen_in_every_channel_and_unscaled() -> None:
    tiled = htnet_regions(POSITIONS, LANDMARKS)
    assert tiled.shape == (3, 28, 28)
    assert tiled.dtype == np.float32
    np.testing.assert_array_equal(tiled[:, :14, :14], POSITIONS[:, 1:15, 3:17])
    np.testing.assert_array_equal(tiled[:, :14, 14:], POSITIONS[:, 13:27, 4:18])
    np.testing.assert_array_equal(tiled[:, 14:, :14], POSITIONS[:, 2:16, 11:25])
    np.testing.assert_array_equal(tiled[:, 14:, 14:], POSITIONS[:, 12:26, 10:24])


def test_centres_outside_are_clamped_so_that_no_piece_leaves_the_image() -> None:
    far = points((-5, 3), (6.99, 40), (0, 0), (21.9, 7), (28, 28))
    assert first_rows_and_columns(htnet_regions(POSITIONS, far)) == [(0, 0), (0, 14), (14, 0), (14, 14)]


def test_centres_are_truncated_not_rounded() -> None:
    between = points((10.99, 9.99), (20.5, 8.01), (14, 14), (8.999, 20.999), (19.5, 20.5))
    assert first_rows_and_columns(htnet_regions(POSITIONS, between)) == [(3, 2), (13, 1), (1, 13), (12, 13)]


def test_the_nose_is_not_used() -> None:
    moved = LANDMARKS.copy()
    moved[2] = (3, 25)
    np.testing.assert_array_equal(htnet_regions(POSITIONS, moved), htnet_regions(POSITIONS, LANDMARKS))


def test_both_variants_agree_where_landmarks_lie_on_the_diagonal() -> None:
    diagonal = points((8, 8), (12, 12), (14, 14), (17, 17), (20, 20))
    np.testing.assert_array_equal(
        htnet_regions(POSITIONS, diagonal), htnet_regions(POSITIONS, diagonal, variant="anatomical")
    )


def test_the_flow_is_left_as_it_was() -> None:
    before = POSITIONS.copy()
    htnet_regions(POSITIONS, LANDMARKS)[:] = 0
    np.testing.assert_array_equal(POSITIONS, before)


@pytest.mark.parametrize(
    ("flow", "landmarks", "variant", "says"),
    [
        (np.zeros((3, 32, 28)), LANDMARKS, "as-released", "flow has shape"),
        (np.zeros((28, 28)), LANDMARKS, "as-released", "flow has shape"),
        (POSITIONS, LANDMARKS[:4], "as-released", "must be five pairs"),
        (POSITIONS, np.full((5, 2), np.nan), "as-released", "must be five pairs"),
        (POSITIONS, LANDMARKS, "transposed", "variant is 'transposed'; it must be one of"),
    ],
)
def test_what_cannot_be_cut_is_named(flow: np.ndarray, landmarks: np.ndarray, variant: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        htnet_regions(flow, landmarks, variant=variant)
