"""Read csv tables as their authors ship them: with or without a BOM, any line ending, additional columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path


class TableError(Exception):
    """The fault of a file, as text to follow its path: `", line 3: ..."` or `" is ..."`."""


def rows_of(path: Path, columns: Sequence[str], root: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and stripped cells of the named `columns` for every row of a csv file; other columns are left out.

    Blank lines are skipped.

    Raises:
        TableError: the file is a link out of `root` or not UTF-8 text, a column is missing or occurs twice, or a row
            ends before the last of the columns.
    """
    inside(path, root)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            places = _places(next(reader, []), columns)
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) <= max(places.values()):
                    raise TableError(f", line {reader.line_num}: the row ends too early")
                yield reader.line_num, {name: cells[place].strip() for name, place in places.items()}
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f" is not a csv table ({error})") from error
    except OSError as error:
        raise TableError(f" cannot be read ({error.strerror})") from error


def inside(path: Path, root: Path) -> None:
    """Raise TableError unless the path is a plain file inside the release, after links are followed."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise TableError(" is a broken link") from error
    if not real.is_relative_to(root.resolve()):
        raise TableError(" is a link that leads out of the release")
    if not real.is_file():
        raise TableError(" is not a file")


def _places(header: list[str], columns: Sequence[str]) -> dict[str, int]:
    names = [name.strip() for name in header]
    missing = [name for name in columns if name not in names]
    if missing:
        has = ", ".join(name[:40] for name in [*filter(None, names)][:15]) or "none"
        raise TableError(f" has no column {missing[0]!r}; its columns are {has}")
    twice = [name for name in columns if names.count(name) > 1]
    if twice:
        raise TableError(f" has two columns {twice[0]!r}")
    return {name: names.index(name) for name in columns}
