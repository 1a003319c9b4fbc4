"""Reported results: figures that papers print, curated as a table of one figure a line, and the rows they make.

`docs/reported-results.md` says what the columns hold and how a printed figure finds its dataset and protocol.
"""

from __future__ import annotations

import csv
import hashlib
import json
import reprlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar, cast, get_args

from pydantic import Field, ValidationError

from merbench.errors import MerbenchError
from merbench.leaderboard.site import Family, Figure, Figures, Paper, Row
from merbench.runs.schema import Link, Share, Strict
from merbench.scores import Metric

__all__ = [
    "COLUMNS",
    "NOTES_FILE",
    "NOT_STATED",
    "Evidence",
    "InvalidReport",
    "Reported",
    "boards_of",
    "left_out",
    "read_reported",
    "reported_rows",
]

NOTES_FILE = "reported-notes.csv"  # beside the table of figures
NOT_STATED = "not-stated"  # the protocol of a figure whose source does not say; such figures make no board
# Papers print four decimals and round or cut the last one: .5989 and .5990 are the same figure.
LAST_DECIMAL = 1e-4 + 1e-9

Evidence: TypeAlias = Literal["paper", "readme", "abstract", "recomputed from log", "second-hand"]
# One name or sentence of a table's cell: filled, and without control characters.
Cell = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Slug = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class InvalidReport(MerbenchError):
    """A line of `reported.csv` or of its notes that cannot be taken as it stands; the message names file and line."""


class Reported(Strict):
    """One printed figure.

    Attributes:
        method, variant: names; a variant (a line of an ablation) is empty for a method's main result.
        year, paper, table, link: where the figure stands, which for a second-hand one is not the method's own paper.
        dataset, protocol, part: what was scored; `protocol` may be `not-stated`.
        classes, clips: numbers of them; None where they are not stated.
        metric: `f1` is a figure printed as F1 without saying that it is UF1; `unclear` is explained by a note.
        value: in [0, 1].
        notes: sentences that a reader of the figure should know.
    """

    method: Cell
    variant: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    family: Family
    year: Annotated[int, Field(ge=1990, le=2100)]
    dataset: Slug
    protocol: Slug
    part: Literal["full", "smic", "casme2", "samm"]
    classes: Annotated[int, Field(ge=2, le=100)] | None
    metric: Annotated[str, Field(pattern=r"^(uf1|uar|accuracy|f1|macro-precision|recall:[a-z]{1,40}|unclear)$")]
    value: Share
    clips: Annotated[int, Field(ge=1)] | None
    epoch_policy: Literal["last", "test-selected", "not stated"]
    paper: Cell
    table: Cell
    link: Link
    evidence: Evidence
    notes: tuple[str, ...]

    @property
    def on_board(self) -> bool:
        """Whether a board shows it: a main result, of a metric that boards have, under a protocol that is stated."""
        return not self.variant and self.metric in get_args(Metric) and self.protocol != NOT_STATED


class Note(Strict):
    """A sentence that figures refer to by its id."""

    id: Slug
    text: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


Model = TypeVar("Model", Reported, Note)
COLUMNS = tuple(Reported.model_fields)
# What all figures of one row share.
_OF_A_ROW = ("family", "year", "epoch_policy", "link", "evidence")


def read_reported(path: Path) -> tuple[Reported, ...]:
    """The figures of a table such as `leaderboards/reported.csv`, in its order, with the notes of its sibling.

    Raises:
        InvalidReport: a file that cannot be read; columns that are missing or unknown; a cell that its column does not
            take; a note that is not there; the same figure twice; figures of one row, or of one dataset, that
            contradict each other.
    """
    notes = _read_notes(path.with_name(NOTES_FILE))
    figures: list[Reported] = []
    agreement = _Agreement()
    for where, cells in _lines(path, COLUMNS):
        figure = _figure(where, cells, notes)
        agreement.check(figure, where)
        figures.append(figure)
    return tuple(figures)


def boards_of(figures: Iterable[Reported]) -> list[tuple[str, str]]:
    """Every (dataset, protocol) that `reported_rows` has rows for, sorted."""
    return sorted({(one.dataset, one.protocol) for one in figures if one.on_board})


def left_out(figures: Iterable[Reported], dataset: str, protocol: str) -> int:
    """How many figures of a board no row shows: variants, and metrics that are unclear or not those of a board."""
    return sum((one.dataset, one.protocol) == (dataset, protocol) and not one.on_board for one in figures)


def reported_rows(figures: Iterable[Reported], dataset: str, protocol: str) -> tuple[Row, ...]:
    """The rows of a board, one for each method and paper, by method, first-hand before second-hand.

    A second-hand row is left away where each of its figures already stands in a row of the same method: in a
    first-hand one, or in a second-hand one with at least as many figures.
    """
    groups = defaultdict(list)
    for one in figures:
        if one.on_board and (one.dataset, one.protocol) == (dataset, protocol):
            groups[one.method, one.paper].append(one)
    rows: list[Row] = []
    for group in sorted(groups.values(), key=_standing):
        row = _row(group)
        if not (_second_hand(group) and _repeats(row, [other for other in rows if other.model == row.model])):
            rows.append(row)
    return tuple(rows)


