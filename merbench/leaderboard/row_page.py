"""Collect what the page of a row shows: the mean of its seeds, each seed, ranks and tests by part, what to cite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from merbench.leaderboard import wording
from merbench.leaderboard.boards import finished
from merbench.leaderboard.citation import command, paper_bibtex, row_bibtex
from merbench.leaderboard.compare import comparable
from merbench.leaderboard.methods import papers_of
from merbench.leaderboard.seed_chart import seeds_of
from merbench.leaderboard.tables import SCORES, page_name, paged

if TYPE_CHECKING:
    from merbench.leaderboard.about import About
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.entries import Figure
    from merbench.leaderboard.rows import Row

__all__ = ["row_pages"]


def row_pages(board: Board, about: About) -> Iterator[tuple[str, dict[str, Any]]]:
    """The path and the content of the page of each row with several seeds; another row has the page of its entry."""
    compared = {row.id for row in comparable(board)}
    for number, rows in enumerate(paged(board.every_row), start=1):
        for row in rows:
            if len(row.entries) > 1:
                yield row.page, _content(board, row, about, page_name(board.slug, number), row.id in compared)


def _content(board: Board, row: Row, about: About, page: str, compared: bool) -> dict[str, Any]:
    plan = row.entries[0].record.plan
    parts = [part for part in board.parts if part in row.figures]
    return {
        "board": board,
        "row": row,
        "parts": parts,
        "back": f"boards/{page}#{row.id}",
        "compare": f"boards/{board.slug}-compare.html#a={row.id}" if compared else "",
        "highlights": list(_highlights(board, row)),
        "warnings": [*([f"Not ranked: {row.unranked}."] if row.unranked else []), *row.notes],
        "standings": [(part, row.standings[part], board.ranked_by(part)) for part in parts if part in row.standings],
        "picture": {"wide": seeds_of(board, row), "narrow": seeds_of(board, row, narrow=True)},
        "seeds": [(entry, finished(entry)[:10]) for entry in row.entries],
        "papers": papers_of(board, row),
        "past": [one for one in board.past if (one.model, one.recipe) == (row.model, row.recipe)],
        "command": "" if plan.kind == "rescored" else command(plan.model_copy(update={"protocol": board.protocol})),
        "citations": [row_bibtex(row, about), *([paper_bibtex(row.paper)] if row.paper else [])],
    }


def _highlights(board: Board, row: Row) -> Iterator[dict[str, str]]:
    seeds = len(row.entries)
    for metric in SCORES:
        if one := row.figures.get("full", {}).get(metric):
            yield {"value": wording.figure(one.value), "text": f"{metric.upper()} over all clips, {_mean(one, seeds)}"}
    if row.standing:
        low, high = row.standing.rank_interval
        group = "in the leading group" if row.standing.leading else "behind the leading group"
        text = f"of {len(board.ranked)} ranked rows ({low} to {high} in 95 % of the resamples), {group}"
        yield {"value": str(row.standing.rank), "text": text}
    if row.selection is not None:
        among = f" among {row.epochs}" if row.epochs else ""
        text = f"would be added to UF1 by choosing the epoch on the test subject{among}"
        yield {"value": wording.signed(row.selection), "text": text}
    if row.seed_selection is not None:
        text = f"would be added by choosing the best of {seeds} seeds for each test subject, after the last epoch"
        yield {"value": wording.signed(row.seed_selection), "text": text}


def _mean(one: Figure, seeds: int) -> str:
    ends = f", 95 % interval {wording.interval(one.interval)}" if one.interval else ""
    spread = f" ±{wording.figure(one.spread)}" if one.spread is not None else ""
    return f"mean of {seeds} seeds{spread}{ends}"
