"""MDMO: its regions, the head's motion, and the main direction of motions known by hand."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merbench_demo.video import render
from merbench_handcrafted.mdmo import HEAD, mdmo, mdmo_svm, region_histograms, without_head_motion
from merbench_handcrafted.mdmo_regions import MIRRORED, REGIONS, polygons, region_map

SIDE = 224
ROWS = (6, 8, 6, 4, 4, 4, 4)
# The number that each region has on the mirrored face: each row backwards.
MIRROR_ORDER = np.concatenate([np.arange(n)[::-1] + sum(ROWS[:row]) for row, n in enumerate(ROWS)])


@pytest.fixture(scope="module")
def landmarks() -> np.ndarray:
    """A virtual face, symmetric and upright, that fills the image as an aligned one does."""
    clip = render("s1", "c1", "negative", frames=1, onset=0, size=(SIDE, SIDE), cropped=True)
    points = clip.landmarks(0)
    points = (points - points.mean(axis=0)) * 150 / np.ptp(points[:, 0]) + (111.5, 120)
    points[:, 0] = (points[:, 0] + SIDE - 1 - points[list(MIRRORED), 0]) / 2
    points[:, 1] = (points[:, 1] + points[list(MIRRORED), 1]) / 2
    return points


def still() -> np.ndarray:
    return np.zeros((2, SIDE, SIDE))


def mirrored_flow(flow: np.ndarray) -> np.ndarray:
    return flow[:, :, ::-1] * np.array([-1, 1]).reshape(2, 1, 1)


def mirrored_face(landmarks: np.ndarray) -> np.ndarray:
    return landmarks[list(MIRRORED)] * (-1, 1) + (SIDE - 1, 0)


def skewed(landmarks: np.ndarray) -> np.ndarray:
    return landmarks + np.random.default_rng(0).normal(0, 1, landmarks.shape)


def indices() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.indices((SIDE, SIDE)).astype(float)
    return x, y


def test_there_are_36_regions_in_rows_and_none_is_empty(landmarks: np.ndarray) -> None:
    assert sum(ROWS) == len(polygons(landmarks)) == REGIONS == 36
    counts = np.bincount(region_map(landmarks, (SIDE, SIDE)).ravel(), minlength=REGIONS + 1)
    assert len(counts) == REGIONS + 1
    assert counts[:REGIONS].min() > 50
    heights = [polygon[:, 1].mean() for polygon in polygons(landmarks)]
    starts = np.cumsum((0, *ROWS))[:-1]
    assert (np.diff([np.mean(heights[start : start + n]) for start, n in zip(starts, ROWS, strict=True)]) > 0).all()


def test_regions_do_not_overlap(landmarks: np.ndarray) -> None:
    alone = sum(cv2.contourArea(polygon.astype(np.float32)) for polygon in polygons(landmarks))
    union = (region_map(landmarks, (SIDE, SIDE)) < REGIONS).sum()
    assert 0 <= union - alone < 0.05 * alone  # a drawn polygon holds its border too


def test_regions_cover_the_face_but_eyes_and_open_mouth(landmarks: np.ndarray) -> None:
    drawn = region_map(landmarks, (SIDE, SIDE)) < REGIONS
    for spot in (33, 8, 27, 57):  # nose, chin, root of the nose, lower lip
        x, y = np.rint(landmarks[spot]).astype(int)
        assert drawn[y - 2 : y + 1, x].all()
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = np.rint(landmarks[eye].mean(axis=0)).astype(int)
        assert not drawn[y, x]
    outside = np.ptp(landmarks[:, 1]) + landmarks[:, 1].min()
    assert not drawn[int(outside) + 2 :].any()


def test_regions_of_a_mirrored_face_are_the_mirrored_regions(landmarks: np.ndarray) -> None:
    face = skewed(landmarks)
    for here, there in zip(np.array(polygons(face), object)[MIRROR_ORDER], polygons(mirrored_face(face)), strict=True):
        flipped = here * (-1, 1) + (SIDE - 1, 0)
        assert sorted(map(tuple, flipped.round(6))) == sorted(map(tuple, there.round(6)))


def test_beside_no_border_a_pixel_is_in_the_mirrored_region_on_the_mirrored_face(landmarks: np.ndarray) -> None:
    face, box = skewed(landmarks), np.ones((3, 3))
    here = region_map(face, (SIDE, SIDE))
    there = np.append(MIRROR_ORDER, REGIONS).astype(np.uint8)[region_map(mirrored_face(face), (SIDE, SIDE))[:, ::-1]]
    inside = [cv2.erode(regions, box) == cv2.dilate(regions, box) for regions in (here, there)]
    both = inside[0] & inside[1]
    assert set(here[both]) == set(range(REGIONS + 1))
    assert np.array_equal(here[both], there[both])


def test_regions_turn_and_grow_with_the_face(landmarks: np.ndarray) -> None:
    turn = 1.5 * np.array([[0.8, 0.6], [-0.6, 0.8]])
    for before, after in zip(polygons(landmarks), polygons(landmarks @ turn.T + (9, 4)), strict=True):
        np.testing.assert_allclose(before @ turn.T + (9, 4), after)


@settings(max_examples=20)
@given(st.lists(st.floats(-0.1, 0.1), min_size=6, max_size=6))
def test_affine_motion_of_the_head_leaves_nothing(landmarks: np.ndarray, numbers: list[float]) -> None:
    a, b, c, d, e, f = numbers
    x, y = indices()
    flow = np.stack([a * x + b * y + 100 * c, d * x + e * y + 100 * f])
    np.testing.assert_allclose(without_head_motion(flow, landmarks), 0, atol=1e-8)


def test_what_the_face_does_remains_when_the_head_shifts(landmarks: np.ndarray) -> None:
    smile = still()
    smile[:, 125:155, 85:138] = np.array([1.0, -2.0]).reshape(2, 1, 1)
    shifted = smile + np.array([3.0, 5.0]).reshape(2, 1, 1)
    assert not any(124 <= y < 156 and 84 <= x < 139 for x, y in landmarks[list(HEAD)])
    np.testing.assert_allclose(without_head_motion(shifted, landmarks), smile, atol=1e-9)


def test_a_mirrored_flow_without_head_motion_is_the_mirror_image_of_the_flow_without(landmarks: np.ndarray) -> None:
    face, flow = skewed(landmarks), np.random.default_rng(0).normal(size=(2, SIDE, SIDE))
    answer = without_head_motion(mirrored_flow(flow), mirrored_face(face))
    np.testing.assert_allclose(answer, mirrored_flow(without_head_motion(flow, face)), atol=1e-9)


def test_landmarks_on_one_spot_or_beyond_the_image_still_tell_the_shift() -> None:
    flow = np.full((2, SIDE, SIDE), 2.0)
    for spot in ((10, 20), (-50, 900)):
        points = np.broadcast_to(np.array(spot, np.float32), (68, 2))
        np.testing.assert_allclose(without_head_motion(flow, points), 0, atol=1e-12)
        assert np.array_equal(mdmo(flow, points), np.zeros((36, 2)))


@pytest.mark.parametrize("region", range(REGIONS))
def test_the_fullest_bin_stands_for_its_region_whatever_longer_vectors_say(landmarks: np.ndarray, region: int) -> None:
    inside = region_map(landmarks, (SIDE, SIDE)) == region
    x, y = np.rint(landmarks[list(HEAD)]).astype(int).T
    inside[y, x] = False  # the head stands still
    places = np.flatnonzero(inside)
    flow = still().reshape(2, -1)
    third = len(places) // 3
    flow[:, places[:third]] = np.array([2, 1]).reshape(2, 1)  # 27 degrees: as many as
    flow[:, places[third : 2 * third]] = np.array([3, 2]).reshape(2, 1)  # 34 degrees: the same bin
    flow[:, places[2 * third :]] = np.array([-90, 9]).reshape(2, 1)
    answer = mdmo(flow.reshape(2, SIDE, SIDE), landmarks)
    assert answer[region].tolist() == pytest.approx([1, np.arctan2(1.5, 2.5)], abs=1e-6)
    assert np.array_equal(np.delete(answer, region, axis=0), np.zeros((35, 2)))


def test_magnitudes_are_parts_of_the_largest(landmarks: np.ndarray) -> None:
    regions = region_map(landmarks, (SIDE, SIDE))
    flow = still()
    flow[1][regions == 0], flow[0][regions == 8] = -1, -4
    answer = mdmo(flow, landmarks)
    np.testing.assert_allclose(answer[[0, 8]], [[0.25, -np.pi / 2], [1, np.pi]], rtol=1e-6)


def test_a_turn_of_the_motion_by_one_bin_turns_the_angles(landmarks: np.ndarray) -> None:
    regions = region_map(landmarks, (SIDE, SIDE))
    flow, turned = still(), still()
    for degrees, field in ((20, flow), (65, turned)):
        field[:, regions == 28] = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]).reshape(2, 1)
    before, after = mdmo(flow, landmarks)[28], mdmo(turned, landmarks)[28]
    assert (after - before).tolist() == pytest.approx([0, np.pi / 4], abs=1e-6)


@pytest.mark.parametrize("wavers", [0, 8, 20])
def test_brows_that_rise_and_waver_have_one_main_direction_that_points_up(landmarks: np.ndarray, wavers: float) -> None:
    """Half of the vectors point to one side of straight up, half to the other."""
    inside = region_map(landmarks, (SIDE, SIDE)) == 1
    places = np.flatnonzero(inside)
    angles = np.deg2rad(-90 + wavers * np.where(np.arange(len(places)) % 2, -1, 1))
    angles = angles[: len(angles) // 2 * 2]
    flow = still().reshape(2, -1)
    flow[:, places[: len(angles)]] = np.cos(angles), np.sin(angles)
    flow = flow.reshape(2, SIDE, SIDE)
    assert mdmo(flow, landmarks)[1].tolist() == pytest.approx([1, -np.pi / 2], abs=1e-6)
    if wavers:
        edges = np.rad2deg(mdmo(flow, landmarks, variant="from-zero")[1, 1])
        assert edges == pytest.approx(-90 - wavers, abs=1e-4)  # one half alone, and a pixel more would flip it
        flow.reshape(2, -1)[:, places[1]] = 0
        flipped = np.rad2deg(mdmo(flow, landmarks, variant="from-zero")[1, 1])
        assert flipped == pytest.approx(-90 + wavers, abs=1e-4)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_mirrored_motion_has_the_mirrored_regions_and_directions(landmarks: np.ndarray, seed: int) -> None:
    draw = np.random.default_rng(seed)
    # Regions that touch move in different bins, so that a pixel on their border, whosever it is, decides nothing.
    bins = draw.permutation(8)[[(3 * row + n % 3) % 8 for row, of in enumerate(ROWS) for n in range(of)]]
    angles = (bins + draw.uniform(-0.4, 0.4, REGIONS)) * np.pi / 4
    lengths = draw.uniform(0.5, 2, REGIONS)
    vectors = np.append(lengths * [np.cos(angles), np.sin(angles)], np.zeros((2, 1)), axis=1)
    flow = vectors[:, region_map(landmarks, (SIDE, SIDE))]
    x, y = np.rint(landmarks[list(HEAD)]).astype(int).T
    flow[:, y, x] = flow[:, y, SIDE - 1 - x] = 0  # but for a shift the head stands still
    flow += np.array([3, 5]).reshape(2, 1, 1)

    known = np.stack([lengths / lengths.max(), np.arctan2(np.sin(angles), np.cos(angles))], axis=1)
    turned = np.stack([lengths / lengths.max(), np.arctan2(np.sin(angles), -np.cos(angles))], axis=1)
    np.testing.assert_allclose(mdmo(flow, landmarks), known, atol=1e-6)
    np.testing.assert_allclose(mdmo(mirrored_flow(flow), landmarks), turned[MIRROR_ORDER], atol=1e-6)


def test_the_answer_is_small_floats_and_still_faces_are_zero(landmarks: np.ndarray) -> None:
    answer = mdmo(still().astype(np.float32), landmarks.astype(np.float32))
    assert (answer.shape, answer.dtype) == ((36, 2), np.float32)
    assert np.array_equal(answer, np.zeros((36, 2)))
    assert np.array_equal(mdmo(-still(), landmarks), np.zeros((36, 2)))


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([0.25, 8.0, 1024.0]))
def test_under_a_head_that_stands_still_only_the_pattern_counts_not_how_far_everything_moves(
    landmarks: np.ndarray, seed: int, scale: float
) -> None:
    flow = np.random.default_rng(seed).normal(size=(2, SIDE, SIDE))
    x, y = np.rint(landmarks[list(HEAD)]).astype(int).T
    flow[:, y, x] = 0  # the head stands still
    answer = mdmo(flow, landmarks)
    assert answer[:, 0].max() == 1
    assert answer[:, 0].min() >= 0
    assert (np.abs(answer[:, 1]) <= np.float32(np.pi)).all()
    np.testing.assert_allclose(mdmo(flow * scale, landmarks), answer, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"bins": 0}, "bins is 0"),
        ({"bins": 8.0}, r"bins is 8\.0"),
        ({"variant": "centered"}, "variant is 'centered'; it must be one of centred, from-zero"),
    ],
)
def test_an_option_out_of_range_is_named(landmarks: np.ndarray, options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mdmo(still(), landmarks, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kernel": "poly"}, "kernel is 'poly'; it must be one of linear, rbf, chi2"),
        ({"kernel": "chi2", "weight": 0.4}, r"weight is 0\.4, but kernel 'chi2' takes no weight"),
        ({"C": 0}, "C is 0"),
        ({"weight": 1.1}, r"weight is 1\.1; it must be from 0 to 1"),
        ({"weight": float("nan")}, "weight is nan"),
    ],
)
def test_an_option_of_the_machine_out_of_range_is_named(options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        mdmo_svm(**options)


def test_the_weight_decides_between_magnitudes_and_angles() -> None:
    draw = np.random.default_rng(0)
    X = np.stack([draw.random((40, 36)), draw.uniform(-np.pi, np.pi, (40, 36))], axis=2).astype(np.float32)
    y = (X[:, 0, 0] > np.median(X[:, 0, 0])).astype(int)
    other = X.copy()
    other[:, :, 1] = draw.uniform(-np.pi, np.pi, (40, 36))
    by_magnitude, by_angle = (mdmo_svm(weight=weight, C=100.0).fit(X, y) for weight in (1.0, 0.0))
    assert by_magnitude.predict(other).tolist() == by_magnitude.predict(X).tolist() == y.tolist()
    other[:, :, 0], other[:, :, 1] = draw.random((40, 36)), X[:, :, 1]
    assert by_angle.predict(other).tolist() == by_angle.predict(X).tolist()
    assert pickle.loads(pickle.dumps(by_angle)).predict(X).tolist() == by_angle.predict(X).tolist()


def test_a_direction_between_two_of_eight_is_shared_by_how_near_it_is_to_each() -> None:
    angles = np.deg2rad([0, 45, 67.5, -45, 180, -180, 351])
    X = np.stack([[1, 0.5, 0.8, 1, 1, 1, 0.1], angles], axis=1)[None]
    eight = np.zeros((7, 8))
    eight[0, 0], eight[1, 1], eight[3, 7], eight[4, 4], eight[5, 4] = 1, 0.5, 1, 1, 1
    eight[2, 1:3], eight[6, [7, 0]] = 0.4, (0.02, 0.08)
    np.testing.assert_allclose(region_histograms(X)[0], eight, atol=1e-12)


def test_histograms_of_directions_add_to_the_magnitude_and_small_turns_change_them_little() -> None:
    draw = np.random.default_rng(0)
    X = np.stack([draw.random((9, 36)), draw.uniform(-np.pi, np.pi, (9, 36))], axis=2).astype(np.float32)
    found = region_histograms(X)
    assert (found.shape, found.dtype) == ((9, 36, 8), np.float32)
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=2), X[:, :, 0], atol=1e-6)
    turned = region_histograms(X + np.array([0, 0.001], np.float32))
    assert np.abs(turned - found).max() < 0.0014  # 0.001 of a bin's pi / 4, at magnitude 1


def test_chi_squared_tells_motions_to_opposite_sides_apart_across_the_seam_of_angles() -> None:
    """Motion to the left lies on both sides of the seam at 180 degrees, where angles are far apart."""
    draw = np.random.default_rng(0)
    left = (np.arange(40) % 2)[:, None]
    angles = np.pi * left + draw.normal(0, 0.2, (40, 36))
    X = np.stack([draw.random((40, 36)), np.arctan2(np.sin(angles), np.cos(angles))], axis=2).astype(np.float32)
    machine = mdmo_svm(kernel="chi2").fit(X[:20], left[:20, 0])
    assert machine.predict(X[20:]).tolist() == left[20:, 0].tolist()
    assert pickle.loads(pickle.dumps(machine)).predict(X).tolist() == machine.predict(X).tolist()
