"""Tables: beautiful on a terminal, plain and uncut where the output goes to a file or another program; and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["print_json", "print_table"]


def print_json(value: Any) -> None:
    """Print `value` as JSON, indented; what JSON has no form for is printed as `str` gives it."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, title: str = "") -> None:
    """Print a table.

    Args:
        columns: the headings, which are the keys of each row as well. On a terminal the last column takes the room
            that is left and breaks its lines; the others are never broken.
        rows: one mapping per row.
        title: stands above the table.
    """
    cells = [[row[column] for column in columns] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, cells, title)
    else:
        _print_plain(columns, cells, title)


def _print_plain(columns: Sequence[str], cells: list[list[str]], title: str) -> None:
    lines = [list(columns), *cells]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    if title:
        print(title)
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_rich(columns: Sequence[str], cells: list[list[str]], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style="dim")
    for at, column in enumerate(columns):
        if at == len(columns) - 1:
            table.add_column(column, overflow="fold")
        else:
            table.add_column(column, no_wrap=True, overflow="ignore", style="bold" if at == 0 else "")
    for line in cells:
        table.add_row(*map(Text, line))  # Text: a plugin's words are no markup
    if title:
        console.print(Text(title, style="bold cyan"))
    console.print(table)
