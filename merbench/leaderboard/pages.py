"""Write every page of a site as text, one after another."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeAlias

from merbench.leaderboard import wording
from merbench.leaderboard.batches import in_batches
from merbench.leaderboard.board_page import board_pages
from merbench.leaderboard.boards import finished
from merbench.leaderboard.citation import board_bibtex
from merbench.leaderboard.compare import comparable, compare_rows
from merbench.leaderboard.entry_page import entry_page
from merbench.leaderboard.extractions import extractions_of
from merbench.leaderboard.front import front_of
from merbench.leaderboard.papers import MEANINGS, CheckedPaper, checked_papers, first_board
from merbench.leaderboard.row_page import row_pages
from merbench.leaderboard.table_exports import record_exports, reported_exports
from merbench.leaderboard.tables import (
    approaches,
    choices,
    compact,
    page_name,
    paged,
    pager,
    record_columns,
    reported_columns,
)
from merbench.leaderboard.transfer import transfers_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from merbench.leaderboard.about import About
    from merbench.leaderboard.boards import Board, Site
    from merbench.leaderboard.cache import Cache
    from merbench.leaderboard.entries import Entry
    from merbench.leaderboard.extractions import Extractions
    from merbench.leaderboard.transfer import Transfer

    Placed: TypeAlias = tuple[Entry, dict[str, Any]]  # an entry, and what its page says of its board

__all__ = ["LARGEST", "render"]

LARGEST = 400_000  # bytes of a page, at most
ASSETS = ("site.css", "site.js")


def render(site: Site, cache: Cache | None = None) -> Iterator[tuple[str, str]]:
    """Every file of the site: its path (with slashes, relative to the site) and its text.

    The same input gives the same bytes. Pages are made one after another and not kept; several processes make the pages
    of many entries.

    Args:
        site: what the pages show.
        cache: keeps the pages of entries, and the comparison of rows; None to make everything.
    """
    places = {entry.id: place for board in site.boards for entry, place in _places(board)}
    for name in ASSETS:
        yield f"assets/{name}", (resources.files(__package__) / "assets" / name).read_text("utf-8")
    compared = {board.slug: _compared(board, cache) for board in site.boards}
    extractions = extractions_of(site.boards)
    transfers = transfers_of(site.boards)
    yield "index.html", _index(site, compared, extractions, transfers)
    if extractions:
        yield (
            "extractions.html",
            _page("extractions.html", site.about, here="extractions.html", extractions=extractions),
        )
    if transfers:
        yield "transfer.html", _page("transfer.html", site.about, here="transfer.html", transfers=transfers)
    yield from _records(site, places)
    for board in site.boards:
        yield from _board(board, site.about)
        yield from _compare(board, site.about, compared[board.slug])
        for path, content in row_pages(board, site.about):
            yield path, _page("row.html", site.about, root="../", **content)
    yield from _entry_pages([(entry, places[entry.id]) for entry in site.entries], site.about, cache)
    yield "reported.html", _reported(site)
    yield "reported.js", _exports(reported_exports(site.reported))
    yield "papers.html", _papers(site)
    yield "scores.html", _page("scores.html", site.about, here="scores.html", remarks=site.remarks, meanings=MEANINGS)
    cited = board_bibtex(site.about, len(site.entries))
    yield "about.html", _page("about.html", site.about, here="about.html", citation=cited)


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
        wording.isolated, wording.magnitude, wording.p_value, wording.paper_name, wording.rounded, wording.safe_link,
        wording.script_json, wording.seed, wording.signed, wording.signed_interval,
        wording.without_controls, finished,
    )  # fmt: skip
    made.filters.update({one.__name__: one for one in filters})
    return made


def _page(template: str, about: About, *, here: str = "", root: str = "", **context: Any) -> str:
    """A page; `here` is its path for the navigation, `root` leads from it to the site's folder."""
    return _environment().get_template(template).render(about=about, here=here, root=root, **context)


def _places(board: Board) -> Iterator[tuple[Entry, dict[str, Any]]]:
    """What the page of each entry of a board says of the board: its row, the title, and links."""
    compared = {row.id for row in comparable(board)}
    for number, rows in enumerate(paged(board.every_row), start=1):
        for row in rows:
            place = {
                "row": row,
                "title": board.name,
                "board": f"boards/{page_name(board.slug, number)}#{row.id}",
                "compare": f"boards/{board.slug}-compare.html#a={row.id}" if row.id in compared else "",
            }
            yield from ((entry, place) for entry in row.entries)


def _index(
    site: Site,
    compared: Mapping[str, dict[str, Any]],
    extractions: Sequence[Extractions],
    transfers: Sequence[Transfer],
) -> str:
    boards = sorted((_listed(board) for board in site.boards), key=lambda one: -one["runs"])
    first = boards[0]["board"] if boards and boards[0]["runs"] else None
    return _page(
        "index.html", site.about, here="index.html", front=front_of(first, compared[first.slug]) if first else None,
        run=[one for one in boards if one["runs"]], untested=[one for one in boards if not one["runs"]],
        records=len(site.entries), verdicts=_verdicts(site), extractions=extractions,
        transfers=transfers,
    )  # fmt: skip


