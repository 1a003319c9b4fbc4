"""Records that are contested or withdrawn: two short tables that lie among the records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from merbench.leaderboard.entries import Entry, Mark, read_entries, record_files
from merbench.leaderboard.lines import InvalidReport, lines, valid
from merbench.plugin.registry import Registry
from merbench.runs.schema import Link, Strict

__all__ = ["CONTESTED", "WITHDRAWN", "MarkLine", "Marks", "iso_date", "marked_entries"]

# In a folder of records; both are optional.
CONTESTED = "contested.csv"
WITHDRAWN = "withdrawn.csv"


def iso_date(text: str) -> str:
    """The text, if it is a day as `2026-11-23`.

    Raises:
        ValueError: it is not.
    """
    try:
        found = date.fromisoformat(text).isoformat() == text
    except ValueError:
        found = False
    if not found:
        raise ValueError("not a date; write YYYY-MM-DD, e.g. 2026-11-23")
    return text


class MarkLine(Strict):
    """A line of `contested.csv` or `withdrawn.csv`.

    Attributes:
        record: the record's id, or its first twelve digits, as in the address of its page.
        date: when it was contested or withdrawn.
        link: to what was said about it; may be empty.
        reason: a sentence.
    """

    record: Annotated[str, Field(pattern=r"^[0-9a-f]{12,64}$")]
    date: Annotated[str, AfterValidator(iso_date)]
    link: Link
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class Marks:
    """What `contested.csv` and `withdrawn.csv` in some folders of records say.

    Raises:
        InvalidReport: a file cannot be read, a line is not valid, or a record is listed twice in one file.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._contested = dict(_read(folders, CONTESTED))
        self._withdrawn = dict(_read(folders, WITHDRAWN))

    def on(self, entry: Entry) -> Entry:
        """The entry with what is said of it."""
        return replace(entry, contested=_mark(self._contested, entry), withdrawn=_mark(self._withdrawn, entry))

    def require_known(self, entries: Sequence[Entry]) -> None:
        """Require that each line names one of the entries.

        Raises:
            InvalidReport: a line names another record.
        """
        known = {one.id: one.record.id for one in entries}
        for where, line in (*self._contested.values(), *self._withdrawn.values()):
            if not known.get(line.record[:12], "").startswith(line.record):
                raise InvalidReport(f"{where}: record: no record here has the id {line.record}; correct or remove it")


def marked_entries(folders: Sequence[Path], registry: Registry) -> list[Entry]:
    """The entries of all records in some folders, each with what is said of it.

    Raises:
        RecordError: a record is not valid.
        InvalidReport: a table of contested or withdrawn records is not valid.
    """
    marks = Marks(folders)
    entries = [marks.on(entry) for _, entry in read_entries(record_files(folders), registry)]
    marks.require_known(entries)
    return entries


def _read(folders: Sequence[Path], name: str) -> Iterator[tuple[str, tuple[str, MarkLine]]]:
    """For each line: the first twelve digits of the record's id, and the line with its place."""
    seen: dict[str, str] = {}
    for path in dict.fromkeys(folder / name for folder in folders):
        if not path.exists():
            continue
        for where, cells in lines(path, tuple(MarkLine.model_fields)):
            line = valid(MarkLine, where, cells, cells)
            key = line.record[:12]
            if key in seen:
                raise InvalidReport(f"{where}: record: {key} is listed already in {seen[key]}; remove one of them")
            seen[key] = where
            yield key, (where, line)


def _mark(marks: dict[str, tuple[str, MarkLine]], entry: Entry) -> Mark | None:
    if entry.id not in marks:
        return None
    line = marks[entry.id][1]
    return Mark(line.date, line.link, line.reason)
