"""Histograms of gradients on three planes: gradients known by hand, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_handcrafted.hog import VARIANTS, hog_top, hog_top_histograms

STILL = np.zeros(8)


def ramp(t: int = 0, y: int = 0, x: int = 0) -> np.ndarray:
    """A volume `[5, 12, 12]` that grows by so many grey values from one place to the next, 120 in its middle."""
    places = np.stack(np.indices((5, 12, 12)), -1) - (2, 6, 6)
    return (120 + places @ (t, y, x)).astype(np.uint8)


def histograms(volume: np.ndarray, **options: object) -> list[np.ndarray]:
    """XY, XT and YT of the whole image."""
    return list(hog_top_histograms(volume, blocks=(1, 1), **options)[0, 0])


def clip(below: int = 256) -> np.ndarray:
    return np.repeat(np.random.default_rng(0).integers(0, below, (10, 1, 52, 52), dtype=np.uint8), 3, 1)


def at(**shares: float) -> np.ndarray:
    """Eight bins; `at(b0=1)` is all in the first."""
    found = STILL.copy()
    for name, share in shares.items():
        found[int(name[1:])] = share
    return found


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(
    ("volume", "xy", "xt", "yt"),
    [
        (ramp(x=4), at(b0=1), at(b0=1), STILL),  # brighter to the right: towards the right of XY and of XT
        (ramp(x=-4), at(b4=1), at(b4=1), STILL),  # and the opposite direction is another
        (ramp(y=4), at(b2=1), STILL, at(b0=1)),  # downwards: down in XY, to the right in YT
        (ramp(t=4), STILL, at(b2=1), at(b2=1)),  # with time: down in both planes that have it
        (ramp(x=4, y=4), at(b1=1), at(b0=1), at(b0=1)),
        (ramp(x=4, t=-4), at(b0=1), at(b7=1), at(b6=1)),  # a slope that moves to the right by a pixel a frame
    ],
)
def test_a_ramp_has_the_directions_that_are_known_by_hand(volume, xy, xt, yt, weighted) -> None:
    for found, wanted in zip(histograms(volume, weighted=weighted), (xy, xt, yt), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_a_gradient_between_two_directions_is_shared_by_its_angle() -> None:
    share = np.arctan2(1, 2) / (np.pi / 4)  # of the way from the right to the lower right
    np.testing.assert_allclose(histograms(ramp(x=4, y=2))[0], at(b0=1 - share, b1=share), rtol=1e-6, atol=1e-7)


def test_a_gradient_counts_with_its_magnitude_or_as_one() -> None:
    volume = np.full((3, 4, 4), 50, np.uint8)
    volume[1, 1, 2], volume[1, 3, 1] = 50 + 30, 50 + 10  # of the four places inside, one looks right and one down ...
    weighted, plain = histograms(volume)[0], histograms(volume, weighted=False)[0]
    # ... (1, 1) rises by 30 to the right, (2, 1) by 10 downwards; (2, 2) falls by 30 downwards; (1, 2) sees neither.
    np.testing.assert_allclose(weighted, at(b0=30 / 70, b2=10 / 70, b6=30 / 70), rtol=1e-6)
    np.testing.assert_allclose(plain, at(b0=1 / 3, b2=1 / 3, b6=1 / 3), rtol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_constant_clip_has_no_direction(variant: str) -> None:
    found = hog_top(np.full((10, 3, 20, 20), 77, np.uint8), variant=variant)
    assert (found.shape, found.dtype) == ((5, 5, 3, 8), np.float32)
    assert not found.any()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_clip_that_is_brighter_everywhere_has_the_same_histograms(variant: str) -> None:
    dark = clip(below=200)
    assert np.array_equal(hog_top(dark, variant=variant), hog_top(dark + np.uint8(55), variant=variant))


def test_a_clip_of_twice_the_contrast_has_the_same_histograms() -> None:
    np.testing.assert_allclose(hog_top(clip(below=128)), hog_top(2 * clip(below=128)), rtol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_mirrored_clip_has_the_mirrored_blocks_and_directions(variant: str) -> None:
    straight, mirrored = hog_top(clip(), variant=variant), hog_top(clip()[..., ::-1], variant=variant)
    left_is_right = (4 - np.arange(8)) % 8
    np.testing.assert_allclose(mirrored[:, ::-1, :2][..., left_is_right], straight[:, :, :2], rtol=1e-5)
    np.testing.assert_allclose(mirrored[:, ::-1, 2], straight[:, :, 2], rtol=1e-5)


def test_a_clip_played_backwards_moves_the_other_way() -> None:
    straight, backwards = hog_top(clip()), hog_top(clip()[::-1])
    later_is_earlier = -np.arange(8) % 8
    np.testing.assert_allclose(backwards[:, :, 0], straight[:, :, 0], rtol=1e-5)
    np.testing.assert_allclose(backwards[:, :, 1:][..., later_is_earlier], straight[:, :, 1:], rtol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_histogram_adds_to_one(variant: str) -> None:
    np.testing.assert_allclose(hog_top(clip(), variant=variant).sum(-1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 20, 20), "2 frames are too few for a gradient, which needs 3"),
        ((10, 2, 20), "2 rows are too few"),
        ((10, 20, 2), "2 columns are too few"),
        ((10, 6, 20), r"blocks is \(5, 5\); 4x18 pixels cannot be divided into so many"),
    ],
)
def test_a_clip_that_is_too_small_is_named(shape: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hog_top_histograms(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bins": 1}, "bins is 1; it must be a whole number of at least 2"),
        ({"bins": 4.0}, r"bins is 4\.0"),
        ({"blocks": (5, 0)}, r"blocks is \(5, 0\); it must be two whole numbers of at least 1"),
    ],
)
def test_a_parameter_out_of_range_is_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hog_top_histograms(ramp(), **options)


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(ValueError, match="variant is 'phog'; it must be one of hog, higo"):
        hog_top(clip(), variant="phog")
