"""The boards as data for other programs: JSON with a schema, and CSV. Figures have full precision.

The schema files in `schema/` are made from the models below, and the data from the same models, so every file is valid.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict

from merbench.leaderboard.wording import without_controls
from merbench.runs.changes import in_brief
from merbench.scores import Metric

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board, Site
    from merbench.leaderboard.entries import Figures
    from merbench.leaderboard.rows import Row
    from merbench.leaderboard.statistics import Standing

__all__ = ["SCHEMA_VERSION", "BoardExport", "BoardLine", "Endpoint", "IndexExport", "RowExport", "exports"]

# Raised when a field is removed or renamed, or gets another meaning; a new field does not raise it.
SCHEMA_VERSION: Final = 1
# A spreadsheet would take such a text for a formula.
FORMULA = re.compile(r"\s*[=+\-@\t\r\u2212\uff1d\uff0b\uff0d\uff20]")


class Exported(BaseModel):
    """A part of an exported file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FigureExport(Exported):
    """A score in [0, 1]; `spread` is the standard deviation over seeds."""

    value: float
    interval: tuple[float, float] | None
    spread: float | None


class TestExport(Exported):
    """The paired test of the best row against a row: `difference` is UF1 of the best row minus UF1 of the row."""

    difference: float
    interval: tuple[float, float]
    p_value: float


class StandingExport(Exported):
    """The rank of a row by the UF1 of a part; `first`: the share of the resamples in which the row is first;
    `p_value_error`: the standard error of the p-value of `against_best`, which comes from a sample of all exchanges.
    """

    rank: int
    rank_interval: tuple[int, int]
    first: float
    leading: bool
    against_best: TestExport | None
    p_value_error: float


class PaperExport(Exported):
    """What to cite for a row."""

    title: str
    year: int | None
    table: str
    link: str
    evidence: str
    authors: tuple[str, ...]
    venue: str


class ContestExport(Exported):
    """An objection to a row."""

    date: str
    link: str
    reason: str


class PastExport(Exported):
    """A record that is no longer ranked."""

    record: str
    row: str
    model: str
    recipe: str
    seed: str
    uf1: float | None
    fate: Literal["withdrawn", "superseded", "removed"]
    date: str
    reason: str
    link: str


class RowExport(Exported):
    """A row of a board. `figures` and `test_selected`: part to metric to figure. `records`: ids, one for each seed.
    `set`: what `--set` changed in the recipe, name to value as it is typed.

    `rank` is that over all clips; `standings` has one for each part, and is empty for a row that is not ranked.
    """

    id: str
    page: str
    model: str
    name: str
    recipe: str
    set: dict[str, str]
    badge: str
    claim: str
    approach: str
    epoch_policy: str
    rank: int | None
    standings: dict[str, StandingExport]
    not_ranked: str
    figures: dict[str, dict[str, FigureExport]]
    test_selected: dict[str, dict[str, FigureExport]]
    selection: float | None
    clips: int | None
    clips_total: int | None
    parameters: int | None
    seconds: float | None
    device: str | None
    records: tuple[str, ...]
    seeds: tuple[str, ...]
    paper: PaperExport | None
    first_published: int | None
    contested: tuple[ContestExport, ...]
    notes: tuple[str, ...]


class BoardExport(Exported):
    """The file `boards/NAME.json`."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str
    title: str
    dataset: str
    protocol: str
    about: tuple[str, ...]
    parts: tuple[str, ...]
    classes: tuple[str, ...]
    clips: int | None
    subjects: int | None
    digests: dict[str, str]
    rows: tuple[RowExport, ...]
    past: tuple[PastExport, ...]


class BoardLine(Exported):
    """A board in the index. Paths are relative to the index."""

    name: str
    title: str
    dataset: str
    protocol: str
    page: str
    json_file: str
    csv_file: str
    image: str
    clips: int | None
    subjects: int | None
    rows: int
    ranked: int
    records: int
    leading: tuple[str, ...]


class IndexExport(Exported):
    """The file `index.json`. Texts are empty if they are not known."""

    schema_version: Literal[1] = SCHEMA_VERSION
    title: str
    merbench: str
    commit: str
    date: str
    licence: str
    repository: str
    site: str
    records: int
    boards: tuple[BoardLine, ...]


class Endpoint(Exported):
    """The files `badges/NAME.json`, as https://shields.io/badges/endpoint-badge reads them."""

    schemaVersion: Literal[1] = 1  # noqa: N815 - the name that shields.io reads
    label: str
    message: str
    color: str


FILES: dict[str, type[Exported]] = {"index": IndexExport, "board": BoardExport, "badge": Endpoint}


def exports(site: Site) -> Iterator[tuple[str, str]]:
    """Every exported file: its path, relative to the site, and its text."""
    for name, model in FILES.items():
        yield f"schema/{name}.json", as_json(model.model_json_schema(mode="serialization"), indent=1)
    yield "index.json", as_json(_index(site).model_dump(), indent=1)
    for board in site.boards:
        yield f"boards/{board.slug}.json", as_json(_board(board).model_dump())
        yield f"boards/{board.slug}.csv", _csv(board)


