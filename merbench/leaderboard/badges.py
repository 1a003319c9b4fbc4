"""Badges for a README: of each row, of each board and of the whole leaderboard, as SVG and as data for shields.io."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import escape

from merbench.leaderboard.exports import Endpoint, as_json
from merbench.leaderboard.finding import foremost, leading, middle
from merbench.leaderboard.wording import clipped, figure, without_controls

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Board, Site
    from merbench.leaderboard.rows import Row

__all__ = ["Badge", "badges"]

# Each holds white text with a contrast of at least 4.5.
COLORS = {"leading": "1a7f37", "ranked": "0969da", "neutral": "57606a", "contested": "a04100"}
LETTER = 6.6  # px of a letter at 11 px, as wide as text of many digits needs; `textLength` makes it exact
PADDING = 10.0
LONGEST = 60  # letters of either side


@dataclass(frozen=True)
class Badge:
    """Two short texts and a colour, one of `COLORS`."""

    label: str
    message: str
    color: str


def badges(site: Site) -> Iterator[tuple[str, str]]:
    """Every badge as `badges/NAME.svg` and `badges/NAME.json`: path and text.

    `index` is the whole leaderboard; a board has its name, a row its id.
    """
    records = len(site.entries)
    message = f"{records} record{'' if records == 1 else 's'}" if records else "no runs yet"
    yield from _files("index", Badge(site.about.title, message, "ranked" if records else "neutral"))
    for board in site.boards:
        yield from _files(board.slug, _of_board(board))
        for row in board.every_row:
            if row.entries:
                yield from _files(row.id, _of_row(row, board))


def _of_board(board: Board) -> Badge:
    score = middle(foremost(leading(board)), lambda row: row.uf1)
    if not score:
        return Badge(board.name, "no runs yet" if not any(row.entries for row in board.rows) else "no rank", "neutral")
    return Badge(board.name, f"UF1 {figure(score.value)}, {len(board.ranked)} ranked", "ranked")


def _of_row(row: Row, board: Board) -> Badge:
    label = f"{row.name} on {board.dataset}"
    score = f"UF1 {figure(row.uf1.value)}" if row.uf1 else "no UF1"
    if row.contested:
        return Badge(label, f"{score}, contested", "contested")
    if not row.standing:
        return Badge(label, f"{score}, not ranked", "neutral")
    low, high = row.standing.rank_interval
    message = f"{score}, rank {row.rank} ({low} to {high}) of {len(board.ranked)}"
    return Badge(label, message, "leading" if row.standing.leading else "ranked")


def _files(name: str, badge: Badge) -> Iterator[tuple[str, str]]:
    label, message = (clipped(without_controls(one), LONGEST) for one in (badge.label, badge.message))
    yield f"badges/{name}.svg", _svg(label, message, COLORS[badge.color])
    endpoint = Endpoint(label=label, message=message, color=COLORS[badge.color])
    yield f"badges/{name}.json", as_json(endpoint.model_dump())


def _svg(label: str, message: str, color: str) -> str:
    left, right = (round(len(one) * LETTER + PADDING, 1) for one in (label, message))
    title = escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:g}" height="20" role="img" aria-label="{title}">'
        f'<title>{title}</title><clipPath id="r"><rect width="{left + right:g}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left:g}" height="20" fill="#24292f"/>'
        f'<rect x="{left:g}" width="{right:g}" height="20" fill="#{color}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f"{_words(label, left / 2, left)}{_words(message, left + right / 2, right)}</g></svg>\n"
    )


def _words(text: str, x: float, width: float) -> str:
    return f'<text x="{x:g}" y="14" textLength="{width - PADDING:g}">{escape(text)}</text>'
