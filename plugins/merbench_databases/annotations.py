"""Read annotation tables as their authors ship them: xlsx or csv, the header in any row, columns in any order."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from merbench_databases.tables import TableError, inside

# The names of each column in the tables, in lower case, without blanks and signs.
HEADINGS: dict[str, tuple[str, ...]] = {
    "subject": ("subject", "subid"),
    "clip": ("filename", "foldname"),
    "onset": ("onsetframe", "onset", "onsetf"),
    "apex": ("apexframe", "apex", "apexf1", "apexf"),
    "offset": ("offsetframe", "offset", "offsetf"),
    "action_units": ("actionunits", "au", "aus"),
    "emotion": ("estimatedemotion", "emotion"),
}
NEEDED = ("subject", "clip", "onset", "apex", "offset", "emotion")
PREAMBLE = 100  # rows that are searched for the header; in SAMM it is row 14
LARGEST = 64 * 2**20  # bytes; the largest table of the field has 200 thousand
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # first bytes of an encrypted spreadsheet, or of one from before 2007
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
NUMBER = re.compile(r"([0-9]{1,9})(?:\.0+)?", re.ASCII)  # a column with gaps is often saved again as 46.0
NONE = frozenset({"", "/", "-", "?", "n/a", "na", "nan", "none", "null"})  # cells without an annotation


class Line(NamedTuple):
    """One row of a table: its number (from 1, as in a spreadsheet program) and its stripped cells."""

    number: int
    subject: str
    clip: str
    onset: str
    apex: str
    offset: str
    emotion: str
    action_units: str


def read_lines(path: Path, root: Path, sheet: str = "") -> list[Line]:
    """Every annotated row of a table: of the sheet that is named, or where there is none, of the first that has the
    needed columns.

    Args:
        path: an xlsx or csv file.
        root: the release's folder; a link to a table outside it is not followed.
        sheet: the sheet to read, if the workbook has it: other sheets may describe other recordings.

    Raises:
        TableError: the file is protected by a password or is not a table, a column is missing or occurs twice, or a row
            has frames but no subject or clip.
    """
    inside(path, root)
    faults = []
    for name, rows in _sheets(path, sheet):
        header = _header(rows)
        if isinstance(header, str):
            faults.append(f"{header} (sheet {name})" if name else header)
            continue
        start, places = header
        return [line for line in _lines(rows, start, places) if line.clip]
    raise TableError(faults[0] if faults else " is empty")


def frame_number(cell: str) -> int | None:
    """The frame number in a cell; None if there is none, as in an empty cell or CASME II's `/`."""
    match = NUMBER.fullmatch(cell)
    return int(match[1]) if match else None


def is_empty(cell: str) -> bool:
    """Whether a cell says that nothing is annotated; other cells without a number cannot be understood."""
    return cell.lower() in NONE


def _lines(rows: Sequence[Sequence[str]], start: int, places: dict[str, int]) -> Iterator[Line]:
    for number, row in enumerate(rows[start + 1 :], start=start + 2):
        cells = {name: row[place] if place < len(row) else "" for name, place in places.items()}
        line = Line(number, **{name: cells.get(name, "") for name in HEADINGS})
        if not (line.subject and line.clip) and frame_number(line.onset) is not None:
            raise TableError(f", line {number}: there are frames, but no {'clip' if line.subject else 'subject'}")
        yield line


def _header(rows: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]] | str:
    """The row with the headings and the place of each; or the fault of the row that is most like it."""
    best: tuple[int, str] = (-1, "")
    for at, row in enumerate(rows[:PREAMBLE]):
        plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in row]
        places = {name: [at for at, cell in enumerate(plain) if cell in known] for name, known in HEADINGS.items()}
        missing = [name for name in NEEDED if not places[name]]
        twice = [name for name, found in places.items() if len(found) > 1]
        if not missing and not twice:
            return at, {name: found[0] for name, found in places.items() if found}
        if len(HEADINGS) - len(missing) > best[0]:
            best = (len(HEADINGS) - len(missing), _fault([cell for cell in row if cell], missing, twice))
    return best[1] or " is empty"


def _fault(cells: list[str], missing: list[str], twice: list[str]) -> str:
    if missing:
        has = ", ".join(cell[:40] for cell in cells[:15]) or "none"
        return f" has no column for the {missing[0]}; its columns are {has}; it may be the table of another version"
    return f" has two columns for the {twice[0]}"


def _sheets(path: Path, named: str) -> Iterator[tuple[str, list[list[str]]]]:
    """Name and rows of the named sheet, or of every sheet if it does not exist; a csv file is one unnamed sheet."""
    try:
        size = path.stat().st_size
        if not 0 < size <= LARGEST:
            raise TableError(f" has {size} bytes")
        with path.open("rb") as file:
            start = file.read(8)
        if start == OLE:
            raise TableError(_of_ole(path.read_bytes()))
        if start.startswith(b"PK"):
            yield from _workbook(path, named)
        else:
            yield "", _csv(path)
    except OSError as error:
        raise TableError(f" cannot be read ({error.strerror})") from error


def _of_ole(content: bytes) -> str:
    if ENCRYPTED in content:
        return (
            " is protected by a password; open it with the password from its authors, and replace the file by one "
            "that is saved without a password"
        )
    return " is in the spreadsheet format from before 2007 (xls); save it as xlsx"


def _workbook(path: Path, named: str) -> Iterator[tuple[str, list[list[str]]]]:
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about drawings and validations, which are not needed
            sheets = load_workbook(path, data_only=True).worksheets
    except Exception as error:  # the library's parsers may raise anything
        raise TableError(f" cannot be read as a spreadsheet ({type(error).__name__})") from error
    for sheet in [one for one in sheets if one.title == named] or sheets:
        yield sheet.title, [_cells(row) for row in sheet.iter_rows(values_only=True)]


def _csv(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [_cells(row) for row in csv.reader(file)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise TableError(f" is neither a spreadsheet nor a csv table ({error})") from error


def _cells(row: Iterable[object]) -> list[str]:
    return ["" if cell is None else _text(cell) for cell in row]


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip()
