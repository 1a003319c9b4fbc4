"""What the built-in features look like: places and colours that can be told by hand."""

import numpy as np
import pytest
from merbench_faces import drawing as faces
from merbench_flow import drawing as motion
from merbench_htnet import drawing as regions
from merbench_htnet.regions import htnet_regions

LANDMARKS = np.array([[9.2, 11.4], [20.0, 10.6], [14.0, 15.0], [10.3, 19.8], [18.0, 20.9]], np.float32)


def test_red_is_right_green_down_cyan_left_violet_up_and_black_stays():
    field = np.array([[[1.0, 0, -1, 0, 0, 3, 0.5]], [[0, 1, 0, -1, 0, 0, 0]]])
    assert motion.coloured(field, 1.0)[0] == pytest.approx(
        np.array([[1, 0, 0], [0.5, 1, 0], [0, 1, 1], [0.5, 0, 1], [0, 0, 0], [1, 0, 0], [0.5, 0, 0]]), abs=1e-6
    )


def test_the_key_is_coloured_as_the_flow_is_and_clear_around_the_disc():
    wheel = motion.wheel_image(101)
    assert wheel[50, 100] == pytest.approx([1, 0, 0, 1])
    assert wheel[100, 50] == pytest.approx([0.5, 1, 0, 1])
    assert wheel[50, 50] == pytest.approx([0, 0, 0, 1])
    assert wheel[0, 0, 3] == 0


def test_a_scale_ends_where_all_but_a_few_values_do_and_never_at_nothing():
    values = np.append(np.linspace(0, 1, 999), 50)
    assert motion.scale_of(values) == pytest.approx(0.995, abs=0.01)
    assert motion.scale_of(np.append(np.zeros(999), 4.0)) == 4
    assert motion.scale_of(np.zeros(9)) == 1


def test_the_flow_lies_left_and_its_strain_right_upright():
    field = np.zeros((2, 224, 224), np.float32)
    field[0, :20, :40] = 2.0  # to the right, in the upper left corner
    picture = motion.flow_and_strain(field, np.hypot(*field))
    assert picture.dtype == np.uint8
    assert picture.shape == (284, 460, 3)
    assert picture[10, 20].tolist() == [255, 0, 0]
    assert picture[100, 20].tolist() == picture[10, 100].tolist() == [0, 0, 0]
    assert picture[10, 236 + 20].min() > 180
    assert picture[100, 236 + 20].max() < 10


def test_a_released_image_of_flow_is_drawn_without_what_it_was_computed_from():
    image = np.zeros((3, 28, 28), np.float32)
    image[1, 0, 0] = 255  # v
    picture = motion.flow_28(image)
    assert picture.shape == (192, 528, 3)
    assert picture[3, 180 + 3].tolist() == [253, 231, 36]  # viridis ends there
    assert picture[3, 3].max() < 10
    assert (picture[3, 360 + 3] == picture[3, 360 + 100]).all()


def test_an_image_without_points_is_drawn_as_it_is_and_a_point_lies_where_it_is_said_to_be():
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    assert (faces.drawn(image, np.zeros((0, 2)), None, 2.0) == image).all()
    picture = faces.drawn(image, np.array([[12.0, 20.0]]), None, 2.0)
    assert picture[20, 12].tolist() == list(faces.POINT)
    changed = np.argwhere((picture != image).any(axis=2))
    assert changed.mean(axis=0) == pytest.approx([20, 12], abs=0.3)


def test_points_stay_on_what_they_mark_as_an_image_grows():
    assert faces.to_scale(np.array([[0.0, 0.0], [3.5, -0.5]]), 10).tolist() == [[4.5, 4.5], [39.5, -0.5]]


def test_released_landmarks_are_drawn_alone():
    picture = faces.landmarks_28(LANDMARKS)
    assert picture.shape == (280, 280, 3)
    for x, y in LANDMARKS:
        assert picture[round((y + 0.5) * 10), round((x + 0.5) * 10)].tolist() == list(faces.POINT)


@pytest.mark.parametrize(
    ("variant", "first"), [("as-released", (2, 4)), ("anatomical", (4, 2))], ids=["as-released", "anatomical"]
)
def test_the_frame_of_a_region_begins_where_the_region_was_cut_out(variant, first):
    flow = np.zeros((3, 28, 28), np.float32)
    picture = regions.htnet_regions(htnet_regions(flow, LANDMARKS, variant=variant), flow, LANDMARKS, variant=variant)
    assert picture.shape == (280, 572, 3)
    row, column = first  # of the left eye, at (9.2, 11.4): 7 pixels each way
    left_eye = list(regions.COLOURS[0])
    assert picture[row * 10 + 1, column * 10 + 60].tolist() == left_eye
    assert picture[row * 10 + 60, column * 10 + 1].tolist() == left_eye
    assert picture[119, 97].tolist() == left_eye  # the landmark itself, the same in both
    assert picture[1, 292 + 60].tolist() == left_eye


def test_the_tile_shows_what_was_cut_out():
    flow = np.zeros((3, 28, 28), np.float32)
    flow[0, 13, 4] = 1.0
    picture = regions.htnet_regions(
        htnet_regions(flow, LANDMARKS, variant="anatomical"), flow, LANDMARKS, variant="anatomical"
    )
    assert picture[135, 45].min() > 180
    assert picture[95, 292 + 25].min() > 180  # 9 rows and 2 columns into the left eye's piece
