"""An Atom feed of new, contested and withdrawn records, with the dates of the records, never that of the build."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from merbench.leaderboard.boards import finished
from merbench.leaderboard.wording import figure, without_controls

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Site
    from merbench.leaderboard.entries import Entry

__all__ = ["feed"]

MOST = 100  # of the newest items
START = "1970-01-01T00:00:00Z"  # an Atom feed must say when it was updated, an empty one too
INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


@dataclass(frozen=True)
class Item:
    """An entry of the feed. `id` is the last part of a URN; `path` is relative to the site."""

    id: str
    title: str
    updated: str
    path: str
    author: str
    text: str


def feed(site: Site) -> str:
    """The text of `feed.xml`, newest first. A record that does not say when it was finished is left out."""
    items = sorted(_items(site), key=lambda one: (one.updated, one.id), reverse=True)[:MOST]
    about = site.about
    updated = items[0].updated if items else START
    home = f'<link href="{_text(about.site or "index.html")}"/>'
    own = f'<link rel="self" type="application/atom+xml" href="{_text(about.site)}feed.xml"/>\n' if about.site else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<id>{_text(about.site) or 'urn:merbench:leaderboard'}</id>\n<title>{_text(about.title)}</title>\n"
        f"{home}\n{own}<updated>{updated}</updated>\n"
        f"<author><name>{_text(about.authors or about.title)}</name></author>\n"
        f"{''.join(_entry(one, about.site) for one in items)}</feed>\n"
    )


def _items(site: Site) -> Iterator[Item]:
    of = {entry.id: (row, board) for board in site.boards for row in board.every_row for entry in row.entries}
    for entry in site.entries:
        row, board = of[entry.id]
        name, path = _name(entry), f"entries/{entry.id}.html"
        if when := finished(entry):
            score = f"UF1 {figure(row.uf1.value)} on {board.name}" if row.uf1 else f"on {board.name}"
            rank = f", rank {row.rank} of {len(board.ranked)}" if row.rank else f", not ranked: {row.unranked}"
            text = f"{row.badge}: {score}{rank}. The row has {len(row.entries)} record(s)."
            yield Item(f"record:{entry.id}", name, _utc(when), path, row.model, text)
        for one in entry.disputes:
            yield _dispute(f"contested:{entry.id}:{one.date}", f"Contested: {name}", one.date, path, one.reason)
    for board in site.boards:
        for past in board.past:
            name = f"{past.fate.capitalize()}: {past.model} {past.recipe}".rstrip()
            path = f"boards/{board.slug}.html#past"
            yield _dispute(f"{past.fate}:{past.record}", name, past.date, path, past.reason)


def _dispute(id_: str, title: str, date: str, path: str, reason: str) -> Item:
    return Item(id_, title, f"{date}T00:00:00Z", path, "", reason)


def _entry(one: Item, site: str) -> str:
    author = f"<author><name>{_text(one.author)}</name></author>" if one.author else ""
    return (
        f"<entry><id>urn:merbench:{one.id}</id><title>{_text(one.title)}</title><updated>{one.updated}</updated>"
        f'<link href="{_text(site)}{_text(one.path)}"/>{author}<summary>{_text(one.text)}</summary></entry>\n'
    )


def _name(entry: Entry) -> str:
    plan = entry.record.plan
    recipe, seed = getattr(plan, "recipe", ""), getattr(plan, "seed", None)
    return f"{plan.model} {recipe}".rstrip() + (f", seed {seed}" if seed is not None else "")


def _utc(when: str) -> str:
    return when.replace("+00:00", "Z")


def _text(text: str) -> Markup:
    return escape(INVALID.sub("\N{REPLACEMENT CHARACTER}", without_controls(text)))
