"""Reported results: figures that papers print, read from a table with one figure a line, and the rows they make.

`docs/reported-results.md` explains the columns, and how to find the dataset and protocol of a printed figure.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, cast, get_args

from pydantic import Field

from merbench.data.datasets import canonical_clips
from merbench.leaderboard.arithmetic import contradictions
from merbench.leaderboard.bibliography import CITATIONS_FILE, paper_of, read_citations
from merbench.leaderboard.entries import Figure, Figures
from merbench.leaderboard.lines import Cell, InvalidReport, Slug, by_name, lines, shown, valid
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
    "read_notes",
    "read_remarks",
    "read_reported",
    "read_titles",
    "reported_rows",
]

# Beside the table of figures:
NOTES_FILE = "reported-notes.csv"  # the sentences that figures refer to
TITLES_FILE = "reported-titles.csv"  # of datasets and protocols that no plugin here registers; optional
REMARKS_FILE = "reported-remarks.csv"  # what the page on scores says of reported results; optional
NOT_STATED = "not-stated"  # the protocol of a figure whose paper does not name one; such figures make no board
# Figures that arithmetic forbids need a note whose id begins so: it says what does not add up.
ARITHMETIC = "arithmetic-"
# Papers print four decimals and round or cut the last digit: .5989 and .5990 are the same figure.
LAST_DECIMAL = 1e-4 + 1e-9

Evidence: TypeAlias = Literal["paper", "readme", "abstract", "recomputed from log", "second-hand"]
FIRST_YEAR = 1990  # of a figure or a method
Year: TypeAlias = Annotated[int, Field(ge=FIRST_YEAR, le=2100)]
Name: TypeAlias = tuple[str, ...]  # dataset, protocol, method, variant, paper


class Reported(Strict):
    """One printed figure.

    Attributes:
        method, variant: names; a variant (a line of an ablation) is empty for a method's main result.
        approach: of the method.
        first_published: the year of the journal volume or the conference that first published the method; of the
            preprint if it is in no other; None if no source in reach says it.
        year, paper, table, link: where the figure is printed; a second-hand figure is not in the method's own paper.
        dataset, protocol, part: what was scored; `protocol` may be `not-stated`, `part` is `full` or a database.
        classes, clips: how many; None if not stated.
        metric: `f1` is printed as F1 without saying that it is UF1; `unclear` is explained by a note.
        value: in [0, 1].
        notes: sentences that a reader of the figure should know.
        citation: of `paper`, in the form of `paper_of`; empty if it is not known.
    """

    method: Cell
    variant: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
    approach: Approach
    first_published: Year | None
    year: Year
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
    citation: str = ""

    @property
    def cited(self) -> Paper:
        """What to cite: the paper, the place in it, and the evidence."""
        known = paper_of(self.citation, self.link) if self.citation else Paper(self.paper, link=self.link)
        return replace(known, year=self.year, table=self.table, evidence=self.evidence)

    @property
    def on_board(self) -> bool:
        """Whether a board shows it: a main result, in a metric that boards have, under a stated protocol."""
        return not self.variant and self.metric in get_args(Metric) and self.protocol != NOT_STATED


class Note(Strict):
    """A sentence that figures refer to by its id."""

    id: Slug
    text: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class Title(Strict):
    """What people call a dataset or protocol that no plugin registers."""

    name: Cell
    title: Cell


class Remark(Strict):
    """What a reader of the reported results should look for, with examples from papers."""

    topic: Cell
    text: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


COLUMNS = tuple(name for name in Reported.model_fields if name != "citation")
# All figures of a row have these in common.
_OF_A_ROW = ("approach", "year", "epoch_policy", "link", "evidence")


def read_reported(path: Path, registry: Registry | None = None) -> tuple[Reported, ...]:
    """The figures of a table such as `leaderboards/reported.csv`, in its order, with notes and citations from the files
    beside it.

    Args:
        path: the table.
        registry: if given, the parts of installed datasets are checked, and the figures on their clip lists.

    Raises:
        InvalidReport: a file cannot be read; columns are missing or unknown; a cell is not valid for its column; a note
            or a part does not exist; a figure is listed twice; figures of one row, method or dataset disagree;
            arithmetic forbids figures of a row, and they have no note that says so.
    """
    notes, citations = read_notes(path.with_name(NOTES_FILE)), read_citations(path)
    figures: list[Reported] = []
    agreement, sums = _Agreement(), _Sums(registry)
    for where, cells in lines(path, COLUMNS):
        figure = _figure(where, cells, notes).model_copy(update={"citation": citations.get(cells["paper"], "")})
        agreement.require(figure, where)
        _require_part(figure, where, registry)
        sums.add(figure, where, cells["notes"].split())
        figures.append(figure)
    _require_printed(citations, figures, path)
    sums.require()
    return tuple(figures)


def read_notes(path: Path) -> dict[str, str]:
    """The notes of a file such as `reported-notes.csv`: each text by its id.

    Raises:
        InvalidReport: the file cannot be read, has a line that is not valid, or has an id twice.
    """
    notes: dict[str, str] = {}
    for where, cells in lines(path, tuple(Note.model_fields)):
        note = valid(Note, where, cells, cells)
        if note.id in notes:
            raise InvalidReport(f"{where}: note {note.id} is listed twice; give the second one another id")
        notes[note.id] = note.text
    return notes


def read_remarks(path: Path) -> tuple[Remark, ...]:
    """The remarks beside a table of figures; empty if there is no such file.

    Raises:
        InvalidReport: the file cannot be read, or has a line that is not valid.
    """
    remarks = path.with_name(REMARKS_FILE)
    if not remarks.exists():
        return ()
    return tuple(valid(Remark, where, cells, cells) for where, cells in lines(remarks, tuple(Remark.model_fields)))


def read_titles(path: Path) -> dict[str, str]:
    """Beside a table of figures: the title of each dataset and protocol by its name; empty if there is no such file.

    Raises:
        InvalidReport: the file cannot be read, has a line that is not valid, or has a name twice.
    """
    return {name: one.title for name, one in by_name(path.with_name(TITLES_FILE), Title).items()}


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
        paper=replace(first.cited, table=table),
        first_published=first.first_published,
        notes=_row_notes(group, table),
    )


def _row_id(figure: Reported) -> str:
    """Twelve hex digits made from the names of a row, which stay when a value is corrected."""
    return hashlib.sha256(json.dumps(_name(figure)).encode()).hexdigest()[:12]


def _name(figure: Reported) -> Name:
    """What all figures of a row share."""
    return figure.dataset, figure.protocol, figure.method, figure.variant, figure.paper


def _row_notes(group: Sequence[Reported], table: str) -> tuple[str, ...]:
    kinds = {
        "second-hand": f"second-hand: as given by {group[0].paper}, {table}",
        "recomputed from log": "recomputed from the authors' own log of predictions, not printed in a paper",
        "abstract": "the figures are from the abstract; the paper was not read",
    }
    own = dict.fromkeys(note for one in group for note in one.notes)
    kind = kinds.get(group[0].evidence)
    return (*([kind] if kind else []), *own)


def _figure(where: str, cells: dict[str, str], notes: dict[str, str]) -> Reported:
    ids = cells["notes"].split()
    if unknown := [one for one in ids if one not in notes]:
        raise InvalidReport(f"{where}: notes: unknown note {shown(unknown[0])}; add it to {NOTES_FILE}")
    content = {
        **cells,
        **{name: cells[name] or None for name in ("classes", "clips", "first_published")},
        "notes": tuple(notes[one] for one in ids),
    }
    figure = valid(Reported, where, cells, content)
    if figure.first_published and figure.first_published > figure.year:
        what = f"{figure.first_published} is after {figure.year}, when the paper that prints the figure was published"
        raise InvalidReport(f"{where}: first_published: {what}")
    return figure


def _require_printed(citations: Mapping[str, str], figures: Sequence[Reported], path: Path) -> None:
    years, where = {one.paper: one.year for one in figures}, path.with_name(CITATIONS_FILE)
    for paper, citation in citations.items():
        if paper not in years:
            raise InvalidReport(
                f"{where}: {shown(paper)} is no paper of {path.name}; remove the line, or correct the name"
            )
        if (year := paper_of(citation).year) != years[paper]:
            raise InvalidReport(
                f"{where}: {shown(paper)} is of {year}, but {path.name} says {years[paper]}; correct one"
            )


def _require_part(figure: Reported, where: str, registry: Registry | None) -> None:
    if not registry or figure.dataset not in registry.datasets.names():
        return
    parts = ("full", *registry.datasets.get(figure.dataset).databases)
    if figure.part not in parts:
        what = f"{figure.dataset} has no part {shown(figure.part)}; its parts are {', '.join(parts)}"
        raise InvalidReport(f"{where}: part: {what}")


class _Agreement:
    """Finds figures that are listed twice, and figures of one row, method or dataset that disagree."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, ...], tuple[object, str]] = {}

    def require(self, figure: Reported, where: str) -> None:
        row = _name(figure)
        line = where.rsplit(", ", 1)[-1]
        _, before = self.said.setdefault((*row, figure.part, figure.metric), (None, line))
        if before != line:
            raise InvalidReport(f"{where}: the same figure as on {before}; remove one of them")
        for name, of, key in (
            ("classes", "dataset", (figure.dataset,)),
            ("first_published", "method", (figure.method,)),
            *((one, "row", row) for one in _OF_A_ROW),
        ):
            value = getattr(figure, name)
            said, before = self.said.setdefault((name, of, *key), (value, line))
            if said != value:
                raise InvalidReport(f"{where}: {name} is {value!r}, but {said!r} on {before} of the same {of}")


