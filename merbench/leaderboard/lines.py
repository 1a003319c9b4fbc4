"""Read the lines of the CSV files that lie beside the boards, one after another."""

from __future__ import annotations

import csv
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from merbench.errors import MerbenchError
from merbench.runs.schema import Strict

__all__ = ["Cell", "InvalidReport", "Slug", "by_name", "lines", "shown", "valid"]

# A name or sentence in a cell: not empty, and without control characters.
Cell = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Slug = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]

Line = TypeVar("Line", bound=Strict)


class InvalidReport(MerbenchError):
    """A line of `reported.csv`, or of a file beside it, is not valid; the message names file and line."""


def lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each line after the header, as `PATH, line N` and its cells by column.

    Raises:
        InvalidReport: the file cannot be read, is not CSV, or has other columns than these (in any order).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _require_columns(f"{path}, line 1", header, columns)
            for cells in reader:
                where = f"{path}, line {reader.line_num}"
                if len(cells) != len(header):
                    raise InvalidReport(f"{where}: {len(cells)} cells, but the header has {len(header)}; quote commas")
                yield where, dict(zip(header, cells, strict=True))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidReport(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except csv.Error as error:
        raise InvalidReport(f"{path}, line {reader.line_num}: not a line of CSV: {error}") from error


def by_name(path: Path, kind: type[Line]) -> dict[str, Line]:
    """The lines of a file by their first column; empty if there is no such file.

    Raises:
        InvalidReport: the file cannot be read, has a line that is not valid, or has a name twice.
    """
    found: dict[str, Line] = {}
    columns = tuple(kind.model_fields)
    for where, cells in lines(path, columns) if path.exists() else ():
        one, name = valid(kind, where, cells, cells), cells[columns[0]]
        if name in found:
            raise InvalidReport(f"{where}: {shown(name)} is listed twice; remove one of the lines")
        found[name] = one
    return found


def valid(kind: type[Line], where: str, cells: Mapping[str, str], content: Mapping[str, object]) -> Line:
    """The line as an object of this kind.

    Args:
        where: file and line, for the error.
        cells: as they are in the file, for the error.
        content: the fields of the object.

    Raises:
        InvalidReport: a field is not valid.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        column = str(fault["loc"][0])
        said = fault["msg"].removeprefix("Value error, ")
        what = f"{said}, found {shown(cells[column])}" if cells[column] else "is empty"
        raise InvalidReport(f"{where}: {column}: {what}") from error


def shown(text: str) -> str:
    """Foreign text in an error: quoted, on one line, and cut if it is long."""
    return reprlib.repr(text)


def _require_columns(where: str, header: Sequence[str], columns: Sequence[str]) -> None:
    if sorted(header) == sorted(columns):
        return
    missing = ", ".join(name for name in columns if name not in header)
    unknown = ", ".join(shown(name) for name in [*dict.fromkeys(header)][:50] if name not in columns)
    what = "; ".join(
        f"{kind} {names}" for kind, names in (("missing columns:", missing), ("unknown columns:", unknown)) if names
    )
    raise InvalidReport(f"{where}: {what or 'a column is listed twice'}; the columns are {', '.join(columns)}")
