"""The simulation of a whole board on many machines, against answers worked out by hand."""

from __future__ import annotations

import pytest

from docs.generate import scaling
from docs.generate.scaling import Run, on_paper, simulated


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting and handing out take no time."""
    monkeypatch.setattr(scaling, "START", 0.0)
    monkeypatch.setattr(scaling, "EACH", 0.0)


@pytest.mark.parametrize(
    ("runs", "machines", "drivers", "seconds"),
    [
        ([(3, 2.0)], 1, 1, 6.0),
        ([(3, 2.0)], 2, 1, 4.0),  # two at once, then one
        ([(3, 2.0)], 8, 1, 2.0),
        ([(3, 2.0), (1, 5.0)], 2, 1, 9.0),  # the second run waits for the last unit of the first
        ([(3, 2.0), (1, 5.0)], 2, 2, 7.0),
    ],
)
def test_the_last_unit_is_done_when_it_is_by_hand(runs, machines, drivers, seconds) -> None:
    made = [Run(units, each, 0) for units, each in runs]
    assert simulated(made, machines, drivers) == pytest.approx(seconds)


def test_on_paper_the_longest_unit_bounds_a_run() -> None:
    assert on_paper([Run(4, 3.0, 0)], 2, 1) == pytest.approx(6.0)
    assert on_paper([Run(4, 3.0, 0)], 64, 1) == pytest.approx(3.0)


def test_starting_a_run_costs_its_time_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "START", 10.0)
    assert simulated([Run(2, 1.0, 0)] * 2, 2, 1) == pytest.approx(22.0)