def _records(site: Site, places: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    records = [(entry, places[entry.id]["row"]) for entry in site.entries]
    filters = [
        ("dataset", choices(entry.record.plan.dataset for entry, _ in records)),
        *((name, choices(getattr(row, name) for _, row in records)) for name in ("badge", "approach", "policy")),
    ]
    pages = paged(records)
    for number, rows in enumerate(pages, start=1):
        name = page_name("records", number).removesuffix(".html")
        yield f"{name}.js", _exports(record_exports([entry for entry, _ in rows], site.about))
        yield f"{name}.html", _page(
            "records.html", site.about, here="records.html", exports=f"{name}.js", columns=record_columns(),
            filters=filters, records=rows, total=len(records), data=compact(approaches([row for _, row in rows])),
            **pager("records", number, len(pages)),
        )  # fmt: skip


def _listed(board: Board) -> dict[str, Any]:
    """A board as a line of the list."""
    reported = [row.uf1.value for row in board.rows if row.badge == "reported" and row.uf1]
    return {
        "board": board,
        "runs": sum(len(row.entries) for row in board.every_row),
        "best": next(iter(board.ranked), None),
        "leading": sum(row.standing is not None and row.standing.leading for row in board.ranked),
        "reported": sum(row.badge == "reported" for row in board.rows),
        "highest": max(reported, default=None),
    }


def _board(board: Board, about: About) -> Iterator[tuple[str, str]]:
    for name, context, exports in board_pages(board, about):
        yield f"boards/{name}.html", _page("board.html", about, root="../", **context)
        yield f"boards/{name}.js", _exports(exports)


def _exports(exports: dict[str, Any]) -> str:
    """A script that gives the exports to the page's script; a page from a disk may not read a file of JSON."""
    return f"exportsOf({wording.script_json(json.dumps(exports, separators=(',', ':')))});\n"


def _compare(board: Board, about: About, compared: dict[str, Any]) -> Iterator[tuple[str, str]]:
    stem = f"{board.slug}-compare"
    pages = paged(board.ranked)
    for number, rows in enumerate(pages, start=1):
        data = compared if number == 1 else {}
        yield f"boards/{page_name(stem, number)}", _page(
            "compare.html", about, root="../", board=board, rows=rows, ranked=len(board.ranked), first=number == 1,
            compared=len(data.get("rows", ())), with_clips="clips" in data, data=compact(data),
            **pager(stem, number, len(pages)),
        )  # fmt: skip


def _compared(board: Board, cache: Cache | None) -> dict[str, Any]:
    rows = comparable(board)
    if cache is None or not all(one.digest for row in rows for one in row.entries):
        return compare_rows(board)
    # The rest of a row follows from its records, and from the code.
    decides = [[[one.digest for one in row.entries] for row in rows], board.parts, board.classes]
    key = cache.key("compared", json.dumps(decides))
    found: dict[str, Any] = json.loads(cache.text(key, lambda: json.dumps(compare_rows(board))))
    return found


def _entry_pages(placed: Sequence[Placed], about: About, cache: Cache | None) -> Iterator[tuple[str, str]]:
    """The page of each entry: from the cache, or else made."""
    keys = [cache.key("page", _decides(*one, about)) if cache and one[0].digest else "" for one in placed]
    kept = [cache.read(key) if cache and key else None for key in keys]
    new = [pair for pair, page in zip(zip(placed, keys, strict=True), kept, strict=True) if page is None]
    with closing(in_batches(functools.partial(_entries, about=about, cache=cache), new)) as made:
        for (entry, _), page in zip(placed, kept, strict=True):
            yield next(made) if page is None else (f"entries/{entry.id}.html", page.decode())


def _decides(entry: Entry, place: Mapping[str, Any], about: About) -> str:
    """What decides the page of an entry, as JSON. The rest of its row follows from the records, and from the code."""
    seeds = [[one.digest, *map(vars, one.disputes)] for one in place["row"].entries]
    links = [place[name] for name in ("title", "board", "compare")]
    return json.dumps([entry.digest, seeds, links, vars(about)])


def _entries(placed: Sequence[tuple[Placed, str]], about: About, cache: Cache | None) -> list[tuple[str, str]]:
    made = []
    for (entry, place), key in placed:
        page = _page("entry.html", about, root="../", **entry_page(entry, about=about, **place))
        if cache and key:
            cache.write(key, page.encode())
        made.append((f"entries/{entry.id}.html", page))
    return made


def _reported(site: Site) -> str:
    boards = {(one.dataset, one.protocol): board for board in site.boards for one in board.reported}
    references = list(dict.fromkeys((one.paper, one.table, one.link) for one in site.reported))
    notes = list(dict.fromkeys(note for one in site.reported for note in one.notes))
    filters = [
        (name, choices(getattr(one, field) for one in site.reported))
        for name, field in (
            ("dataset", "dataset"), ("approach", "approach"), ("policy", "epoch_policy"), ("metric", "metric"),
            ("evidence", "evidence"),
        )
    ]  # fmt: skip
    numbers = {key: number for number, key in enumerate(references, start=1)}
    return _page(
        "reported.html", site.about, here="reported.html", figures=site.reported, references=references,
        numbers=numbers, notes=notes, note_numbers={text: number for number, text in enumerate(notes, start=1)},
        boards=boards, filters=filters, columns=reported_columns(), data=compact(approaches(site.reported)),
    )  # fmt: skip


def _verdicts(site: Site) -> list[tuple[str, list[CheckedPaper]]]:
    papers = checked_papers(site)
    groups = [(name, [one for one in papers if one.verdict == name]) for name in MEANINGS]
    return [group for group in groups if group[1]]


def _papers(site: Site) -> str:
    return _page(
        "papers.html", site.about, here="papers.html", board=first_board(site), untested=list(MEANINGS)[-1],
        groups=[(name, MEANINGS[name], papers) for name, papers in _verdicts(site)],
    )  # fmt: skip
