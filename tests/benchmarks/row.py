"""What a benchmark gives back."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One line of the printed table: what was measured, the figure with its unit, and under what conditions."""

    what: str
    figure: str
    conditions: str = ""
