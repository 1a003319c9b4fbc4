"""Print tables and JSON. A table is formatted on a terminal, and plain in a file or pipe."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from merbench.errors import printable

__all__ = ["print_json", "print_table"]

BREAKABLE = 16  # characters of a word in the last column that are never broken


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; values of other types are printed as text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(
    columns: Sequence[str], rows: Sequence[Mapping[str, str]], *, title: str = "", spare: Sequence[str] = ()
) -> None:
    """Print a table.

    Args:
        columns: the headings, and the keys of each row. On a terminal the first column is never broken, and the others
            only between words (the last one also within a very long word).
        rows: one mapping per row.
        title: printed above the table.
        spare: columns to leave out on a narrow terminal, the first one first.
    """
    lines = [list(columns), *([printable(row[column]) for column in columns] for row in rows)]
    needed = _needed(lines)
    # Without room for a table, the terminal's own line breaks are better than names cut short.
    if sys.stdout.isatty() and sum(needed) + 3 * len(needed) <= shutil.get_terminal_size().columns:
        _print_rich(lines, needed, title)
    elif sys.stdout.isatty() and spare:
        kept = [column for column in columns if column != spare[0]]
        print_table(kept, rows, title=title, spare=spare[1:])
    else:
        _print_plain(lines, title)


def _needed(lines: list[list[str]]) -> list[int]:
    """The smallest width of each column."""
    needed = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
    needed[0] = max(len(line[0]) for line in lines)
    needed[-1] = min(needed[-1], BREAKABLE)
    return needed


def _longest_word(cell: str) -> int:
    return max(map(len, cell.split()), default=0)


def _figures(cells: Sequence[str]) -> bool:
    """Whether a column holds only plain numbers, which are aligned to the right."""
    return bool(cells) and all(cell.replace(".", "", 1).isdecimal() for cell in cells)


def _print_plain(lines: list[list[str]], title: str) -> None:
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    justify = [str.rjust if _figures(column[1:]) else str.ljust for column in columns]
    if title:
        print(title)
    for line in lines:
        cells = (side(cell, width) for side, cell, width in zip(justify, line, widths, strict=True))
        print("  ".join(cells).rstrip())


def _print_rich(lines: list[list[str]], needed: list[int], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, header_style="dim")
    for at, column in enumerate(lines[0]):
        style = "bold" if at == 0 else ""
        justify: Literal["left", "right"] = "right" if _figures([line[at] for line in lines[1:]]) else "left"
        table.add_column(column, min_width=needed[at], no_wrap=at == 0, overflow="fold", style=style, justify=justify)
    for line in lines[1:]:
        table.add_row(*map(Text, line))  # Text: a plugin's words are not markup
    if title:
        console.print(Text(title, style="bold cyan"))
    console.print(table)
