"""The flow from onset to apex, against motion that is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from merbench_flow.algorithms import ALGORITHMS, flow
from merbench_flow.strain import optical_strain


def texture(seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).random((224, 224, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return (255 * smooth).astype(np.uint8)


def shifted(image: np.ndarray, right: float, down: float) -> np.ndarray:
    matrix = np.float32([[1, 0, right], [0, 1, down]])
    return cv2.warpAffine(image, matrix, (224, 224), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize(("right", "down"), [(1.0, 0.0), (0.0, -2.0), (2.5, 1.5)])
def test_a_texture_that_was_shifted_has_that_flow(name, right, down):
    image = texture()
    u, v = ALGORITHMS[name](image, shifted(image, right, down)).transpose(2, 0, 1)
    inside = np.s_[20:-20, 20:-20]
    assert np.hypot(u - right, v - down)[inside].mean() < 0.2


@pytest.mark.parametrize(("subject", "emotion"), [("s1", "positive"), ("s2", "negative"), ("s3", "surprise")])
def test_tv_l1_on_a_face_that_moves_by_some_pixels_errs_by_less_than_a_fifth_of_one(aligned, subject, emotion):
    made = aligned(subject, emotion)
    true = made.true_flow()
    assert 1 < np.hypot(*true).max() < 7
    found = flow(made.face, made.apex, variant="tvl1")
    assert (found.shape, found.dtype) == ((2, 224, 224), np.float32)
    assert np.hypot(*(found - true)).mean() < 0.2


@pytest.mark.parametrize(("subject", "emotion"), [("s1", "positive"), ("s2", "negative"), ("s3", "surprise")])
def test_the_border_of_the_crop_is_not_where_most_strain_is_found(aligned, subject, emotion):
    made = aligned(subject, emotion)
    strain = optical_strain(flow(made.face, made.apex, variant="tvl1"), variant="ststnet")
    border = np.ones_like(strain, bool)
    border[8:-8, 8:-8] = False
    assert strain[border].max() < strain[~border].max()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_between_equal_images_there_is_no_flow_at_all(aligned, name):
    made = aligned(apex=0)
    motion = flow(made.face, made.apex, variant=name)
    assert (motion.shape, motion.dtype) == ((2, 224, 224), np.float32)
    assert not motion.any()


def test_an_unknown_algorithm_is_refused(aligned):
    made = aligned(frames=2, apex=1)
    with pytest.raises(ValueError, match="is 'lucas-kanade'; it must be one of tvl1, farneback, dis, tvl1-opencv"):
        flow(made.face, made.apex, variant="lucas-kanade")