class _Sums:
    """Finds figures of one row that arithmetic forbids and that have no note that says so."""

    def __init__(self, registry: Registry | None) -> None:
        self.registry = registry
        self.rows: dict[Name, dict[tuple[str, str], tuple[Reported, str, bool]]] = defaultdict(dict)
        self.listed: dict[str, dict[str, tuple[int, ...]]] = {}  # dataset -> part -> clips of each class

    def add(self, figure: Reported, where: str, notes: Sequence[str]) -> None:
        noted = any(one.startswith(ARITHMETIC) for one in notes)
        self.rows[_name(figure)][figure.part, figure.metric] = figure, where, noted

    def require(self) -> None:
        for (dataset, *_), row in self.rows.items():
            scores: dict[str, dict[str, float]] = defaultdict(dict)
            for (part, metric), (figure, _, _) in row.items():
                scores[part][metric] = figure.value
            for found in contradictions(scores, self._clips(dataset, row)):
                for key in found.figures:
                    figure, where, noted = row[key]
                    if not noted:
                        fix = f"correct the figure, or give it a note whose id begins with {ARITHMETIC}"
                        raise InvalidReport(f"{where}: {figure.method}: arithmetic forbids {found.why}; {fix}")

    def _clips(
        self, dataset: str, row: Mapping[tuple[str, str], tuple[Reported, str, bool]]
    ) -> dict[str, tuple[int, ...]]:
        """The clips of each class of the parts whose figures cover the dataset's whole clip list."""
        if self.registry and dataset not in self.listed:
            self.listed[dataset] = _clips_of_classes(dataset, self.registry)
        listed = self.listed.get(dataset, {})
        stated = {(part, figure.clips) for (part, _), (figure, _, _) in row.items() if figure.clips}
        return {} if any(sum(listed.get(part, ())) != count for part, count in stated) else listed


def _clips_of_classes(dataset: str, registry: Registry) -> dict[str, tuple[int, ...]]:
    """The clips of each class by part, from a dataset's clip list; empty if it has none."""
    if dataset not in registry.datasets.names():
        return {}
    listed = canonical_clips(registry.datasets.get(dataset))
    if listed is None:
        return {}
    classes = range(int(listed["label"].max()) + 1)
    parts = {"full": listed, **{one: listed[listed["database"] == one] for one in listed["database"].unique()}}
    return {part: tuple(int((table["label"] == one).sum()) for one in classes) for part, table in parts.items()}
