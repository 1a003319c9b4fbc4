"""From a site to its files: every page as text, one after another."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from merbench.leaderboard import wording
from merbench.leaderboard.batches import in_batches
from merbench.leaderboard.compare import pack
from merbench.leaderboard.entry_view import entry_view, policy_name
from merbench.leaderboard.rows import counting_policy
from merbench.leaderboard.tables import Notes, board_columns, choices, record_columns, reported_columns

if TYPE_CHECKING:
    from jinja2 import Environment

    from merbench.leaderboard.reported import Reported
    from merbench.leaderboard.site import Board, Entry, Row, Site

__all__ = ["LARGEST", "render"]

LARGEST = 400_000  # bytes of a page
SPARE = 4_000  # of them, kept free
ASSETS = ("site.css", "site.js")
THRIFT = range(5)  # how much a long board leaves out, least first


def render(site: Site, reported: Sequence[Reported]) -> Iterator[tuple[str, str]]:
    """Every file of the site: its path (with slashes, relative to the site) and its text.

    The same input gives the same bytes. Pages are made one after another, those of many entries by several processes,
    and are not kept.
    """
    pages = _environment()
    rows = {entry.id: (board, row) for board in site.boards for row in _all_rows(board) for entry in row.entries}
    for name in ASSETS:
        yield f"assets/{name}", (resources.files(__package__) / "assets" / name).read_text("utf-8")
    yield "index.html", _index(pages, site, rows)
    for board in site.boards:
        yield f"boards/{board.slug}.html", _board(pages, board)
        yield f"boards/{board.slug}-compare.html", _compare(pages, board)
    yield from in_batches(_entries, [_placed(entry, *rows.get(entry.id, (None, None))) for entry in site.entries])
    yield "reported.html", _reported(pages, reported, site.boards)
    yield "scores.html", _page(pages, "scores.html", here="scores.html", root="")


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("merbench.leaderboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: tuple[Callable[..., Any], ...] = (
        wording.anchor, wording.cell, wording.clipped, wording.duration, wording.figure, wording.interval,
        wording.isolated, wording.magnitude, wording.p_value, wording.paper_name, wording.safe_link,
        wording.script_json, wording.seed, wording.signed, wording.signed_interval,
        wording.without_controls,
    )  # fmt: skip
    made.filters.update({one.__name__: one for one in filters})
    return made


def _page(pages: Environment, template: str, **context: Any) -> str:
    return pages.get_template(template).render(context)


def _all_rows(board: Board) -> Iterator[Row]:
    yield from board.rows
    for group in board.incomplete:
        yield from group


def _index(pages: Environment, site: Site, rows: dict[str, tuple[Board, Row]]) -> str:
    boards = sorted((_listed(board) for board in site.boards), key=lambda one: -one["runs"])
    records = [_record(entry, rows) for entry in site.entries]
    filters = [(name, choices(one[name] for one in records)) for name in ("dataset", "badge", "family", "policy")]
    made = ""
    for kept in _shorter(len(records)):
        data = _json(_families([one["family"] for one in records[:kept]]))
        made = _page(
            pages, "index.html", here="index.html", root="", site=site, boards=boards,
            findings=_findings(boards[0]["board"]) if boards and boards[0]["runs"] else [], records=records[:kept],
            filters=filters, columns=record_columns(), data=data,
        )  # fmt: skip
        if _fits(made):
            break
    return made


def _listed(board: Board) -> dict[str, Any]:
    """A board as a line of the list."""
    reported = [row for row in board.rows if row.badge == "reported"]
    return {
        "board": board,
        "runs": sum(len(row.entries) for row in _all_rows(board)),
        "best": next((row for row in board.rows if row.rank is not None), None),
        "reported": len(reported),
        "highest": max((row.figures["full"]["uf1"].value for row in reported if _has(row)), default=None),
    }


def _record(entry: Entry, rows: dict[str, tuple[Board, Row]]) -> dict[str, Any]:
    _, row = rows.get(entry.id, (None, None))
    plan = entry.record.plan
    policy = counting_policy(entry.record)
    finished = entry.record.environment.get("finished")
    return {
        "entry": entry,
        "recipe": getattr(plan, "recipe", ""),
        "seed": getattr(plan, "seed", ""),
        "dataset": plan.dataset,
        "badge": "rescored" if plan.kind == "rescored" else "reproduced",
        "family": row.family if row else "not stated",
        "policy": row.policy if row else policy_name(policy),
        "figures": entry.figures.get(policy, {}).get("full", {}),
        "finished": finished[:10] if isinstance(finished, str) else "",
    }


def _board(pages: Environment, board: Board) -> str:
    pictures = _pictures(board)
    made = ""
    for thrift in THRIFT:
        for kept in _shorter(len(board.rows)) if thrift == THRIFT[-1] else [len(board.rows)]:
            made = _board_with(pages, board, pictures, thrift, kept)
            if _fits(made):
                return made
    return made


def _board_with(pages: Environment, board: Board, pictures: list[tuple[str, str]], thrift: int, kept: int) -> str:
    rows = board.rows[:kept]
    notes = Notes([*rows, *(row for group in board.incomplete for row in group)], few=thrift > 0)
    filters = [(name, choices(getattr(row, name) for row in rows)) for name in ("badge", "family", "policy")]
    return _page(
        pages, "board.html", here="", root="../", board=board, rows=rows, notes=notes, thrift=thrift, filters=filters,
        columns=board_columns(board.parts), pictures=pictures, findings=_findings(board), data=_board_data(rows),
        runs=any(row.entries for row in board.rows), tally=_tally(board),
    )  # fmt: skip


def _board_data(rows: Sequence[Row]) -> str:
    """What the script cannot read from the table: families, and the papers to cite."""
    papers = {row.id: row.paper for row in rows if row.paper}
    return _json(
        {
            **_families([row.family for row in rows]),
            "papers": {
                key: [one.title, one.year, one.table, wording.safe_link(one.link)] for key, one in papers.items()
            },
        }
    )


def _findings(board: Board) -> list[dict[str, str]]:
    """The board in three figures: the best honest row, the highest that papers report, the most that choosing adds."""
    found = []
    best = next((row for row in board.rows if row.rank is not None), None)
    if best:
        one = best.figures["full"]["uf1"]
        ends = f" (95\N{NO-BREAK SPACE}% interval {wording.interval(one.interval)})" if one.interval else ""
        found.append({"value": wording.figure(one.value), "text": f"best honest UF1, by {_name(best)}{ends}"})
    reported = [(row.figures["full"]["uf1"].value, row) for row in board.rows if row.badge == "reported" and _has(row)]
    if reported:
        value, row = max(reported, key=lambda pair: pair[0])
        found.append({"value": wording.figure(value), "text": f"highest UF1 that a paper reports, {_name(row)}"})
    chosen = [(row.selection, row) for row in board.rows if row.selection is not None]
    if chosen:
        value, row = max(chosen, key=lambda pair: pair[0])
        text = f"UF1 that choosing the epoch on the test subject adds, at most: {_name(row)}"
        found.append({"value": wording.signed(value), "text": text})
    return found


def _tally(board: Board) -> str:
    badges = [row.badge for row in board.rows]
    counts = ((badges.count(badge), badge) for badge in ("reproduced", "rescored", "reported"))
    return ", ".join(f"{count} {badge}" for count, badge in counts if count) or "none"


def _has(row: Row) -> bool:
    return "uf1" in row.figures.get("full", {})


def _name(row: Row) -> str:
    return wording.clipped(f"{row.model} ({row.recipe})" if row.recipe else row.model, 60)


def _pictures(board: Board) -> list[tuple[str, str]]:
    from merbench.leaderboard import charts as pictures

    return [
        (pictures.forest(board), "UF1 over all clips with its 95 % interval over subjects"),
        (pictures.dumbbells(board), "What papers report, what predictions score, and what choosing the epoch adds"),
        (pictures.subject_matrix(board), "Share of right answers, by subject and model"),
    ]


def _compare(pages: Environment, board: Board) -> str:
    ranked = [row for row in board.rows if row.rank is not None]
    made = ""
    for thrift in THRIFT:
        for kept in _shorter(len(ranked)) if thrift == THRIFT[-1] else [len(ranked)]:
            bare = _compare_with(pages, board, ranked, kept, thrift, 0)
            budget = LARGEST - SPARE - len(bare.encode())
            made = _compare_with(pages, board, ranked, kept, thrift, budget)
            if budget > 0 and _fits(made):
                return made
    return made


def _compare_with(pages: Environment, board: Board, ranked: Sequence[Row], kept: int, thrift: int, budget: int) -> str:
    packed = pack(board, budget)
    return _page(
        pages, "compare.html", here="", root="../", board=board, rows=ranked[:kept], ranked=len(ranked), thrift=thrift,
        packed=packed,
    )  # fmt: skip


class _Place(NamedTuple):
    """All that an entry's page says of its board."""

    slug: str
    title: str


