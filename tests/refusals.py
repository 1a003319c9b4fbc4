"""What is said of data that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import merbench

__all__ = ["refusal_of"]


def refusal_of(call: Callable[..., object], *given: Any) -> str:
    """The one line of the error with which a call is refused."""
    with pytest.raises(merbench.ReleaseError) as caught:
        call(*given)
    assert "\n" not in str(caught.value)
    return str(caught.value)
