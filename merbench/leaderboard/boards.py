"""From entries and reported figures to boards: which share a table, what a row shows, and in what order rows stand."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from merbench.leaderboard.reported import Reported, boards_of, left_out, reported_rows
from merbench.leaderboard.rows import counting_policy, make_rows
from merbench.leaderboard.site import Board, Entry, Row, Site
from merbench.leaderboard.statistics import stand
from merbench.plugin.registry import Registry

__all__ = ["make_site"]

SLUG = 60  # characters of a name that go into a file name


def make_site(entries: Iterable[Entry], reported: Sequence[Reported], registry: Registry) -> Site:
    """Everything that the pages show.

    Args:
        entries: of every record.
        reported: every published figure.
        registry: tells the order of a dataset's parts, and what to cite for a model.
    """
    entries = sorted(entries, key=lambda one: one.record.id)
    tables: dict[tuple[str, ...], list[Entry]] = {}
    names = set(boards_of(reported))
    for entry in entries:
        tables.setdefault(_table(entry), []).append(entry)
        names.add((entry.record.plan.dataset, entry.protocol))
    boards = [
        board
        for dataset, protocol in sorted(names)
        for board in _boards(dataset, protocol, _of(tables, dataset, protocol), reported, registry)
    ]
    newest = sorted(entries, key=lambda one: (finished(one), one.id), reverse=True)
    return Site(boards=tuple(_apart(boards)), entries=tuple(newest))


def finished(entry: Entry) -> str:
    """When the run ended or the predictions were read, as the record says it (ISO 8601); empty where it does not."""
    found = entry.record.environment.get("finished")
    return found if isinstance(found, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)", found) else ""


def _table(entry: Entry) -> tuple[str, ...]:
    """What entries must share to stand in one table.

    The clips of each class of each subject too: a record that keeps its clips to itself only claims its digests.
    """
    plan, counts = entry.record.plan, entry.counts
    truths = next(iter(counts.confusions.values())).sum(axis=2).tolist()
    held = json.dumps([plan.classes, plan.clips_total, counts.subjects, truths])
    digests, whole = plan.digests, "all" if entry.record.complete else "some"
    return plan.dataset, entry.protocol, digests.clips, digests.labels, digests.folds, whole, held


def _of(tables: dict[tuple[str, ...], list[Entry]], dataset: str, protocol: str) -> list[list[Entry]]:
    return [entries for key, entries in sorted(tables.items()) if key[:2] == (dataset, protocol)]


def _boards(
    dataset: str, protocol: str, tables: list[list[Entry]], reported: Sequence[Reported], registry: Registry
) -> list[Board]:
    """One board for each set of digests under these names; papers' figures and incomplete entries go to the first, the
    one with most entries.
    """
    whole = [table for table in tables if table[0].record.complete]
    whole.sort(key=lambda table: (-len(table), _table(table[0])))
    incomplete = [tuple(make_rows(table, registry)) for table in tables if not table[0].record.complete]
    papers = reported_rows(reported, dataset, protocol)
    boards = []
    for place, table in enumerate(whole or [[]]):
        boards.append(
            _board(
                dataset,
                protocol,
                table,
                papers if not place else (),
                registry,
                slug=_slug(dataset, protocol, _table(table[0]) if place else ()),
                incomplete=tuple(incomplete) if not place else (),
                left_out=left_out(reported, dataset, protocol) if not place else 0,
            )
        )
    return boards


def _board(
    dataset: str, protocol: str, table: list[Entry], papers: Sequence[Row], registry: Registry, **rest: Any
) -> Board:
    runs = _ranked(make_rows(table, registry))
    first = table[0] if table else None
    return Board(
        title=f"{dataset}, protocol {protocol}",
        dataset=dataset,
        protocol=protocol,
        about=_about(dataset, protocol, registry),
        parts=_parts(dataset, [*runs, *papers], registry),
        classes=tuple(first.record.plan.classes) if first else (),
        clips_total=first.record.plan.clips_total if first else None,
        subjects_total=len(first.counts.subjects) if first else None,
        digests={name: getattr(first.record.plan.digests, name) for name in ("clips", "labels", "folds")}
        if first
        else {},
        rows=(*runs, *sorted(papers, key=lambda row: (-_uf1(row), row.model, row.id))),
        **rest,
    )


def _slug(dataset: str, protocol: str, digests: tuple[str, ...]) -> str:
    """A file name that is the names themselves where they are plain, and tells apart what else would look the same."""
    plain = re.sub(r"[^a-z0-9.]+", "-", f"{dataset}-{protocol}".lower())[:SLUG].strip("-.")
    exact = plain == f"{dataset}-{protocol}" and not digests
    if exact:
        return plain
    mark = hashlib.sha256(json.dumps([dataset, protocol, *digests]).encode()).hexdigest()[:8]
    return f"{plain}-{mark}".strip("-")


def _apart(boards: Sequence[Board]) -> Iterator[Board]:
    """The boards, none of whose pages (a board, and the comparison beside it) has the file name of another's."""
    taken: set[str] = set()
    for board in boards:
        slugs = (f"{board.slug}-{number}" if number else board.slug for number in count())
        slug = next(one for one in slugs if not {one, f"{one}-compare"} & taken)
        taken |= {slug, f"{slug}-compare"}
        yield replace(board, slug=slug)


def _about(dataset: str, protocol: str, registry: Registry) -> tuple[str, ...]:
    catalogs = ((registry.datasets, dataset), (registry.protocols, protocol))
    return tuple(catalog.get(name).about for catalog, name in catalogs if name in catalog.names())


def _parts(dataset: str, rows: Sequence[Row], registry: Registry) -> tuple[str, ...]:
    """`full` first, then the databases as the dataset names them, then any other."""
    found = dict.fromkeys(part for row in rows for part in row.figures)
    known = registry.datasets.get(dataset).databases if dataset in registry.datasets.names() else ()
    order = ("full", *known, *sorted(found))
    return tuple(dict.fromkeys(part for part in order if part in found)) or ("full",)


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """Those that are ranked, in order; then the others, by UF1."""
    ranked = [row for row in rows if not row.unranked]
    standings = stand([_counts(row) for row in ranked])
    stood = [replace(row, **vars(standing)) for row, standing in zip(ranked, standings, strict=True)]
    stood.sort(key=lambda row: (row.rank, row.model, row.recipe, row.id))
    return [*stood, *sorted((row for row in rows if row.unranked), key=lambda row: (-_uf1(row), row.model, row.id))]


def _counts(row: Row) -> np.ndarray:
    policy = counting_policy(row.entries[0].record)
    return np.stack([entry.counts.confusions[policy] for entry in row.entries])


def _uf1(row: Row) -> float:
    figure = row.figures.get("full", {}).get("uf1")
    return figure.value if figure else -1.0
