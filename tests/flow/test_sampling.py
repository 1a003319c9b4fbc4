"""Images of a clip for models that look at frames."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_flow.sampling import frames_8, frames_10, frames_16, onset_apex, padded, subset, video_6_2
from merbench_flow.tim import tim_weights


def test_onset_and_apex_are_two_images_red_first(aligned):
    made = aligned()
    pair = onset_apex(made.face, made.apex)
    assert (pair.shape, pair.dtype) == ((2, 3, 224, 224), np.uint8)
    assert np.array_equal(pair[0].transpose(1, 2, 0), made.face[0])
    assert np.array_equal(pair[1].transpose(1, 2, 0), made.face[4])


def test_uniform_frames_go_from_the_onset_to_the_offset(aligned):
    made = aligned(frames=15, apex=7)
    images = frames_8(made.face)
    assert images.shape == (8, 3, 224, 224)
    for place, image in zip(range(0, 15, 2), images, strict=True):
        assert np.array_equal(image.transpose(1, 2, 0), made.face[place])


def test_a_short_clip_shows_some_frames_twice(aligned):
    made = aligned(frames=4, apex=2)
    images = frames_16(made.face)
    assert images.shape == (16, 3, 224, 224)
    assert np.array_equal(images[0], images[1])


def test_interpolated_frames_pass_through_the_frames_of_the_clip(aligned):
    made = aligned(frames=8, apex=4)
    images = frames_8(made.face, variant="tim")
    assert max(np.abs(images[place].transpose(1, 2, 0).astype(int) - made.face[place]).max() for place in range(8)) <= 1


def test_ten_frames_are_what_the_baseline_of_the_composite_interpolates_to(aligned):
    made = aligned(frames=4, apex=2)
    images = frames_10(made.face, variant="tim")
    assert (images.shape, images.dtype) == ((10, 3, 224, 224), np.uint8)
    for place in range(4):  # the 10 images stand at every third of the way from a frame to the next
        assert np.abs(images[3 * place].transpose(1, 2, 0).astype(int) - made.face[place]).max() <= 1


@pytest.mark.parametrize(("frames", "wanted"), [(1, 4), (2, 5), (7, 7), (9, 4), (30, 10)])
def test_the_weights_of_the_interpolation_add_to_one_and_begin_and_end_with_the_clip(frames, wanted):
    weights = tim_weights(frames, wanted)
    assert weights.shape == (wanted, frames)
    assert np.allclose(weights.sum(axis=1), 1)
    assert np.allclose(weights[0], np.eye(frames)[0])
    if wanted > 1:
        assert np.allclose(weights[-1], np.eye(frames)[-1])


def test_interpolating_a_motion_at_even_speed_between_frames_stays_between_them():
    values = tim_weights(5, 9) @ np.arange(5.0)
    assert np.all(np.diff(values) > 0)


def test_hstas_video_is_six_frames_then_onset_and_apex(aligned):
    made = aligned(frames=20, apex=9)
    video = video_6_2(made.face, made.apex)
    assert (video.shape, video.dtype) == ((8, 3, 224, 224), np.uint8)
    assert np.array_equal(video[6].transpose(1, 2, 0), made.face[0])
    assert np.array_equal(video[7].transpose(1, 2, 0), made.face[9])


def test_the_subset_is_sorted_without_repetition_and_always_the_same():
    chosen = subset(51, 6)
    assert chosen == sorted(set(chosen)) == subset(51, 6)
    assert len(chosen) == 6
    assert subset(50, 6) != chosen


def test_too_few_frames_are_filled_up_in_front_and_behind():
    assert padded(3, 6) == [0, 0, 1, 2, 2, 2]
    assert padded(1, 6) == [0] * 6
    assert padded(6, 6) == list(range(6))
