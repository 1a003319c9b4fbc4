"""The benchmark of the steps from images to flow."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks import faces_and_flow
from tests.benchmarks.faces_and_flow import at_border


@pytest.mark.parametrize(("place", "outermost"), [((0, 5), True), ((5, 27), True), ((1, 5), False), ((26, 26), False)])
def test_the_largest_strain_is_in_the_outermost_pixels_or_not(place: tuple[int, int], outermost: bool) -> None:
    strain = np.zeros((28, 28))
    strain[place] = 1
    assert at_border(strain) == outermost


def test_a_largest_strain_that_is_both_outside_and_inside_is_not_at_the_border() -> None:
    assert not at_border(np.ones((28, 28)))


@pytest.mark.slow
def test_every_step_has_a_row_also_without_the_real_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces_and_flow, "SUBJECTS", 2)
    monkeypatch.delenv("MERBENCH_REAL_DATA", raising=False)
    rows = list(faces_and_flow.run(None))
    assert [row.what.split(",")[0] for row in rows] == [
        "faces found",
        "distance of landmarks from the true ones",
        "TV-L1",
        "Farneback",
        "DIS",
        "largest strain of flow-28 in its outermost pixels",
        "estimated apex",
    ]
    assert rows[0].figure == "2 of 2"
