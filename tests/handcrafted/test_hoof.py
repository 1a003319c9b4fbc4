"""HOOF: what is known by hand, what it must not see, and what it must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merbench_handcrafted.hoof import hoof, hoof_28, uncentred


def uniform(degrees: float, length: float = 1.0, side: int = 10) -> np.ndarray:
    """The same vector everywhere; degrees from the right, downwards positive as v is."""
    angle = np.deg2rad(degrees)
    return np.broadcast_to(length * np.array([np.cos(angle), np.sin(angle)]).reshape(2, 1, 1), (2, side, side)).astype(
        np.float32
    )


def noise(seed: int, side: int = 28) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, side, side)).astype(np.float32)


@pytest.mark.parametrize(
    ("degrees", "bin_"), [(-90, 0), (-80, 0), (-50, 1), (-1, 3), (1, 4), (50, 6), (80, 7), (90, 7), (130, 6), (181, 3)]
)
def test_motion_of_one_direction_fills_one_bin_of_every_block(degrees: float, bin_: int) -> None:
    expected = np.zeros((5, 5, 8))
    expected[:, :, bin_] = 1
    assert np.array_equal(hoof(uniform(degrees)), expected)


def test_a_vector_counts_with_its_length() -> None:
    flow = np.zeros((2, 2, 2), np.float32)
    flow[:, 0, 0] = 3, 4  # length 5, down and right
    flow[:, 1, 1] = 0, -15  # straight up
    assert hoof(flow, bins=2, blocks=1).tolist() == [[[0.75, 0.25]]]


def test_each_block_counts_its_own_pixels() -> None:
    flow = np.zeros((2, 4, 4), np.float32)
    flow[1, :2, :2], flow[1, 2:, 2:] = 1, -1
    assert hoof(flow, bins=2, blocks=2).tolist() == [[[0, 1], [0, 0]], [[0, 0], [1, 0]]]


def test_opposed_vertical_motions_part_and_opposed_horizontal_ones_fall_together() -> None:
    half = np.ones((1, 10), np.float32)
    half[:, 5:] = -1
    across, along = np.zeros((2, 10, 10), np.float32), np.zeros((2, 10, 10), np.float32)
    across[1], along[0] = half, half
    assert hoof(across, blocks=1)[0, 0].tolist() == [0.5, 0, 0, 0, 0, 0, 0, 0.5]
    assert hoof(along, blocks=1)[0, 0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0]


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.floats(1e-6, 1e6))
def test_only_direction_counts_not_how_far_everything_moves(seed: int, scale: float) -> None:
    flow = noise(seed)
    np.testing.assert_allclose(hoof(flow.astype(np.float64) * scale), hoof(flow), atol=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 28))
def test_histograms_add_to_1_and_are_blind_to_left_and_right(seed: int, bins: int, blocks: int) -> None:
    flow = noise(seed)
    histograms = hoof(flow, bins=bins, blocks=blocks)
    assert (histograms >= 0).all()
    np.testing.assert_allclose(histograms.sum(axis=2), 1, atol=1e-5)
    flow[0] *= -1
    assert np.array_equal(hoof(flow, bins=bins, blocks=blocks), histograms)


@pytest.mark.parametrize("side", [28, 224])
def test_a_mirrored_face_has_the_mirrored_blocks(side: int) -> None:
    flow = noise(3, side)
    mirrored = flow[:, :, ::-1] * np.array([-1, 1], np.float32).reshape(2, 1, 1)
    np.testing.assert_allclose(hoof(mirrored), hoof(flow)[:, ::-1], atol=1e-6)


def test_blocks_without_motion_are_zero() -> None:
    assert np.array_equal(hoof(np.zeros((2, 224, 224), np.float32)), np.zeros((5, 5, 8)))
    assert np.array_equal(hoof(np.full((2, 10, 10), -0.0, np.float32)), np.zeros((5, 5, 8)))


def test_the_answer_is_small_floats() -> None:
    histograms = hoof(noise(0, 224))
    assert (histograms.shape, histograms.dtype) == ((5, 5, 8), np.float32)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_small_image_of_one_value_has_no_motion(value: int) -> None:
    image = np.full((3, 28, 28), value, np.float32)
    assert np.array_equal(hoof_28(image), np.zeros((5, 5, 8)))


def test_a_small_image_is_read_from_its_still_part() -> None:
    image = np.full((3, 28, 28), 100, np.float32)
    image[1, :11, :6] = 60  # v: upwards in the first column's two upper blocks
    image[2, 17:, 22:] = 255  # u: sideways in the last column's two lower ones
    expected = np.zeros((5, 5, 8))
    expected[:2, 0, 0] = expected[3:, 4, 4] = 1
    assert np.array_equal(hoof_28(image), expected)


def test_channels_of_a_small_image_are_strain_v_and_u() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 28, 28)).astype(np.float32)
    u, v = uncentred(image)
    assert np.array_equal(v + np.median(image[1]), image[1])
    assert np.array_equal(u + np.median(image[2]), image[2])


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.1, 10), st.floats(-100, 100))
def test_a_head_that_shifts_as_a_whole_changes_nothing(seed: int, scale: float, shift: float) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (3, 28, 28)).astype(np.float64)
    np.testing.assert_allclose(uncentred(image * scale + shift), uncentred(image) * scale, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bins": 0}, "bins is 0; it must be a whole number of at least 1"),
        ({"bins": 2.5}, r"bins is 2\.5"),
        ({"blocks": 0}, "blocks is 0; it must be a whole number from 1 to 28"),
        ({"blocks": 29}, "blocks is 29"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, object], says: str) -> None:
    for function, argument in ((hoof, noise(0)), (hoof_28, np.zeros((3, 28, 28)))):
        with pytest.raises(ValueError, match=says):
            function(argument, **options)
