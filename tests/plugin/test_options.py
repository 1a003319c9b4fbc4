"""The error for an option out of range has its name, its value and the rule."""

from __future__ import annotations

from typing import Any

import pytest

import merbench


@pytest.mark.parametrize("value", [0, -1, 1.0, "3", True, None])
def test_a_whole_number_is_at_least_1_and_neither_true_nor_a_fraction(value: Any) -> None:
    with pytest.raises(ValueError, match=rf"width is {value!r}; it must be a whole number of at least 1"):
        merbench.check_whole(depth=1, width=value)


@pytest.mark.parametrize("value", [-0.1, 1, 1.5, float("nan"), "0.5", False])
def test_a_probability_is_at_least_0_and_below_1(value: Any) -> None:
    with pytest.raises(ValueError, match=rf"dropout is {value!r}; it must lie in \[0, 1\)"):
        merbench.check_probability(drop_path=0, dropout=value)


def test_a_choice_is_one_of_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="kernel is 'poly'; it must be one of linear, rbf"):
        merbench.check_choice(("linear", "rbf"), other="rbf", kernel="poly")


def test_what_is_in_range_passes() -> None:
    merbench.check_whole(width=1, depth=10**9)
    merbench.check_probability(dropout=0, drop_path=0.99)
    merbench.check_choice(("linear", "rbf"), kernel="linear")
