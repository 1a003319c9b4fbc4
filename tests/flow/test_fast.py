"""TV-L1, against OpenCV's and against motion that is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from merbench_flow.algorithms import TVL1, tvl1, tvl1_opencv
from merbench_flow.small import flow_28_float

# Pixels. Only rounding differs, and rounding is amplified at edges of the motion.
ON_AVERAGE, ANYWHERE = 0.001, 0.05
STEP = TVL1["epsilon"]  # pixels: how far a pixel still moves, on average, in the step that is the last


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.linalg.norm(one - other, axis=-1)


def pair(made) -> tuple[np.ndarray, np.ndarray]:
    return made.face[made.clip.onset], made.face[made.clip.apex]


@pytest.mark.parametrize(("subject", "emotion"), [("s1", "positive"), ("s2", "negative"), ("s3", "surprise")])
def test_on_a_face_it_is_as_far_from_the_true_motion_as_opencv_and_next_to_opencv(aligned, subject, emotion):
    made = aligned(subject, emotion)
    true = made.true_flow().transpose(1, 2, 0)
    ours, theirs = tvl1(*pair(made)), tvl1_opencv(*pair(made))
    assert (ours.shape, ours.dtype) == ((224, 224, 2), np.float32)
    assert distance(ours, theirs).mean() < ON_AVERAGE
    assert distance(ours, theirs).max() < ANYWHERE
    assert abs(distance(ours, true).mean() - distance(theirs, true).mean()) < ON_AVERAGE


def test_a_picture_need_not_be_square(aligned):
    first, second = (image[20:180, 60:] for image in pair(aligned()))
    assert distance(tvl1(first, second), tvl1_opencv(first, second)).mean() < ON_AVERAGE


@pytest.mark.parametrize("side", [10, 28])  # with the border 18, which has no smaller level, and 36, which has three
def test_a_small_picture_has_fewer_levels_as_in_opencv(aligned, side):
    first, second = (cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in pair(aligned()))
    assert distance(tvl1(first, second), tvl1_opencv(first, second)).mean() < STEP


def test_the_result_depends_on_nothing_but_the_two_pictures(aligned):
    first, second = pair(aligned())
    alone = tvl1(first, second)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1 if threads > 1 else 2)
        tvl1(second, first)
        assert np.array_equal(tvl1(first, second), alone)
    finally:
        cv2.setNumThreads(threads)


def test_the_small_images_are_made_of_it_too(aligned):
    made = aligned()
    ours, theirs = (flow_28_float(made.face, made.apex, variant=name) for name in ("tvl1-meb", "tvl1-opencv-meb"))
    assert not np.array_equal(ours, theirs)
    assert np.abs(ours - theirs).max() < ON_AVERAGE
