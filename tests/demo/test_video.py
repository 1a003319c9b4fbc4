"""Videos of virtual faces: what is said to be their motion is their motion."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest
from merbench_demo.muscles import ACTION_UNITS, COMBINATIONS, shown_units
from merbench_demo.shape import LANDMARKS, neutral_landmarks
from merbench_demo.video import render

SIZE = (120, 160)


def still(**changes):
    """A clip without noise."""
    return render("s1", "c1", "positive", **{"size": (240, 320), "noise": 0, **changes})


def at(flow: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A flow at points `[..., 2]`, between pixels: `[..., 2]`."""
    x, y = np.moveaxis(points.reshape(-1, points.shape[-2], 2).astype(np.float32), -1, 0)
    return cv2.remap(flow.transpose(1, 2, 0), x, y, cv2.INTER_LINEAR).reshape(points.shape)


def test_an_image_is_what_the_docs_say() -> None:
    clip = render("s1", "c1", "positive", frames=5, size=SIZE)
    image = clip.image(3)
    assert (image.shape, image.dtype) == ((*SIZE, 3), np.uint8)
    assert clip.flow(0, 3).shape == (2, *SIZE)
    assert clip.landmarks(3).shape == (LANDMARKS, 2)


def test_the_apex_pulled_back_along_the_true_flow_is_the_onset() -> None:
    clip = still()
    onset, apex = (clip.image(place).astype(np.float32) for place in (clip.onset, clip.apex))
    rows, columns = np.indices(onset.shape[:2], dtype=np.float32)
    u, v = clip.flow(clip.onset, clip.apex)
    pulled = cv2.remap(apex, columns + u, rows + v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    inside = np.s_[20:-20, 20:-20]  # at the border the moved image shows what was outside
    assert np.abs(pulled - onset)[inside].mean() < 0.6 * np.abs(apex - onset)[inside].mean()
    assert np.abs(pulled - onset)[inside].mean() < 0.5


def test_landmarks_move_with_the_flow() -> None:
    clip = still()
    before, after = clip.landmarks(clip.onset), clip.landmarks(clip.apex)
    assert np.abs(before + at(clip.flow(clip.onset, clip.apex), before) - after).max() < 0.05


def test_there_and_back_again_is_nowhere() -> None:
    clip = still()
    rows, columns = np.indices(clip.size, dtype=np.float32)
    u, v = clip.flow(2, clip.apex)
    back = at(clip.flow(clip.apex, 2), np.stack([columns + u, rows + v], axis=-1))
    inside = np.s_[10:-10, 10:-10]
    assert np.abs(u + back[..., 0])[inside].max() < 0.05
    assert np.abs(v + back[..., 1])[inside].max() < 0.05


def test_at_its_apex_a_face_moves_by_one_to_some_pixels_and_at_onset_and_offset_not_at_all() -> None:
    clip = render("s3", "c1", "surprise", frames=24, size=(480, 640))
    length = np.hypot(*clip.flow(clip.onset, clip.apex))
    assert 1 < length.max() < 8
    weights = [clip._weight(place) for place in range(clip.frames)]
    assert weights[: clip.onset + 1] == [0] * (clip.onset + 1)
    assert (weights[clip.apex], weights[clip.offset]) == (1, 0)
    assert np.all(np.diff(weights[clip.onset : clip.apex + 1]) > 0)


def test_the_corners_of_the_mouth_go_up_and_out_in_a_smile() -> None:
    clip = still(units=("12",))
    (left, right), drift = (
        (clip.landmarks(clip.apex) - clip.landmarks(clip.onset))[[48, 54]],
        (clip.landmarks(clip.apex) - clip.landmarks(clip.onset))[27],
    )
    assert left[0] - drift[0] < -0.3 < 0.3 < right[0] - drift[0]
    assert max(left[1] - drift[1], right[1] - drift[1]) < -0.3


def test_names_decide_the_bytes_in_any_process_and_any_order() -> None:
    clip = render("s1", "c1", "negative", frames=6, size=SIZE)
    backwards = [clip.image(place) for place in (5, 0)]
    again = render("s1", "c1", "negative", frames=6, size=SIZE)
    assert all(np.array_equal(*pair) for pair in zip(backwards, [again.image(5), again.image(0)], strict=True))
    code = (
        "from merbench_demo.video import render; import hashlib;"
        f"print(hashlib.sha256(render('s1','c1','negative',frames=6,size={SIZE}).image(5).tobytes()).hexdigest())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == hashlib.sha256(backwards[0].tobytes()).hexdigest()


def test_subjects_look_different_and_their_landmarks_lie_in_their_faces() -> None:
    clips = [render(f"s{number}", "c1", "positive", size=SIZE) for number in range(4)]
    assert len({clip.image(0).tobytes() for clip in clips}) == 4
    for clip in clips:
        points = clip.landmarks(0)
        assert points.min() > 0
        assert (points < np.array(SIZE)[::-1]).all()
        assert points[36, 0] < points[45, 0]  # left is left in the image
        assert points[30, 1] < points[57, 1] < points[8, 1]  # nose, mouth, chin


def test_a_cropped_face_fills_more_of_the_image() -> None:
    whole, cropped = (render("s1", "c1", "positive", size=SIZE, cropped=one).landmarks(0) for one in (False, True))
    assert np.ptp(cropped[:, 0]) > 1.2 * np.ptp(whole[:, 0])


def test_noise_differs_from_frame_to_frame_and_has_the_strength_it_is_said_to_have() -> None:
    noisy, clean = (render("s1", "c1", "positive", size=SIZE, onset=23, noise=one) for one in (2.0, 0.0))
    grain = [noisy.image(place).astype(float) - clean.image(place) for place in (0, 1)]
    assert np.std(grain[0]) == pytest.approx(2.0, rel=0.1)
    assert abs(np.corrcoef(grain[0].ravel(), grain[1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("emotion", [*COMBINATIONS, "happiness", "disgust", "others"])
def test_an_emotion_shows_one_of_its_combinations(emotion: str) -> None:
    shown = shown_units("s1", "c1", emotion)
    assert set(shown) <= set(ACTION_UNITS)
    if emotion in COMBINATIONS:
        assert shown in COMBINATIONS[emotion]


def test_places_that_are_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="onset 5, apex 3, offset 9 must be in order"):
        render("s", "c", "positive", frames=10, onset=5, apex=3, offset=9)


def test_a_clip_of_one_frame_can_be_made() -> None:
    assert render("s", "c", "positive", frames=1, size=SIZE).image(0).any()


def test_the_average_face_is_symmetrical() -> None:
    points = np.mean([neutral_landmarks(f"s{number}") for number in range(200)], axis=0)
    assert np.abs(points[:17, 0] + points[16::-1, 0]).max() < 0.02