def _placed(entry: Entry, board: Board | None, row: Row | None) -> tuple[Entry, _Place | None, Row | None]:
    return entry, _Place(board.slug, board.title) if board else None, row


def _entries(placed: Sequence[tuple[Entry, _Place | None, Row | None]]) -> list[tuple[str, str]]:
    pages = _environment()
    return [(f"entries/{entry.id}.html", _entry(pages, entry, board, row)) for entry, board, row in placed]


def _entry(pages: Environment, entry: Entry, board: _Place | None, row: Row | None) -> str:
    from merbench.leaderboard import charts as pictures

    view = entry_view(entry, row)
    view["pictures"] = [
        (pictures.confusion(entry, policy), f"Confusion of every part, epoch policy {policy_name(policy)}")
        for policy in dict.fromkeys((counting_policy(entry.record), *entry.counts.confusions))
    ]
    view["loss_picture"] = pictures.loss_curve(entry) if view["loss"] else ""
    context = {"entry": entry, "plan": entry.record.plan, "board": board, "row": row, "view": view}
    for table in ("clips", "folds", "subjects"):
        made = _page(pages, "entry.html", here="", root="../", **context)
        if _fits(made):
            break
        view[table] = []
        view["left_out"].append(table)
    else:
        made = _page(pages, "entry.html", here="", root="../", **context)
    return made