def _standing(group: Sequence[Reported]) -> tuple[object, ...]:
    first = group[0]
    return first.method.casefold(), first.method, _second_hand(group), -len(group), first.paper


def _second_hand(group: Sequence[Reported]) -> bool:
    return group[0].evidence == "second-hand"


def _repeats(row: Row, others: Sequence[Row]) -> bool:
    """Whether each figure of `row` stands in one of the others."""
    return all(
        any(
            metric in other.figures.get(part, {})
            and abs(other.figures[part][metric].value - figure.value) <= LAST_DECIMAL
            for other in others
        )
        for part, metrics in row.figures.items()
        for metric, figure in metrics.items()
    )


def _row(group: Sequence[Reported]) -> Row:
    first = group[0]
    figures: Figures = {}
    for one in group:
        figures.setdefault(one.part, {})[cast(Metric, one.metric)] = Figure(one.value)
    table = "; ".join(dict.fromkeys(one.table for one in group))
    return Row(
        id=_row_id(first),
        model=first.method,
        badge="reported",
        policy=first.epoch_policy,
        figures=figures,
        family=first.family,
        clips=max((one.clips for one in group if one.clips), default=None),
        paper=Paper(first.paper, first.year, table, first.link),
        notes=_row_notes(group, table),
    )


def _row_id(figure: Reported) -> str:
    """Twelve hex digits of what a row is, and of nothing that a correction may change."""
    identity = (figure.dataset, figure.protocol, figure.method, figure.variant, figure.paper)
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]


def _row_notes(group: Sequence[Reported], table: str) -> tuple[str, ...]:
    kinds = {
        "second-hand": f"second-hand: as given by {group[0].paper}, {table}",
        "recomputed from log": "recomputed from the authors' own log of predictions, not printed in a paper",
        "abstract": "the figures stand in the abstract; the paper was not read",
    }
    own = dict.fromkeys(note for one in group for note in one.notes)
    kind = kinds.get(group[0].evidence)
    return (*([kind] if kind else []), *own)


def _lines(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Each line after the header, as `PATH, line N` and its cells by column."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            _check_header(f"{path}, line 1", header, columns)
            for cells in reader:
                where = f"{path}, line {reader.line_num}"
                if len(cells) != len(header):
                    raise InvalidReport(f"{where}: {len(cells)} cells where the header has {len(header)}; quote commas")
                yield where, dict(zip(header, cells, strict=True))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidReport(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    except csv.Error as error:
        raise InvalidReport(f"{path}, line {reader.line_num}: not a line of CSV: {error}") from error


def _check_header(where: str, header: Sequence[str], columns: Sequence[str]) -> None:
    if sorted(header) == sorted(columns):
        return
    missing = ", ".join(name for name in columns if name not in header)
    unknown = ", ".join(_shown(name) for name in [*dict.fromkeys(header)][:50] if name not in columns)
    what = "; ".join(
        f"{kind} {names}" for kind, names in (("missing columns:", missing), ("unknown columns:", unknown)) if names
    )
    raise InvalidReport(f"{where}: {what or 'a column stands twice'}; the columns are {', '.join(columns)}")


def _read_notes(path: Path) -> dict[str, str]:
    notes: dict[str, str] = {}
    for where, cells in _lines(path, tuple(Note.model_fields)):
        note = _checked(Note, where, cells, cells)
        if note.id in notes:
            raise InvalidReport(f"{where}: a second note is called {note.id}; give it an id of its own")
        notes[note.id] = note.text
    return notes


def _figure(where: str, cells: dict[str, str], notes: dict[str, str]) -> Reported:
    ids = cells["notes"].split()
    if unknown := [one for one in ids if one not in notes]:
        raise InvalidReport(f"{where}: notes: no note is called {_shown(unknown[0])}; add it to {NOTES_FILE}")
    content = {
        **cells,
        **{name: cells[name] or None for name in ("classes", "clips")},
        "notes": tuple(notes[one] for one in ids),
    }
    return _checked(Reported, where, cells, content)


def _checked(kind: type[Model], where: str, cells: Mapping[str, str], content: Mapping[str, object]) -> Model:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        column = str(fault["loc"][0])
        what = f"{fault['msg']}, found {_shown(cells[column])}" if cells[column] else "is empty"
        raise InvalidReport(f"{where}: {column}: {what}") from error


class _Agreement:
    """What the lines so far have said: a figure stands once, and those of one row or one dataset agree."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, ...], tuple[object, str]] = {}

    def check(self, figure: Reported, where: str) -> None:
        row = (figure.dataset, figure.protocol, figure.method, figure.variant, figure.paper)
        line = where.rsplit(", ", 1)[-1]
        _, before = self.said.setdefault((*row, figure.part, figure.metric), (None, line))
        if before != line:
            raise InvalidReport(f"{where}: the same figure as on {before}; a figure stands once")
        for name, of, key in (("classes", "dataset", (figure.dataset,)), *((one, "row", row) for one in _OF_A_ROW)):
            value = getattr(figure, name)
            said, before = self.said.setdefault((name, of, *key), (value, line))
            if said != value:
                raise InvalidReport(f"{where}: {name} is {value!r}, but {said!r} on {before} of the same {of}")


def _shown(text: str) -> str:
    return reprlib.repr(text)
