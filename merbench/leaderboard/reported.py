"""Reported results: figures that papers print, read from a table with one figure a line, and the rows they make.

`docs/reported-results.md` explains the columns, and how to find the dataset and protocol of a printed figure.
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
from merbench.leaderboard.entries import Figure, Figures
from merbench.leaderboard.rows import Approach, Paper, Row
from merbench.plugin.registry import Registry
from merbench.runs.schema import Link, Share, Strict
from merbench.scores import Metric

__all__ = [
    "COLUMNS",
    "NOTES_FILE",
    "NOT_STATED",
    "REMARKS_FILE",
    "Evidence",
    "InvalidReport",
    "Remark",
    "Reported",
    "read_remarks",
    "read_reported",
    "reported_rows",
]

# Beside the table of figures:
NOTES_FILE = "reported-notes.csv"  # the sentences that figures refer to
REMARKS_FILE = "reported-remarks.csv"  # what the page on scores says of reported results; optional
NOT_STATED = "not-stated"  # the protocol of a figure whose paper does not name one; such figures make no board
# Papers print four decimals and round or cut the last digit: .5989 and .5990 are the same figure.
LAST_DECIMAL = 1e-4 + 1e-9

Evidence: TypeAlias = Literal["paper", "readme", "abstract", "recomputed from log", "second-hand"]
# A name or sentence in a cell: not empty, and without control characters.
Cell = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
Slug = Annotated[str, Field(max_length=60, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class InvalidReport(MerbenchError):
    """A line of `reported.csv`, of its notes or of its remarks is not valid; the message names file and line."""


class Reported(Strict):
    """One printed figure.

    Attributes:
        method, variant: names; a variant (a line of an ablation) is empty for a method's main result.
        approach: of the method.
        year, paper, table, link: where the figure is printed; a second-hand figure is not in the method's own paper.
        dataset, protocol, part: what was scored; `protocol` may be `not-stated`, `part` is `full` or a database.
        classes, clips: how many; None if not stated.
        metric: `f1` is printed as F1 without saying that it is UF1; `unclear` is explained by a note.
        value: in [0, 1].
        notes: sentences that a reader of the figure should know.
    """

    method: Cell
    variant: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    approach: Approach
    year: Annotated[int, Field(ge=1990, le=2100)]
    dataset: Slug
    protocol: Slug
    part: Slug
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
        """Whether a board shows it: a main result, in a metric that boards have, under a stated protocol."""
        return not self.variant and self.metric in get_args(Metric) and self.protocol != NOT_STATED


class Note(Strict):
    """A sentence that figures refer to by its id."""

    id: Slug
    text: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class Remark(Strict):
    """What a reader of the reported results should look for, with examples from papers."""

    topic: Cell
    text: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


Model = TypeVar("Model", Reported, Note, Remark)
COLUMNS = tuple(Reported.model_fields)
# All figures of a row have these in common.
_OF_A_ROW = ("approach", "year", "epoch_policy", "link", "evidence")


def read_reported(path: Path, registry: Registry | None = None) -> tuple[Reported, ...]:
    """The figures of a table such as `leaderboards/reported.csv`, in its order, with the notes from `NOTES_FILE`.

    Args:
        path: the table.
        registry: if given, the parts of installed datasets are checked.

    Raises:
        InvalidReport: a file cannot be read; columns are missing or unknown; a cell is not valid for its column; a note
            or a part does not exist; a figure is listed twice; figures of one row, or of one dataset, disagree.
    """
    notes = _read_notes(path.with_name(NOTES_FILE))
    figures: list[Reported] = []
    agreement = _Agreement()
    for where, cells in _lines(path, COLUMNS):
        figure = _figure(where, cells, notes)
        agreement.require(figure, where)
        _require_part(figure, where, registry)
        figures.append(figure)
    return tuple(figures)


def read_remarks(path: Path) -> tuple[Remark, ...]:
    """The remarks beside a table of figures; empty if there is no such file.

    Raises:
        InvalidReport: the file cannot be read, or has a line that is not valid.
    """
    remarks = path.with_name(REMARKS_FILE)
    if not remarks.exists():
        return ()
    return tuple(_valid(Remark, where, cells, cells) for where, cells in _lines(remarks, tuple(Remark.model_fields)))


def reported_rows(figures: Iterable[Reported]) -> tuple[Row, ...]:
    """The rows of one board, one for each method and paper: by method, first-hand before second-hand.

    A second-hand row is left out if each of its figures is already in another row of the method: in a first-hand row,
    or in a second-hand row with at least as many figures.
    """
    groups = defaultdict(list)
    for one in figures:
        if one.on_board:
            groups[one.method, one.paper].append(one)
    rows: list[Row] = []
    for group in sorted(groups.values(), key=_order):
        row = _row(group)
        if not (_second_hand(group) and _repeats(row, [other for other in rows if other.model == row.model])):
            rows.append(row)
    return tuple(rows)


def _order(group: Sequence[Reported]) -> tuple[object, ...]:
    first = group[0]
    return first.method.casefold(), first.method, _second_hand(group), -len(group), first.paper


def _second_hand(group: Sequence[Reported]) -> bool:
    return group[0].evidence == "second-hand"


def _repeats(row: Row, others: Sequence[Row]) -> bool:
    """Whether each figure of `row` is in one of the others."""
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
        approach=first.approach,
        clips=max((one.clips for one in group if one.clips), default=None),
        paper=Paper(first.paper, first.year, table, first.link, first.evidence),
        notes=_row_notes(group, table),
    )


def _row_id(figure: Reported) -> str:
    """Twelve hex digits made from the names of a row, which stay when a value is corrected."""
    identity = (figure.dataset, figure.protocol, figure.method, figure.variant, figure.paper)
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:12]


def _row_notes(group: Sequence[Reported], table: str) -> tuple[str, ...]:
    kinds = {
        "second-hand": f"second-hand: as given by {group[0].paper}, {table}",
        "recomputed from log": "recomputed from the authors' own log of predictions, not printed in a paper",
        "abstract": "the figures are from the abstract; the paper was not read",
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


def _require_columns(where: str, header: Sequence[str], columns: Sequence[str]) -> None:
    if sorted(header) == sorted(columns):
        return
    missing = ", ".join(name for name in columns if name not in header)
    unknown = ", ".join(_shown(name) for name in [*dict.fromkeys(header)][:50] if name not in columns)
    what = "; ".join(
        f"{kind} {names}" for kind, names in (("missing columns:", missing), ("unknown columns:", unknown)) if names
    )
    raise InvalidReport(f"{where}: {what or 'a column is listed twice'}; the columns are {', '.join(columns)}")


def _read_notes(path: Path) -> dict[str, str]:
    notes: dict[str, str] = {}
    for where, cells in _lines(path, tuple(Note.model_fields)):
        note = _valid(Note, where, cells, cells)
        if note.id in notes:
            raise InvalidReport(f"{where}: note {note.id} is listed twice; give the second one another id")
        notes[note.id] = note.text
    return notes


def _figure(where: str, cells: dict[str, str], notes: dict[str, str]) -> Reported:
    ids = cells["notes"].split()
    if unknown := [one for one in ids if one not in notes]:
        raise InvalidReport(f"{where}: notes: unknown note {_shown(unknown[0])}; add it to {NOTES_FILE}")
    content = {
        **cells,
        **{name: cells[name] or None for name in ("classes", "clips")},
        "notes": tuple(notes[one] for one in ids),
    }
    return _valid(Reported, where, cells, content)


def _valid(kind: type[Model], where: str, cells: Mapping[str, str], content: Mapping[str, object]) -> Model:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        column = str(fault["loc"][0])
        what = f"{fault['msg']}, found {_shown(cells[column])}" if cells[column] else "is empty"
        raise InvalidReport(f"{where}: {column}: {what}") from error


def _require_part(figure: Reported, where: str, registry: Registry | None) -> None:
    if not registry or figure.dataset not in registry.datasets.names():
        return
    parts = ("full", *registry.datasets.get(figure.dataset).databases)
    if figure.part not in parts:
        what = f"{figure.dataset} has no part {_shown(figure.part)}; its parts are {', '.join(parts)}"
        raise InvalidReport(f"{where}: part: {what}")


class _Agreement:
    """Finds figures that are listed twice, and figures of one row or one dataset that disagree."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, ...], tuple[object, str]] = {}

    def require(self, figure: Reported, where: str) -> None:
        row = (figure.dataset, figure.protocol, figure.method, figure.variant, figure.paper)
        line = where.rsplit(", ", 1)[-1]
        _, before = self.said.setdefault((*row, figure.part, figure.metric), (None, line))
        if before != line:
            raise InvalidReport(f"{where}: the same figure as on {before}; remove one of them")
        for name, of, key in (("classes", "dataset", (figure.dataset,)), *((one, "row", row) for one in _OF_A_ROW)):
            value = getattr(figure, name)
            said, before = self.said.setdefault((name, of, *key), (value, line))
            if said != value:
                raise InvalidReport(f"{where}: {name} is {value!r}, but {said!r} on {before} of the same {of}")


def _shown(text: str) -> str:
    return reprlib.repr(text)
