"""Bi-WOOF: what is known by hand, and what it must not see."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merbench_handcrafted.biwoof import bi_woof, bi_woof_28, strain
from merbench_handcrafted.hoof import hoof_28


def noise(seed: int, side: int = 28) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, side, side)).astype(np.float32)


def spreading(degrees: float, side: int = 20) -> np.ndarray:
    """Motion of one direction whose length grows with x, so that strain is the same everywhere."""
    angle = np.deg2rad(degrees)
    lengths = np.broadcast_to(np.arange(1, side + 1.0), (side, side))
    return np.stack([np.cos(angle) * lengths, np.sin(angle) * lengths])


@pytest.mark.parametrize(
    ("degrees", "bin_"), [(-179, 0), (-100, 1), (-80, 2), (-10, 3), (10, 4), (80, 5), (100, 6), (170, 7)]
)
def test_motion_of_one_direction_and_even_strain_fills_one_bin_of_every_block_alike(degrees: float, bin_: int) -> None:
    expected = np.zeros((5, 5, 8))
    expected[:, :, bin_] = 1 / 5  # 25 equal values of norm 1
    np.testing.assert_allclose(bi_woof(spreading(degrees)), expected, atol=1e-6)


def test_a_turn_by_one_bin_moves_every_histogram_by_one_bin() -> None:
    u, v = noise(1).astype(np.float64)
    turned = np.stack([u - v, u + v]) / np.sqrt(2)  # by 45 degrees, which changes no length
    before, after = (bi_woof(field, blocks=1)[0, 0] for field in (np.stack([u, v]), turned))
    np.testing.assert_allclose(after, np.roll(before, 1), atol=1e-6)


def test_opposed_motions_part() -> None:
    flow = np.zeros((2, 10, 10))
    flow[0, :, :5], flow[0, :, 5:] = 1, -1
    histogram = bi_woof(flow, blocks=1)[0, 0]
    np.testing.assert_allclose(histogram, [0, 0, 0, 0, 1, 0, 0, 1] / np.sqrt(2), atol=1e-6)


def test_blocks_weigh_as_their_mean_strain() -> None:
    image = np.full((3, 4, 4), 10.0)
    image[2, 0, 0] = image[2, 0, 3] = 50  # one pixel moves to the right in each upper block
    image[0] = 0
    image[0, :2, :2], image[0, :2, 2:] = 3, 4
    expected = np.zeros((2, 2, 8))
    expected[0, 0, 4], expected[0, 1, 4] = 0.6, 0.8
    np.testing.assert_allclose(bi_woof_28(image, blocks=2), expected, atol=1e-6)


def test_within_a_block_a_vector_counts_with_its_length() -> None:
    image = np.zeros((3, 5, 5))
    image[0] = 1
    image[2, 0, 0], image[1, 4, 4] = 3, 4  # right and down
    np.testing.assert_allclose(bi_woof_28(image, blocks=1, bins=4)[0, 0], [0, 0, 0.6, 0.8], atol=1e-6)


def test_strain_of_a_stretch_a_shear_a_shift_and_a_turn() -> None:
    y, x = np.indices((6, 6)).astype(float)
    still = np.zeros_like(x)
    np.testing.assert_allclose(strain(np.stack([0.5 * x, still])), 0.5)
    np.testing.assert_allclose(strain(np.stack([0.2 * y, still])), 0.2 / np.sqrt(2))
    np.testing.assert_allclose(strain(np.stack([still + 3, still - 2])), 0)
    np.testing.assert_allclose(strain(np.stack([0.1 * y, -0.1 * x])), 0, atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.floats(1e-6, 1e6))
def test_only_the_pattern_counts_not_how_far_everything_moves(seed: int, scale: float) -> None:
    flow = noise(seed).astype(np.float64)
    np.testing.assert_allclose(bi_woof(flow * scale), bi_woof(flow), atol=1e-5)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 28))
def test_values_are_not_negative_and_of_norm_1(seed: int, bins: int, blocks: int) -> None:
    histograms = bi_woof(noise(seed), bins=bins, blocks=blocks)
    assert (histograms >= 0).all()
    assert np.linalg.norm(histograms) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("side", [28, 224])
def test_a_mirrored_face_has_mirrored_blocks_and_directions(side: int) -> None:
    flow = noise(3, side)
    mirrored = flow[:, :, ::-1] * np.array([-1, 1], np.float32).reshape(2, 1, 1)
    # to the right and down (bin 4) becomes to the left and down (bin 7), up likewise
    expected = bi_woof(flow)[:, ::-1, [3, 2, 1, 0, 7, 6, 5, 4]]
    np.testing.assert_allclose(bi_woof(mirrored), expected, atol=1e-6)


def test_no_motion_gives_zeros() -> None:
    nothing = np.zeros((5, 5, 8))
    assert np.array_equal(bi_woof(np.zeros((2, 224, 224), np.float32)), nothing)
    assert np.array_equal(bi_woof(np.ones((2, 224, 224), np.float32)), nothing)  # nothing is strained
    for value in (0, 9, 255):
        assert np.array_equal(bi_woof_28(np.full((3, 28, 28), value, np.float32)), nothing)


def test_motion_straight_to_the_left_does_not_hang_on_the_sign_of_a_zero() -> None:
    flow = spreading(180)
    flow[1] = 0.0
    minus = flow.copy()
    minus[1] = -0.0
    assert np.array_equal(bi_woof(flow), bi_woof(minus))


def test_the_answer_is_small_floats() -> None:
    for histograms in (bi_woof(noise(0, 224)), bi_woof_28(np.random.default_rng(0).random((3, 28, 28)))):
        assert (histograms.shape, histograms.dtype) == ((5, 5, 8), np.float32)


@pytest.mark.parametrize(
    ("options", "says"), [({"bins": 0}, "bins is 0"), ({"blocks": 0}, "blocks is 0"), ({"blocks": 29}, "from 1 to 28")]
)
def test_an_option_out_of_range_is_named(options: dict[str, int], says: str) -> None:
    for function, argument in ((bi_woof, noise(0)), (bi_woof_28, np.zeros((3, 28, 28)))):
        with pytest.raises(ValueError, match=says):
            function(argument, **options)


def test_every_released_image_has_both_descriptors_and_motion_in_every_block(real_data: Path) -> None:
    images = sorted((real_data / "htnet-release" / "datasets" / "STSNet_whole_norm_u_v_os").glob("*.png"))
    assert len(images) == 442
    for path in images:
        image = cv2.imread(str(path)).transpose(2, 0, 1).astype(np.float32)
        np.testing.assert_allclose(hoof_28(image).sum(axis=2), 1, atol=1e-5)
        assert np.linalg.norm(bi_woof_28(image)) == pytest.approx(1, abs=1e-5)
