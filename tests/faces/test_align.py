"""Bringing every face to one place and size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from merbench_demo.video import DrawnFrames, render
from merbench_faces.align import CANONICAL, SIDE, face, face_landmarks_68, landmarks_28, similarity

import merbench

POINTS = np.array([(0.0, 0.0), (10.0, 0.0), (5.0, 8.0), (1.0, 12.0)])


def moved(points: np.ndarray, turn: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    matrix = scale * np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
    return points @ matrix.T + shift


@given(st.floats(-3, 3), st.floats(0.1, 10), st.floats(-50, 50), st.floats(-50, 50))
def test_a_similarity_is_recovered_from_what_it_did_to_points(turn, scale, right, down):
    target = moved(POINTS, turn, scale, (right, down))
    matrix = similarity(POINTS, target)
    assert np.allclose(POINTS @ matrix[:, :2].T + matrix[:, 2], target, atol=1e-6 * max(1, scale))


def test_a_mirror_image_is_never_made():
    matrix = similarity(POINTS, POINTS * (-1, 1))
    assert np.linalg.det(matrix[:, :2]) > 0


def test_points_on_one_spot_are_a_broken_clip():
    with pytest.raises(merbench.ReleaseError, match="on one point"):
        similarity(np.ones((5, 2)), np.array(CANONICAL))


def test_the_same_face_turned_larger_and_elsewhere_gives_the_same_crop(tmp_path):
    clip = render("s1", "c1", "positive", frames=1, onset=0, noise=0)
    image, points = clip.image(0), clip.landmarks(0)
    matrix = np.column_stack([1.2 * np.array([(0.995, -0.0998), (0.0998, 0.995)]), (-40.0, -60.0)])
    cv2.imwrite(str(tmp_path / "1.png"), cv2.warpAffine(image, matrix, (800, 640), flags=cv2.INTER_CUBIC)[..., ::-1])
    turned = merbench.Frames({1: tmp_path / "1.png"}, root=tmp_path, onset=1, offset=1)
    one = face(DrawnFrames(clip), points)[0]
    other = face(turned, points @ matrix[:, :2].T + matrix[:, 2])[0]
    assert one.shape == (SIDE, SIDE, 3)
    inside = np.s_[20:-20, 20:-20]
    assert np.abs(one.astype(float) - other)[inside].mean() < 2


def test_all_frames_of_a_clip_are_moved_alike_so_that_motion_is_kept():
    clip = render("s2", "c1", "surprise", frames=5, onset=0, noise=0)
    frames, points = DrawnFrames(clip), clip.landmarks(0)
    aligned = face(frames, points)
    first, apex = (aligned[place].astype(float) for place in (0, clip.apex))
    assert np.abs(first - apex).mean() > 0.2
    assert (aligned.onset, aligned.apex, aligned.offset) == (frames.onset, frames.apex, frames.offset)


def test_the_landmarks_of_the_crop_lie_where_the_crop_shows_them():
    clip = render("s1", "c1", "positive", frames=1, onset=0)
    points = face_landmarks_68(DrawnFrames(clip), clip.landmarks(0))
    eyes = points[36:42].mean(0), points[42:48].mean(0)
    assert np.linalg.norm(eyes[0] - CANONICAL[0]) < 12
    assert np.linalg.norm(eyes[1] - CANONICAL[1]) < 12
    assert points.min() > 0
    assert points.max() < SIDE


def test_a_cropped_release_is_only_resized():
    clip = render("s1", "c1", "positive", frames=1, onset=0, cropped=True, size=(300, 240), noise=0)
    frames = DrawnFrames(clip)
    assert np.array_equal(face(frames, clip.landmarks(0))[0], cv2.resize(clip.image(0), (SIDE, SIDE), interpolation=3))
    points = face_landmarks_68(frames, clip.landmarks(0))
    assert np.allclose(points, (clip.landmarks(0) + 0.5) * (SIDE / 240, SIDE / 300) - 0.5, atol=1e-3)


def test_the_five_points_are_eyes_nose_and_corners_of_the_mouth_in_small():
    points = np.zeros((68, 2), np.float32)
    points[36:42], points[42:48], points[30], points[48], points[54] = (
        (71.5, 0),
        (8, 8),
        (3.5, 11.5),
        (112, 0),
        (0, 112),
    )
    assert landmarks_28(points).tolist() == [
        pytest.approx([8.5, -0.4375]), pytest.approx([0.5625, 0.5625]), pytest.approx([0, 1]),
        pytest.approx([13.5625, -0.4375]), pytest.approx([-0.4375, 13.5625]),
    ]  # fmt: skip