def _reported(pages: Environment, reported: Sequence[Reported], boards: Sequence[Board]) -> str:
    slugs = {(board.dataset, board.protocol): board.slug for board in reversed(boards)}
    sources = list(dict.fromkeys((one.paper, one.table, one.link) for one in reported))
    notes = list(dict.fromkeys(note for one in reported for note in one.notes))
    filters = [
        ("dataset", choices(one.dataset for one in reported)),
        ("family", choices(one.family for one in reported)),
        ("policy", choices(one.epoch_policy for one in reported)),
        ("metric", choices(one.metric for one in reported)),
        ("evidence", choices(one.evidence for one in reported)),
    ]
    numbers = {key: number for number, key in enumerate(sources, start=1)}
    data = {
        **_families([one.family for one in reported]),
        "sources": [numbers[one.paper, one.table, one.link] - 1 for one in reported],
        "papers": [[paper, None, table, wording.safe_link(link)] for paper, table, link in sources],
    }
    return _page(
        pages, "reported.html", here="reported.html", root="", rows=reported, sources=sources, notes=notes,
        source_of=numbers, slugs=slugs, filters=filters, columns=reported_columns(),
        note_of={text: number for number, text in enumerate(notes, start=1)}, data=_json(data),
    )  # fmt: skip


def _families(of_rows: Sequence[str]) -> dict[str, Any]:
    """Which families there are, and a digit for each row: the place of its own."""
    distinct = sorted(set(of_rows))
    return {"families": distinct, "family": "".join(str(distinct.index(one)) for one in of_rows)}


def _fits(page: str) -> bool:
    return len(page.encode()) <= LARGEST - SPARE


def _shorter(rows: int) -> Iterator[int]:
    """How many rows to try: all, then nine tenths of those tried before."""
    while rows > 10:
        yield rows
        rows = rows * 9 // 10
    yield rows


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
