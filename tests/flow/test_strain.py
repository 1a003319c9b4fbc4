"""Optical strain, against fields whose strain is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from merbench_flow.strain import optical_strain

SLOPES = st.floats(-2, 2)


def linear(a: float, b: float, c: float, d: float) -> np.ndarray:
    """u = a x + b y, v = c x + d y."""
    rows, columns = np.indices((12, 15)).astype(np.float64)
    return np.stack([a * columns + b * rows, c * columns + d * rows])


@given(SLOPES, SLOPES, SLOPES, SLOPES)
def test_the_strain_of_a_linear_field_is_its_closed_form(a, b, c, d):
    found = optical_strain(linear(a, b, c, d))
    assert np.abs(found - np.sqrt(a**2 + d**2 + (b + c) ** 2 / 2)).max() < 1e-5
    found = optical_strain(linear(a, b, c, d), variant="meb")
    assert np.abs(found - np.sqrt(a**2 + d**2 + (b**2 + c**2) / 2)).max() < 1e-5


def test_a_shift_and_a_small_turn_strain_nothing_but_a_turn_does_in_mebs_variant():
    shift, turn = np.ones((2, 8, 8)), linear(0, -0.1, 0.1, 0)
    assert optical_strain(shift).max() == 0
    assert optical_strain(turn).max() < 1e-6
    assert optical_strain(turn, variant="meb").min() > 0.09


def test_an_unknown_variant_is_refused():
    with pytest.raises(ValueError, match="variant is 'lagrange'; it must be one of ststnet, meb"):
        optical_strain(np.zeros((2, 4, 4)), variant="lagrange")
