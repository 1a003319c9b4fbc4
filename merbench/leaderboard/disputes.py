"""Records that are contested or withdrawn, from a table beside the records: who says so, when, where and why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from merbench.leaderboard.about import day
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.entries import Entry, read_entries, record_files
from merbench.leaderboard.lines import InvalidReport, lines, valid
from merbench.plugin.registry import Registry
from merbench.runs.schema import Link, Strict

__all__ = ["DISPUTES_FILE", "Dispute", "marked", "present_entries", "read_disputes", "require_records"]

DISPUTES_FILE = "disputes.csv"


class Dispute(Strict):
    """A line of `disputes.csv`.

    Attributes:
        record: the id of a record of the leaderboard, or its first twelve digits.
        status: a `contested` record keeps its rank and is marked; a `withdrawn` record is struck and not ranked.
        date: of the objection or withdrawal, `YYYY-MM-DD`.
        link: where it can be read, an http or https address; may be empty.
        reason: one sentence.
    """

    record: Annotated[str, Field(pattern=r"^[0-9a-f]{12}([0-9a-f]{52})?$")]
    status: Literal["contested", "withdrawn"]
    date: Annotated[str, AfterValidator(day)]
    link: Link
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]

    @property
    def entry(self) -> str:
        """The id of the entry: the first twelve digits of the record's id."""
        return self.record[:12]


def read_disputes(path: Path | None) -> tuple[Dispute, ...]:
    """The lines of a table of disputes, in its order; none for None.

    Raises:
        InvalidReport: the file cannot be read, or a line is not valid or is listed twice.
    """
    found: dict[Dispute, str] = {}
    for where, cells in lines(path, tuple(Dispute.model_fields)) if path else ():
        one = valid(Dispute, where, cells, cells)
        if one in found:
            raise InvalidReport(f"{where}: the same as on {found[one].rsplit(', ', 1)[-1]}; remove one of them")
        found[one] = where
    return tuple(found)


def require_records(disputes: Collection[Dispute], records: Collection[str], path: Path | None) -> None:
    """Require that every dispute names one of the records, by their full ids.

    Raises:
        InvalidReport: a record is unknown.
    """
    known = {*records, *(one[:12] for one in records)}
    for one in disputes:
        if one.record not in known:
            raise InvalidReport(
                f"{path}: no record has the id {one.record}; correct the id, or put the record's file back"
            )


def present_entries(
    folders: Sequence[Path], path: Path | None, registry: Registry, cache: Cache | None = None
) -> list[Entry]:
    """The entries of all records in some folders, without withdrawn ones.

    Args:
        folders: of records.
        path: of the table of disputes; None for no table.
        registry: of datasets and protocols.
        cache: see `read_entries`.

    Raises:
        InvalidReport: the table of disputes is not valid, or names an unknown record.
        RecordError: a record is not valid.
    """
    disputes = read_disputes(path)
    entries = [entry for _, entry in read_entries(record_files(folders), registry, cache)]
    require_records(disputes, {entry.record.id for entry in entries}, path)
    return [one for one in (marked(entry, disputes) for entry in entries) if not one.withdrawn]


def marked(entry: Entry, disputes: Sequence[Dispute]) -> Entry:
    """The entry, with the disputes about its record."""
    own = tuple(one for one in disputes if one.entry == entry.id)
    return replace(entry, disputes=own) if own else entry
