"""Finding the face of a clip and its landmarks, on rendered faces whose landmarks are known."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from merbench_demo.video import DrawnFrames, render
from merbench_faces import model
from merbench_faces.landmarks import Box, find_landmarks, landmarks_68, the_face

import merbench

FOUND_WITHIN = 9.0  # pixels (median of a face) at 115 pixels a face unit; the detector's own spread is half of it


@pytest.mark.parametrize("subject", ["s1", "s2", "s3"])
def test_the_landmarks_of_the_onset_frame_are_found_where_they_are(subject):
    clip = render(subject, "c1", "positive", frames=3, onset=1)
    found = landmarks_68(DrawnFrames(clip))
    assert (found.shape, found.dtype) == ((68, 2), np.float32)
    assert np.median(np.linalg.norm(found - clip.landmarks(1), axis=1)) < FOUND_WITHIN


def test_the_face_of_a_cropped_release_is_found_too():
    clip = render("s1", "c1", "positive", frames=1, onset=0, cropped=True, size=(300, 250))
    found = landmarks_68(DrawnFrames(clip))
    assert np.median(np.linalg.norm(found - clip.landmarks(0), axis=1)) < FOUND_WITHIN


def test_an_image_without_a_face_is_a_broken_clip_and_no_guess():
    with pytest.raises(merbench.ReleaseError, match="no face was found in its onset frame"):
        find_landmarks(np.full((240, 320, 3), 128, np.uint8))


def test_two_faces_of_one_size_are_a_broken_clip():
    pair = np.hstack([render(name, "c", "positive", size=(300, 260)).image(0) for name in ("s1", "s2")])
    with pytest.raises(merbench.ReleaseError, match="2 faces were found in its onset frame"):
        find_landmarks(pair)


def test_of_two_faces_the_one_that_is_clearly_larger_is_taken():
    small, large = Box(0, 0, 10, 10), Box(20, 0, 40, 20)
    assert the_face([small, large]) == large
    with pytest.raises(merbench.ReleaseError, match="none is clearly the largest"):
        the_face([small, Box(20, 0, 33, 13)])


def test_the_model_is_found_without_importing_its_package():
    code = "import sys, merbench_faces.model as m; m.predictor_file(); print(m.PACKAGE in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_missing_model_is_told_with_what_to_install(monkeypatch):
    monkeypatch.setattr(model, "PACKAGE", "no_such_package")
    with pytest.raises(merbench.MerbenchError, match="pip install no_such_package"):
        model.predictor_file()
