"""Names of points keep clear of each other."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from merbench.leaderboard.labels import LETTER, Labels

SIZE = 11.0
POINTS = st.lists(
    st.tuples(st.floats(0, 300), st.floats(0, 200), st.text("abcdef", min_size=1, max_size=12)), max_size=30
)


@given(POINTS)
def test_no_two_labels_overlap_and_none_leaves_the_frame(points) -> None:
    labels, boxes = Labels(0, 300, 0, 200), []
    for x, y, _ in points:
        labels.keep(x, y)
    for x, y, text in points:
        if place := labels.place(x, y, text, SIZE):
            boxes.append(box_of(place, text))
    assert all(left >= -1e-6 and right <= 300 + 1e-6 for left, _, right, _ in boxes)
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6


def box_of(place, text):
    width = len(text) * SIZE * LETTER
    left = place.x if place.anchor == "start" else place.x - width
    return left, place.baseline - SIZE * 0.86, left + width, place.baseline + SIZE * 0.14


def frame(*points):
    labels = Labels(0, 300, 0, 200)
    for point in points:
        labels.keep(*point)
    return labels


def test_a_label_stands_right_of_its_point_if_that_side_is_free() -> None:
    place = frame((100, 100)).place(100, 100, "name", SIZE)
    assert (place.x, place.anchor, place.line) == (108, "start", ())


def test_a_label_moves_to_the_left_at_the_right_edge() -> None:
    place = frame((298, 100)).place(298, 100, "name", SIZE)
    assert (place.x, place.anchor) == (290, "end")


def test_a_label_never_ends_beside_the_mark_of_another_point_if_there_is_room_elsewhere() -> None:
    points = (100, 100), (145, 100)  # "name" fits between them, and would seem to name either
    place = frame(*points).place(*points[0], "name", SIZE)
    assert (place.x, place.anchor) == (92, "end")


def test_a_label_that_stands_far_from_its_point_is_joined_to_it_by_a_line() -> None:
    labels = frame((100, 100))
    places = [labels.place(100, 100, "a name", SIZE) for _ in range(7)]
    assert [bool(place.line) for place in places] == [False] * 6 + [True]
    assert places[-1].line[0] == (100, 94)


def test_a_label_keeps_clear_of_a_level_line() -> None:
    labels = frame((100, 100))
    labels.keep_line(0, 300, 100)
    _, upper, _, lower = box_of(labels.place(100, 100, "name", SIZE), "name")
    assert lower < 99 or upper > 101


def test_a_block_of_words_takes_the_first_free_height() -> None:
    labels = frame((20, 50))
    assert labels.block(10, 60, 20, [40, 60, 80]) == 60
    assert labels.block(10, 60, 20, [40, 60, 80]) == 80


def test_a_block_of_words_is_never_left_out() -> None:
    assert frame((20, 50)).block(10, 60, 20, [40]) == 40


def test_a_label_without_a_free_side_is_left_out() -> None:
    assert Labels(0, 20, 0, 10).place(10, 5, "a long name", SIZE) is None
