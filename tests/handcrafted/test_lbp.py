"""Local binary patterns: codes known by hand and from scikit-image, and what they must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_handcrafted.lbp import (
    Setting,
    lbp_sip,
    lbp_sip_histograms,
    lbp_top,
    lbp_top_histograms,
    pattern_codes,
    plane_points,
    uniform_bins,
)
from skimage.feature import local_binary_pattern

ALIKE = {4: 15, 8: 57}  # the bin in which all points are at least the centre: of 16, and of 59 uniform ones
SMALL = Setting(radii=(1, 1, 1), blocks=(1, 1))


def noise(*shape: int, below: int = 256) -> np.ndarray:
    return np.random.default_rng(0).integers(0, below, shape, dtype=np.uint8)


def one_bin(histogram: np.ndarray) -> int:
    """The only bin of a histogram that counts anything."""
    (places,) = np.nonzero(histogram)
    assert places.size == 1
    assert histogram[places[0]] == 1
    return int(places[0])


def ramp(axis: int) -> np.ndarray:
    """A volume `[5, 12, 12]` that grows by 3 grey values along one axis and is constant along the others."""
    shape = [1, 1, 1]
    shape[axis] = -1
    return np.broadcast_to((3 * np.arange((5, 12, 12)[axis], dtype=np.uint8)).reshape(shape), (5, 12, 12)).copy()


def test_the_codes_of_one_centre_are_those_written_down_by_hand() -> None:
    volume = np.zeros((3, 3, 3), np.uint8)
    volume[1] = [[0, 9, 0], [3, 5, 5], [0, 4, 0]]  # above 9, left 3, centre 5, right 5, below 4
    volume[0, 1, 1], volume[2, 1, 1] = 6, 1  # before 6, after 1
    codes = {plane: pattern_codes(volume, plane_points(plane, (1, 1, 1), 4), (1, 1, 1)) for plane in ("xy", "xt", "yt")}
    assert {plane: code.item() for plane, code in codes.items()} == {
        "xy": 0b0011,  # right and above, not left and below
        "xt": 0b1001,  # right and before, not after and left
        "yt": 0b0110,  # above and before, not after and below
    }


@pytest.mark.parametrize("points", [4, 8])
@pytest.mark.parametrize("radius", [1, 2, 3])
def test_the_codes_on_each_plane_are_those_of_scikit_image(points: int, radius: int) -> None:
    volume = noise(15, 20, 25)
    inner = slice(radius, -radius)
    radii = (radius, radius, radius)
    xy, xt, yt = (pattern_codes(volume, plane_points(plane, radii, points), radii) for plane in ("xy", "xt", "yt"))

    def reference(image: np.ndarray) -> np.ndarray:
        return local_binary_pattern(image, points, radius, "default")[inner, inner]

    # scikit-image counts its points from the right towards the top; the top of an image of XT is what comes last.
    for t in range(xy.shape[0]):
        assert np.array_equal(xy[t], reference(volume[t + radius]))
    for y in range(xt.shape[1]):
        assert np.array_equal(xt[::-1, y], reference(volume[::-1, y + radius]))
    for x in range(yt.shape[2]):
        assert np.array_equal(yt[:, :, x].T, reference(volume[:, :, x + radius].T))


def test_the_uniform_patterns_are_those_of_scikit_image() -> None:
    image = noise(300, 300)
    codes = local_binary_pattern(image, 8, 1, "default").astype(int)
    theirs = local_binary_pattern(image, 8, 1, "nri_uniform").astype(int)
    assert sorted(set(theirs.ravel())) == list(range(59))
    mine = uniform_bins(8)[codes]
    assert len({(a, b) for a, b in zip(mine.ravel(), theirs.ravel(), strict=True)}) == 59  # one to one
    assert np.array_equal(mine == 58, theirs == 58)
    assert uniform_bins(4).tolist() == [0, 1, 2, 3, 4, 14, 5, 6, 7, 8, 14, 9, 10, 11, 12, 13]


@pytest.mark.parametrize("variant", ["megc2019", "r3p8"])
def test_a_constant_clip_has_one_pattern(variant: str) -> None:
    found = lbp_top(np.full((10, 3, 60, 60), 128, np.uint8), variant=variant)
    points, bins = (4, 16) if variant == "megc2019" else (8, 59)
    assert found.shape == (5, 5, 3, bins)
    assert found.dtype == np.float32
    assert {one_bin(histogram) for histogram in found.reshape(-1, bins)} == {ALIKE[points]}


@pytest.mark.parametrize(
    ("axis", "patterns"),
    [
        (2, (0b1011, 0b1011, 0b1111)),  # brighter to the right: left is below the centre, all else at least as bright
        (1, (0b1101, 0b1111, 0b1101)),  # brighter downwards: above is below the centre
        (0, (0b1111, 0b0111, 0b1011)),  # brighter with time: before is below the centre
    ],
)
def test_a_ramp_has_the_patterns_that_are_known_by_hand(axis: int, patterns: tuple[int, int, int]) -> None:
    found = lbp_top_histograms(ramp(axis), SMALL)[0, 0]
    assert tuple(one_bin(histogram) for histogram in found) == patterns


@pytest.mark.parametrize(("axis", "patterns"), [(2, (0b1011, 0b11)), (1, (0b1101, 0b11)), (0, (0b1111, 0b01))])
def test_the_six_points_of_a_ramp_have_the_patterns_that_are_known_by_hand(
    axis: int, patterns: tuple[int, int]
) -> None:
    found = lbp_sip_histograms(ramp(axis), SMALL)[0, 0]
    assert (one_bin(found[:16]), one_bin(found[16:])) == patterns


@pytest.mark.parametrize("variant", ["megc2019", "r3p8"])
def test_a_clip_that_is_brighter_everywhere_has_the_same_histograms(variant: str) -> None:
    clip = np.repeat(noise(10, 1, 60, 60, below=200), 3, 1)
    assert np.array_equal(lbp_top(clip, variant=variant), lbp_top(clip + np.uint8(55), variant=variant))
    assert np.array_equal(lbp_sip(clip), lbp_sip(clip + np.uint8(55)))


def test_every_rising_change_of_grey_leaves_four_points_as_they_are() -> None:
    volume = noise(10, 60, 60, below=128)
    changed = np.sort(np.random.default_rng(1).choice(256, 128, replace=False)).astype(np.uint8)[volume]
    assert np.array_equal(lbp_top_histograms(volume, Setting()), lbp_top_histograms(changed, Setting()))


@pytest.mark.parametrize("width", [52, 53, 56, 61])  # 50 centres, five blocks of ten; and some that are no multiple
def test_a_mirrored_clip_has_the_mirrored_blocks_and_patterns(width: int) -> None:
    volume = noise(10, 52, width)
    swapped = np.array([one & 0b1010 | one >> 2 & 1 | (one & 1) << 2 for one in range(16)])
    straight, mirrored = (lbp_top_histograms(one, Setting()) for one in (volume, volume[:, :, ::-1]))
    assert np.array_equal(mirrored[:, ::-1, :2][..., swapped], straight[:, :, :2])
    assert np.array_equal(mirrored[:, ::-1, 2], straight[:, :, 2])  # YT has no left and right


def test_each_block_describes_its_own_part_of_the_image() -> None:
    volume = np.full((10, 52, 52), 100, np.uint8)
    volume[:, 25, 35] = 200  # the 24th row and 34th column of the centres: block (2, 3)
    still = lbp_top_histograms(np.full_like(volume, 100), Setting())
    changed = (lbp_top_histograms(volume, Setting()) != still).any((-2, -1))
    assert np.argwhere(changed).tolist() == [[2, 3]]


def test_the_six_points_in_the_image_are_those_of_the_plane_xy() -> None:
    clip = np.repeat(noise(10, 1, 60, 60), 3, 1)
    found = lbp_sip(clip)
    assert (found.shape, found.dtype) == ((5, 5, 20), np.float32)
    assert np.array_equal(found[..., :16], lbp_top(clip)[:, :, 0])
    assert np.allclose(found[..., 16:].sum(-1), 1)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((8, 3, 60, 60), "8 frames are too few for a radius of 4, which needs 9"),
        ((10, 3, 2, 60), "2 rows are too few for a radius of 1, which needs 3"),
        ((10, 3, 60, 2), "2 columns are too few for a radius of 1"),
        ((10, 3, 60, 6), r"blocks is \(5, 5\); 58x4 pixels cannot be divided into so many"),
    ],
)
def test_a_clip_that_is_too_small_is_named(shape: tuple[int, ...], words: str) -> None:
    for descriptor in (lbp_top, lbp_sip):
        with pytest.raises(ValueError, match=words):
            descriptor(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"radii": (1, 1, 0)}, r"radii is \(1, 1, 0\); it must be three whole numbers of at least 1"),
        ({"radii": (1, 1)}, r"radii is \(1, 1\)"),
        ({"radii": (1, 1.5, 1)}, r"radii is \(1, 1\.5, 1\)"),
        ({"points": 6}, "points is 6; it must be 4 or 8"),
        ({"blocks": (0, 5)}, r"blocks is \(0, 5\); it must be two whole numbers of at least 1"),
    ],
)
def test_a_parameter_out_of_range_is_named(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Setting(**options)


def test_an_unknown_variant_is_named() -> None:
    with pytest.raises(ValueError, match="variant is 'r9'; it must be one of megc2019, r3p8"):
        lbp_top(np.zeros((10, 3, 60, 60), np.uint8), variant="r9")
    with pytest.raises(ValueError, match="variant is 'r9'; it must be one of r114, r3"):
        lbp_sip(np.zeros((10, 3, 60, 60), np.uint8), variant="r9")