def as_json(content: object, indent: int | None = None) -> str:
    """JSON in ASCII, so that no letter of a stranger's text changes the direction of a line."""
    separators = (",", ":") if indent is None else None
    return json.dumps(content, indent=indent, separators=separators, allow_nan=False) + "\n"


def _index(site: Site) -> IndexExport:
    about = site.about
    return IndexExport(
        title=about.title,
        merbench=about.version,
        commit=about.commit,
        date=about.date,
        licence=about.licence,
        repository=about.repository,
        site=about.site,
        records=len(site.entries),
        boards=tuple(map(_line, site.boards)),
    )


def _line(board: Board) -> BoardLine:
    path = f"boards/{board.slug}"
    return BoardLine(
        name=board.slug,
        title=board.name,
        dataset=board.dataset,
        protocol=board.protocol,
        page=f"{path}.html",
        json_file=f"{path}.json",
        csv_file=f"{path}.csv",
        image=f"{path}.png",
        clips=board.clips_total,
        subjects=board.subjects_total,
        rows=len(board.every_row),
        ranked=len(board.ranked),
        records=sum(len(row.entries) for row in board.every_row),
        leading=tuple(row.id for row in board.ranked if row.standing and row.standing.leading),
    )


def _board(board: Board) -> BoardExport:
    return BoardExport(
        name=board.slug,
        title=board.name,
        dataset=board.dataset,
        protocol=board.protocol,
        about=board.about,
        parts=board.parts,
        classes=board.classes,
        clips=board.clips_total,
        subjects=board.subjects_total,
        digests=board.digests,
        rows=tuple(map(_row, board.every_row)),
        past=tuple(PastExport(**{name: getattr(one, name) for name in PastExport.model_fields}) for one in board.past),
    )


def _row(row: Row) -> RowExport:
    paper = row.paper
    return RowExport(
        id=row.id,
        page=row.page,
        model=row.model,
        name=row.name,
        recipe=row.recipe,
        set=dict(row.changed),
        badge=row.badge,
        claim=row.claim,
        approach=row.approach,
        epoch_policy=row.policy,
        rank=row.rank,
        standings={part: _standing(one) for part, one in row.standings.items()},
        not_ranked=row.unranked,
        figures=_figures(row.figures),
        test_selected=_figures(row.oracle),
        selection=row.selection,
        clips=row.clips,
        clips_total=row.clips_total,
        parameters=row.parameters,
        seconds=row.seconds,
        device=row.device,
        records=tuple(one.record.id for one in row.entries),
        seeds=tuple(str(getattr(one.record.plan, "seed", "")) for one in row.entries),
        paper=PaperExport(**vars(paper)) if paper else None,
        first_published=row.first_published,
        contested=tuple(ContestExport(date=one.date, link=one.link, reason=one.reason) for one in row.contested),
        notes=row.notes,
    )


def _standing(one: Standing) -> StandingExport:
    return StandingExport(
        rank=one.rank,
        rank_interval=one.rank_interval,
        first=one.first,
        leading=one.leading,
        against_best=TestExport(**vars(one.against_best)) if one.against_best else None,
        p_value_error=one.error,
    )


def _figures(figures: Figures) -> dict[str, dict[str, FigureExport]]:
    return {
        part: {metric: FigureExport(**vars(one)) for metric, one in metrics.items()}
        for part, metrics in figures.items()
    }


def _csv(board: Board) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    rows = [_cells(row, board.parts) for row in board.every_row]
    writer.writerow(map(_cell, rows[0] if rows else ["id"]))
    writer.writerows([map(_cell, row.values()) for row in rows])
    return file.getvalue()


def _cells(row: Row, parts: Sequence[str]) -> dict[str, Any]:
    low, high = row.standing.rank_interval if row.standing else ("", "")
    figures: dict[str, Any] = {}
    for part in parts:
        for metric in get_args(Metric):
            one = row.figures.get(part, {}).get(metric)
            ends = one.interval if one and one.interval else ("", "")
            values = (one.value if one else "", *ends, one.spread if one else "")
            names = (f"{part} {metric}{what}" for what in ("", " low", " high", " spread"))
            figures.update(zip(names, values, strict=True))
    return {
        "id": row.id,
        "model": row.model,
        "recipe": row.recipe,
        "set": in_brief(row.changed),
        "badge": row.badge,
        "claim": row.claim,
        "epoch policy": row.policy,
        "rank": row.rank,
        "rank low": low,
        "rank high": high,
        "leading": "yes" if row.standing and row.standing.leading else "no",
        "not ranked": row.unranked,
        **figures,
        "selection": row.selection,
        "seeds": len(row.entries) or "",
        "clips": row.clips,
        "parameters": row.parameters,
        "seconds": row.seconds,
        "device": row.device,
        "paper": row.paper.title if row.paper else "",
        "year": row.paper.year if row.paper else "",
        "first published": row.first_published or "",
        "link": row.paper.link if row.paper else "",
        "contested": "; ".join(f"{one.date}: {one.reason}" for one in row.contested),
    }


def _cell(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe; control characters are replaced."""
    if not isinstance(value, str):
        return "" if value is None else value
    text = without_controls(value)
    return f"'{text}" if FORMULA.match(text) else text
