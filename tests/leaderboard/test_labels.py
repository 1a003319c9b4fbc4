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
            at, baseline, anchor = place
            width = len(text) * SIZE * LETTER
            left = at if anchor == "start" else at - width
            boxes.append((left, baseline - SIZE * 0.86, left + width, baseline + SIZE * 0.14))
    assert all(left >= -1e-6 and right <= 300 + 1e-6 for left, _, right, _ in boxes)
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6


def test_a_label_stands_right_of_its_point_if_that_side_is_free() -> None:
    at, _, anchor = Labels(0, 300, 0, 200).place(100, 100, "name", SIZE)
    assert (at, anchor) == (108, "start")


def test_a_label_moves_to_the_left_at_the_right_edge() -> None:
    at, _, anchor = Labels(0, 300, 0, 200).place(298, 100, "name", SIZE)
    assert (at, anchor) == (290, "end")


def test_a_label_without_a_free_side_is_left_out() -> None:
    assert Labels(0, 20, 0, 10).place(10, 5, "a long name", SIZE) is None
