"""Checks for the options of networks, estimators and features.

Each check raises ValueError with the option's name, its value and the rule; the user sees this text.
"""

from __future__ import annotations

from collections.abc import Collection
from numbers import Real

__all__ = ["check_choice", "check_probability", "check_whole"]


def check_whole(**options: int) -> None:
    """Check that each option is a whole number of at least 1: `check_whole(width=width, depth=depth)`."""
    for name, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")


def check_probability(**options: float) -> None:
    """Check that each option lies in [0, 1), such as a dropout."""
    for name, value in options.items():
        if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < 1:
            raise ValueError(f"{name} is {value!r}; it must lie in [0, 1)")


def check_choice(choices: Collection[str], **options: str) -> None:
    """Check that each option is one of `choices`: `check_choice(("linear", "rbf"), kernel=kernel)`."""
    for name, value in options.items():
        if value not in choices:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(choices)}")
