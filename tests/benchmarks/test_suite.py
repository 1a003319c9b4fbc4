"""The benchmark of the tests reads what pytest says of them."""

from __future__ import annotations

from tests.benchmarks.row import Row
from tests.benchmarks.suite import slowest

SAID = """
===== slowest 20 durations =====
12.25s call     tests/docs/test_pages.py::test_a_page[a b]
0.50s setup    tests/test_b.py::test_c

(18 durations < 0.005s hidden.)
"""


def test_each_slow_test_is_a_row_with_its_seconds_and_the_part_that_took_them() -> None:
    assert slowest(SAID) == [
        Row("`tests/docs/test_pages.py::test_a_page[a b]`", "12.2 s", "call"),
        Row("`tests/test_b.py::test_c`", "0.5 s", "setup"),
    ]
