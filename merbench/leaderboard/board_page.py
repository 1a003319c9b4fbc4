"""Collect what the pages of a board show: one for all clips and one for each part, long tables over several pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from merbench.leaderboard import board_charts as charts
from merbench.leaderboard.finding import facts, headline
from merbench.leaderboard.table_exports import board_exports
from merbench.leaderboard.tables import Notes, approaches, board_columns, choices, compact, page_name, paged, pager

if TYPE_CHECKING:
    from merbench.leaderboard.about import About
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.rows import Row

__all__ = ["board_pages"]

FILTERS = ("badge", "approach", "policy")


def board_pages(board: Board, about: About) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """The file name without ending of each page, what its template needs, and the exports of its table."""
    for part in board.parts:
        yield from _pages(board, part, about)


def _pages(board: Board, part: str, about: About) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    stem, main = board.stem(part), part == board.parts[0]
    groups = (board.part_rows(part), *board.incomplete) if main else (board.part_rows(part),)
    sections = [(number, row) for number, group in enumerate(groups) for row in group]
    columns, ranked = board_columns(board, part), board.ranked_by(part)
    shared = {
        "board": board,
        "part": part,
        "tabs": [(board.stem(one), one) for one in board.parts] if len(board.parts) > 1 else [],
        "total": len(sections),
        "filters": [(name, choices(getattr(row, name) for row in board.rows)) for name in FILTERS],
        "columns": columns,
        "scores": [one for one in columns if one.part],
        "groups": [(name, len(list(group))) for name, group in groupby(one.part for one in columns if one.part)],
        "same": [one for one in columns if one.same],
        "hidden": {one.key: " class=c" if one.same is not None else "" for one in columns},
        "tally": _tally(board),
        "covers": _covers(board, part),
        "ranked": ranked,
        "leading": sum(row.standings[part].leading for row in ranked),
    }
    names = {one: board.part_name(one) for one in board.parts}
    pages = paged(sections)
    for number, page in enumerate(pages, start=1):
        found = {key: [row for _, row in rows] for key, rows in groupby(page, key=lambda one: one[0])}
        rows = found.pop(0, [])
        name = page_name(stem, number).removesuffix(".html")
        context = shared | {
            "rows": rows,
            "incomplete": found,
            "notes": Notes(row for _, row in page),
            "charts": _charts(board, part) if number == 1 else [],
            "finding": headline(board, part) if number == 1 else "",
            "highlights": facts(board) if number == 1 and main else [],
            "data": compact({**approaches(rows), "ranks": _ranks(board, rows), "names": names}),
            "exports": f"{name}.js",
            **pager(stem, number, len(pages)),
        }
        yield name, context, board_exports(board, part, rows, about)


def _ranks(board: Board, rows: Sequence[Row]) -> dict[str, list[list[int] | None]]:
    """Part -> of each row its rank, both ends of the rank's interval, and 1 if it leads; None without rank."""
    return {part: [_rank(row, part) for row in rows] for part in board.parts if board.ranked_by(part)}


def _rank(row: Row, part: str) -> list[int] | None:
    found = row.standings.get(part)
    return [found.rank, *found.rank_interval, int(found.leading)] if found else None


def _covers(board: Board, part: str) -> tuple[int | None, int | None]:
    """How many clips and subjects a part has; None where the board has no entries."""
    entry = next((row.entries[0] for row in board.rows if row.entries), None)
    if entry is None or part not in entry.counts.parts:
        return None, None
    counts = entry.counts.of(part)
    return int(counts.cells[entry.policy].sum()), len(counts.subjects)


def _tally(board: Board) -> str:
    badges = [row.badge for row in board.rows]
    counts = ((badges.count(badge), badge) for badge in ("run here", "rescored", "reported"))
    return ", ".join(f"{count} {badge}" for count, badge in counts if count) or "none"


def _charts(board: Board, part: str) -> list[dict[str, str]]:
    """The pictures in both widths, and what each says."""
    clips = "all clips" if part == "full" else f"the clips of {board.part_name(part)}"
    draw: list[tuple[Callable[..., str], str]] = [
        (partial(charts.forest, board, part), f"UF1 over {clips} with its 95 % interval over subjects"),
        (partial(charts.subject_matrix, board, part), "Share of right answers, by subject and model"),
    ]
    if part == "full":
        about = "What papers report, what predictions score, and what choosing the epoch adds"
        draw.insert(1, (partial(charts.dumbbells, board), about))
    drawn = [{"wide": one(), "narrow": one(narrow=True), "about": about} for one, about in draw]
    return [one for one in drawn if one["wide"]]
