"""Which frames stand for onset and apex in training."""

from __future__ import annotations

import merbench_mmnet
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from merbench_mmnet.neighbours import CANDIDATES, REACH, candidates, drawn_from, neighbours_32, neighbours_224


def test_the_reach_in_frames_is_that_of_the_authors_loaders() -> None:
    # A rise of 94 frames: int(.2 x 94 / 4) = 4 after the onset, int(.15 x 94 / 4) = 3 before the apex; a fall of 60:
    # int(.15 x 60 / 4) = 2 after the apex.
    onset, apex = drawn_from(100, 194, 254, REACH["3-class"])
    assert onset == (100, range(100, 105))
    assert apex == (194, range(191, 197))
    onset, apex = drawn_from(100, 194, 254, REACH["5-class"])
    assert onset == (100, range(100, 104))
    assert apex == (194, range(191, 195))


def test_a_short_clip_has_no_neighbours() -> None:
    assert drawn_from(10, 29, 50, REACH["3-class"]) == ((10, range(10, 11)), (29, range(29, 30)))


def test_an_apex_outside_onset_and_offset_reaches_nowhere() -> None:
    assert drawn_from(100, 10, 5, REACH["3-class"]) == ((100, range(100, 101)), (10, range(10, 11)))


@pytest.mark.parametrize(
    ("exact", "numbers", "wanted"),
    [
        (5, range(5, 6), [5, 5, 5, 5, 5, 5]),
        (5, range(5, 7), [5, 6, 5, 6, 5, 6]),
        (5, range(4, 7), [5, 4, 6, 5, 4, 6]),
        (5, range(5, 9), [5, 6, 7, 8, 5, 6]),
        (5, range(3, 9), [5, 3, 4, 6, 7, 8]),
        (0, range(10), [0, 1, 3, 5, 7, 9]),
    ],
)
def test_six_candidates_stand_for_the_frames(exact: int, numbers: range, wanted: list[int]) -> None:
    assert candidates(exact, numbers) == wanted


@given(st.integers(-40, 40), st.integers(0, 30), st.integers(0, 30))
def test_candidates_are_frames_within_reach_and_as_evenly_spread_as_six_allow(
    exact: int, left: int, right: int
) -> None:
    numbers = range(exact - left, exact + right + 1)
    found = candidates(exact, numbers)
    assert found[0] == exact
    assert set(found) <= set(numbers)
    assert len(found) == CANDIDATES
    counts = [found.count(number) for number in set(found)]
    assert len(counts) == min(len(numbers), CANDIDATES)
    assert max(counts) - min(counts) <= 1


def test_the_first_candidates_are_onset_and_apex_red_first(aligned) -> None:
    face = aligned(frames=42, onset=0, apex=40)
    images = neighbours_224(face, np.array([40]))
    assert (images.shape, images.dtype) == ((2, 6, 3, 224, 224), np.uint8)
    # int(.2 x 40 / 4) = 2 after the onset; int(.15 x 40 / 4) = 1 before the apex, int(.15 x 1 / 4) = 0 after it
    for side, places in ((0, (0, 1, 2, 0, 1, 2)), (1, (40, 39, 40, 39, 40, 39))):
        for candidate, place in enumerate(places):
            assert np.array_equal(images[side, candidate].transpose(1, 2, 0), face[place])


def test_the_apex_is_the_one_that_was_found_not_the_annotated_one(aligned) -> None:
    face = aligned()
    assert np.array_equal(neighbours_224(face, np.array([6]))[1, 0].transpose(1, 2, 0), face[6])


def test_the_small_images_are_the_large_ones_shrunk(aligned) -> None:
    face = aligned()
    large, small = (function(face, np.array([4])) for function in (neighbours_224, neighbours_32))
    assert (small.shape, small.dtype) == ((2, 6, 3, 32, 32), np.float32)
    wanted = large.reshape(2, 6, 3, 32, 7, 32, 7).mean((4, 6))
    np.testing.assert_allclose(small, wanted, atol=1e-3)


def test_an_unknown_variant_is_named(aligned) -> None:
    with pytest.raises(ValueError, match="variant is '7-class'; it must be one of 3-class, 5-class"):
        neighbours_224(aligned(), np.array([4]), variant="7-class")


def test_the_variants_that_are_registered_are_those_there_are() -> None:
    assert {feature.variants for feature in merbench_mmnet.merbench_features()} == {tuple(REACH)}
