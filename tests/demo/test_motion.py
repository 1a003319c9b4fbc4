import numpy as np
import pytest
from merbench_demo import motion

STILL = motion.Camera(scale=1.0, noise=0.0)
SUBJECTS = [f"someone/{number}" for number in range(40)]


def mean_displacement(emotion):
    """(u, v) averaged over many subjects: what is left is what the class has in common."""
    fields = [motion.displacement(subject, "clip", emotion, STILL) for subject in SUBJECTS]
    return np.mean(fields, axis=0)


def test_strain_of_a_uniform_stretch_is_its_rate():
    rows, columns = np.mgrid[:28, :28].astype(float)
    np.testing.assert_allclose(motion.strain(0.1 * columns, 0 * rows), 0.1)
    np.testing.assert_allclose(motion.strain(0 * rows, -0.2 * rows), 0.2)
    np.testing.assert_allclose(motion.strain(0.3 * columns, 0.4 * rows), 0.5)


def test_strain_of_a_shear_is_its_rate_over_the_root_of_two_and_of_a_turn_nothing():
    rows, columns = np.mgrid[:28, :28].astype(float)
    np.testing.assert_allclose(motion.strain(0.1 * rows, 0 * rows), 0.1 / np.sqrt(2))
    np.testing.assert_allclose(motion.strain(0.1 * rows, -0.1 * columns), 0, atol=1e-15)


def test_brows_rise_in_surprise_and_sink_in_negative_clips():
    left_brow = (10 - 3, 9)
    assert mean_displacement("surprise")[1][left_brow] < -0.2
    assert mean_displacement("negative")[1][left_brow] > 0.1


def test_mouth_corners_move_up_and_outwards_in_positive_clips_and_down_in_negative_ones():
    u, v = mean_displacement("positive")
    left, right = (22, 10), (22, 18)
    assert v[left] < -0.1
    assert v[right] < -0.1
    assert u[left] < -0.1
    assert u[right] > 0.1
    assert mean_displacement("negative")[1][left] > 0.1


def test_the_jaw_drops_in_surprise():
    assert mean_displacement("surprise")[1][25, 14] > 0.2


def test_noise_has_the_standard_deviation_that_the_camera_is_said_to_have():
    noisy = motion.displacement("a/1", "clip", "negative", motion.Camera(scale=0.0, noise=0.25))
    for field in noisy:
        assert field.std() == pytest.approx(0.25)


def test_landmarks_are_a_persons_own_and_in_their_places():
    faces = np.stack([motion.landmarks(subject) for subject in SUBJECTS])
    assert (faces.shape, faces.dtype) == ((40, 5, 2), np.float32)
    np.testing.assert_array_equal(motion.landmarks(SUBJECTS[0]), faces[0])
    assert len(np.unique(faces.reshape(40, -1), axis=0)) == 40
    assert (np.abs(faces - motion.TEMPLATE).max(axis=0) < 5).all()
    left_eye, right_eye, nose, left_mouth, right_mouth = faces.transpose(1, 2, 0)
    assert (left_eye[0] < right_eye[0]).all()
    assert (left_mouth[0] < right_mouth[0]).all()
    assert (left_eye[1] < nose[1]).all()
    assert (nose[1] < right_mouth[1]).all()


def test_every_combination_is_made_of_known_action_units_at_known_sites():
    units = {unit for combinations in motion.COMBINATIONS.values() for units in combinations for unit in units}
    assert units <= set(motion.ACTION_UNITS)
    sites = {site for pushes in motion.ACTION_UNITS.values() for site, _, _ in pushes}
    assert sites == set(motion.SITE_WIDTH)
