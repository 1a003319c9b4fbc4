"""Read the table of own clips. Every fault names the file, the row as a spreadsheet counts it, and the column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from merbench.errors import ReleaseError, and_more, printable
from merbench.files import file_name, read_bounded

__all__ = ["COLUMNS", "OwnClip", "read_own_clips", "refuse"]

COLUMNS = ("clip", "subject", "onset", "apex", "offset", "emotion")
OPTIONAL = ("apex", "offset")
LARGEST = 16 * 2**20  # bytes
SHOWN = 5  # faults named in one error
KEPT = r"\w.+()-"  # the characters of ids
VIDEOS = (".mp4", ".avi")


@dataclass(frozen=True)
class OwnClip:
    """One clip of the table.

    Attributes:
        number: the row as a spreadsheet counts it; the header is row 1.
        clip: path of its folder or video below the folder of frames, as written.
        subject: as written, without outer blanks.
        onset, apex, offset: frame numbers; apex and offset may be missing.
        emotion: in lower case, without outer blanks.
    """

    number: int
    clip: str
    subject: str
    onset: int
    apex: int | None
    offset: int | None
    emotion: str

    def id(self, database: str) -> str:
        """The clip's id, e.g. `mine/anna/day1_smile`."""
        path = PurePosixPath(self.clip)
        stem = path.with_suffix("") if path.suffix.lower() in VIDEOS else path
        name = file_name("_".join(stem.parts), kept=KEPT)
        return f"{self.subject_id(database)}/{name}"

    def subject_id(self, database: str) -> str:
        """The subject's id, e.g. `mine/anna`."""
        return f"{database}/{file_name(self.subject, kept=KEPT)}"


def read_own_clips(path: Path) -> list[OwnClip]:
    """The clips of a table: a CSV file in UTF-8, with commas, semicolons or tabs.

    Raises:
        ReleaseError: the file cannot be read, a column is missing, unknown or listed twice, or a row is faulty; up to
            five faults are named.
    """
    lines = _lines(path)
    header = [name.strip().lower() for name in lines[0]] if lines else []
    if fault := _header_fault(header):
        raise ReleaseError(f"{path.name}, row 1: {fault}; the columns are {', '.join(COLUMNS)}")
    rows, faults = [], []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        try:
            rows.append(_row(number, header, cells))
        except ValueError as error:
            faults.append(str(error))
    faults += [*_alike(rows), *_twice(rows)]
    if not rows and not faults:
        faults.append("row 2: there is no clip")
    refuse(path, faults)
    return rows


def refuse(path: Path, faults: list[str]) -> None:
    """Raise a ReleaseError that names the first faults of the table, if there are any."""
    if faults:
        raise ReleaseError(f"{path.name}, {and_more(faults, SHOWN, '; ')}")


def _lines(path: Path) -> list[list[str]]:
    try:
        text = read_bounded(path, LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        raise ReleaseError(f"{path.name}, row {row}: the file is not UTF-8; save it as CSV in UTF-8") from error
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ReleaseError(f"{path.name} is not a CSV file ({error})") from error


def _header_fault(header: list[str]) -> str:
    missing = [name for name in COLUMNS if name not in header and name not in OPTIONAL]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    named = ", ".join(map(printable, unknown))
    return "; ".join(
        [
            *([f"no column {', '.join(missing)}"] if missing else []),
            *([f"unknown column {named}"] if unknown else []),
            *([f"column {', '.join(twice)} is listed twice"] if twice and not unknown else []),
        ]
    )


def _row(number: int, header: list[str], cells: list[str]) -> OwnClip:
    """One row; ValueError says what is wrong with it."""
    if len(cells) != len(header):
        raise ValueError(f"row {number}: {len(cells)} cells, but the header has {len(header)}")
    given = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    for name, cell in given.items():
        if not cell and name not in OPTIONAL:
            raise ValueError(f"row {number}, column {name}: it is empty")
        if not cell.isprintable():
            raise ValueError(f"row {number}, column {name}: it has a control character")
    onset, apex, offset = (_frame(number, name, given.get(name, "")) for name in ("onset", "apex", "offset"))
    assert onset is not None  # it is not optional
    if offset is not None and offset <= onset:
        raise ValueError(f"row {number}, column offset: {offset} is not after the onset, {onset}")
    if apex is not None and not onset <= apex <= (apex if offset is None else offset):
        raise ValueError(f"row {number}, column apex: {apex} is outside {onset}..{offset or ''}")
    _check_path(number, given["clip"])
    for name in ("clip", "subject"):
        if file_name(given[name], kept=KEPT).strip(".-") == "":
            raise ValueError(f"row {number}, column {name}: {given[name]!r} has no letter or digit")
    return OwnClip(number, given["clip"], given["subject"], onset, apex, offset, given["emotion"].lower())


def _frame(number: int, name: str, cell: str) -> int | None:
    if not cell:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", cell):
        raise ValueError(f"row {number}, column {name}: {cell!r} is not a frame number")
    return int(cell)


def _check_path(number: int, clip: str) -> None:
    if "\\" in clip:
        raise ValueError(f"row {number}, column clip: write {clip!r} with / between folders")
    parts = clip.split("/")
    if not clip.strip("/") or parts[0] == "" or ".." in parts or re.match("[A-Za-z]:", clip):
        raise ValueError(f"row {number}, column clip: {clip!r} leaves the folder of --frames")


def _alike(rows: list[OwnClip]) -> Iterator[str]:
    """A fault for each second spelling of a subject: one person would be on both sides of a fold."""
    first: dict[str, OwnClip] = {}
    for row in rows:
        before = first.setdefault(file_name(" ".join(row.subject.split()), kept=r"\w").casefold(), row)
        if before.subject != row.subject:
            yield (
                f"row {row.number}, column subject: {row.subject!r} is {before.subject!r} of row {before.number} "
                "in another spelling; use one"
            )


def _twice(rows: list[OwnClip]) -> Iterator[str]:
    first: dict[str, OwnClip] = {}
    for row in rows:
        path = PurePosixPath(row.clip)
        before = first.setdefault(row.id("").casefold(), row)
        if before is not row:
            yield f"row {row.number}, column clip: {path.as_posix()!r} is the clip of row {before.number} too"
