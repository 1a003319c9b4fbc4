"""Tables and figures as the pages print them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["decimal", "table"]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; a bar in a cell would end the cell, so it is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def decimal(value: float, digits: int = 3) -> str:
    """`.722`: a score as the field prints it."""
    return f"{value:.{digits}f}".removeprefix("0")
