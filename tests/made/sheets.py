"""Annotation tables as files: workbooks with their sheets, and csv as a spreadsheet program exports it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

__all__ = ["Cell", "cell", "write_book", "write_csv"]

Cell = str | int | None


def cell(value: str | int | None) -> Cell:
    """A cell as spreadsheet programs keep it: digits without a leading zero are a number, and nothing is empty."""
    if isinstance(value, str) and value.isdecimal() and not (len(value) > 1 and value.startswith("0")):
        return int(value)
    return None if value == "" else value


def write_book(path: Path, sheets: Mapping[str, Iterable[Sequence[Cell]]]) -> None:
    """Write a workbook: the rows of each sheet by its name; text that begins with `=` is a formula."""
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)


def write_csv(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Write a csv table with a byte order mark and the line ends of spreadsheet programs."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
