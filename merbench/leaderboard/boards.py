"""From entries and reported figures to boards: which rows share a table, and in what order they are listed."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import count
from typing import Any, TypeAlias

import numpy as np

from merbench.files import file_name
from merbench.leaderboard.about import About
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.entries import Entry
from merbench.leaderboard.past import Past
from merbench.leaderboard.reported import Remark, Reported, reported_rows
from merbench.leaderboard.rows import Row, make_rows
from merbench.leaderboard.standings import standings
from merbench.leaderboard.statistics import Standing
from merbench.leaderboard.verdicts import Verdict
from merbench.plugin.registry import Registry
from merbench.runs.scoring import in_order
from merbench.scores import Metric

__all__ = ["Board", "Site", "counts_of", "finished", "make_site", "table_key"]

SLUG = 60  # characters of a name that go into a file name
OTHER_PAGE = re.compile(r"-(compare|page\d+)$")  # how the file names of a board's further pages end

Name: TypeAlias = tuple[str, str]  # dataset, protocol


@dataclass(frozen=True)
class Board:
    """A table: one dataset, one protocol, one set of clips, labels and folds.

    Attributes:
        slug: file name without ending: the first page is `boards/SLUG.html`.
        dataset, protocol, about: names, and a line about each.
        parts: names of the parts, `full` first.
        name: dataset and protocol as people say it, e.g. `MEGC2019 composite, leave one subject out`.
        part_names: the names of the parts that people use; a part may be missing.
        trains_on: the only database that the protocol trains on; empty if there are several.
        classes, clips_total, subjects_total, digests: what all entries share; empty or None without entries.
        rows: ranked rows by rank, then the others by UF1.
        incomplete: rows that lack clips, listed below the table and never ranked, in groups that cover the same clips.
        reported: the figures that papers print for this dataset and protocol, those without a row too.
        past: records that were on the board, newest first.
    """

    slug: str
    dataset: str
    protocol: str
    about: tuple[str, ...]
    parts: tuple[str, ...]
    classes: tuple[str, ...]
    clips_total: int | None
    subjects_total: int | None
    digests: dict[str, str]
    rows: tuple[Row, ...]
    name: str = ""
    part_names: Mapping[str, str] = field(default_factory=dict)
    trains_on: str = ""
    incomplete: tuple[tuple[Row, ...], ...] = ()
    reported: tuple[Reported, ...] = ()
    past: tuple[Past, ...] = ()

    @property
    def title(self) -> str:
        """Dataset and protocol by the names that commands use."""
        return f"{self.dataset}, protocol {self.protocol}"

    def stem(self, part: str) -> str:
        """The file name, without ending, of the page that is ordered by a part: the first part has the board's page."""
        return self.slug if part == self.parts[0] else f"{self.slug}-{_plain(part)}"

    def part_name(self, part: str) -> str:
        """The name of a part on pages, e.g. `CASME II`."""
        return self.part_names.get(part) or ("all clips" if part == "full" else part)

    def by_part(self, clips: Iterable[str]) -> list[str]:
        """Ids of clips, `DATABASE/...`, in the order of the parts, then by name."""
        places = {part: place for place, part in enumerate(self.parts)}
        return sorted(clips, key=lambda clip: (places.get(clip.partition("/")[0], len(places)), clip))

    @property
    def every_row(self) -> tuple[Row, ...]:
        """The rows of the table, then those of each incomplete group."""
        return sum(self.incomplete, self.rows)

    @property
    def ranked(self) -> tuple[Row, ...]:
        """The ranked rows, best first."""
        return self.ranked_by("full")

    def ranked_by(self, part: str) -> tuple[Row, ...]:
        """The rows that are ranked in a part, the best of the part first; none if its UF1 is not defined."""
        return self._ranked[part]

    def part_rows(self, part: str) -> tuple[Row, ...]:
        """The rows of the table in the order of a part: ranked rows by rank, rows without rank, papers' rows."""
        return self._ordered[part]

    @cached_property
    def _ranked(self) -> dict[str, tuple[Row, ...]]:
        return {part: tuple(row for row in rows if part in row.standings) for part, rows in self._ordered.items()}

    @cached_property  # every page asks for it, and a board may have thousands of rows
    def highest(self) -> dict[tuple[str, Metric], float | None]:
        """The highest score of a ranked row, by part and metric; None if no ranked row has the score."""
        found: dict[tuple[str, Metric], float | None] = {}
        for row in self.rows:
            for part, metrics in row.figures.items():
                for metric, one in metrics.items():
                    before = found.setdefault((part, metric), None)
                    if row.rank and (before is None or one.value > before):
                        found[part, metric] = one.value
        return found

    @cached_property
    def _ordered(self) -> dict[str, tuple[Row, ...]]:
        parts = dict.fromkeys(("full", *self.parts))
        return {one: tuple(sorted(self.rows, key=lambda row: (not row.entries, *_place(one)(row)))) for one in parts}


@dataclass(frozen=True)
class Site:
    """Everything that the pages show. `entries`: newest first. `no_history`: why git has none of the rows' history."""

    boards: tuple[Board, ...]
    entries: tuple[Entry, ...] = ()
    reported: tuple[Reported, ...] = ()
    remarks: tuple[Remark, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    about: About = field(default_factory=About)
    no_history: str = ""


def make_site(
    entries: Iterable[Entry],
    reported: Sequence[Reported],
    registry: Registry,
    remarks: Sequence[Remark] = (),
    verdicts: Sequence[Verdict] = (),
    *,
    titles: Mapping[str, str] | None = None,
    past: Sequence[Past] = (),
    about: About | None = None,
    cache: Cache | None = None,
) -> Site:
    """Everything that the pages show.

    Args:
        entries: of every record.
        reported: every figure that papers print.
        registry: gives the order of a dataset's parts, the names of protocols, and what to cite for a model.
        remarks: for the page that explains the scores.
        verdicts: what is known of the methods of the figures.
        titles: of datasets and protocols that only reported figures have.
        past: records that were on the boards, newest first.
        about: what the pages say of themselves.
        cache: keeps the standings of rows.
    """
    entries = sorted(entries, key=lambda one: one.record.id)
    tables: dict[Name, dict[tuple[str, ...], list[Entry]]] = defaultdict(dict)
    papers: dict[Name, list[Reported]] = defaultdict(list)
    for entry in entries:
        plan = entry.record.plan
        name = plan.dataset, entry.protocol
        tables[name].setdefault(table_key(entry), []).append(entry)
    for figure in reported:
        papers[figure.dataset, registry.protocols.current(figure.protocol)].append(figure)
    names = {*tables, *(name for name, figures in papers.items() if any(one.on_board for one in figures))}
    names |= {(one.dataset, one.protocol) for one in past}
    boards = [
        replace(board, name=_name(*name, registry, titles or {}))
        for name in sorted(names)
        for board in _boards(name, [tables[name][key] for key in sorted(tables[name])], papers[name], registry, cache)
    ]
    newest = sorted(entries, key=lambda one: (finished(one), one.id), reverse=True)
    boards = [*_apart(_with_past(boards, past))]
    return Site(tuple(boards), tuple(newest), tuple(reported), tuple(remarks), tuple(verdicts), about=about or About())


def _with_past(boards: Sequence[Board], past: Sequence[Past]) -> Iterator[Board]:
    """The boards; the first one of a dataset and protocol gets the past records."""
    of: dict[Name, list[Past]] = defaultdict(list)
    for one in past:
        of[one.dataset, one.protocol].append(one)
    for board in boards:
        yield replace(board, past=tuple(of.pop((board.dataset, board.protocol), ())))


def finished(entry: Entry) -> str:
    """When the run ended or the predictions were read (ISO 8601); empty if the record does not say."""
    found = entry.record.environment.get("finished")
    return found if isinstance(found, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(\+00:00|Z)", found) else ""


def table_key(entry: Entry) -> tuple[str, ...]:
    """What entries of a dataset and protocol must have in common to share a table.

    The clips of each class of each subject are part of it: a record without clips only claims its digests.
    """
    plan, counts = entry.record.plan, entry.counts
    truths = next(iter(counts.confusions.values())).sum(axis=2).tolist()
    held = json.dumps([plan.classes, plan.clips_total, counts.subjects, truths])
    digests, whole = plan.digests, "all" if entry.record.complete else "some"
    return digests.clips, digests.labels, digests.folds, whole, held


def _boards(
    name: Name, tables: list[list[Entry]], reported: list[Reported], registry: Registry, cache: Cache | None
) -> list[Board]:
    """One board for each set of digests. The board with most entries gets the figures of papers and the incomplete
    entries.
    """
    whole = [table for table in tables if table[0].record.complete]
    whole.sort(key=lambda table: (-len(table), table_key(table[0])))
    incomplete = tuple(tuple(make_rows(table, registry)) for table in tables if not table[0].record.complete)
    make = partial(_board, name, registry=registry, cache=cache)
    first = make(whole[0] if whole else [], incomplete=incomplete, reported=tuple(reported))
    return [first, *(make(table, mark=table_key(table[0])) for table in whole[1:])]


def _board(
    name: Name,
    table: list[Entry],
    *,
    registry: Registry,
    cache: Cache | None,
    mark: tuple[str, ...] = (),
    incomplete: tuple[tuple[Row, ...], ...] = (),
    reported: tuple[Reported, ...] = (),
) -> Board:
    runs = _ranked(make_rows(table, registry), name, cache)
    papers = sorted(reported_rows(reported), key=_place("full"))
    return Board(
        slug=_slug(*name, mark),
        dataset=name[0],
        protocol=name[1],
        about=_about(*name, registry),
        part_names=_part_names(name[0], registry),
        trains_on=registry.protocols.get(name[1]).trains_on if name[1] in registry.protocols.names() else "",
        parts=_parts(name[0], [*runs, *papers], registry),
        rows=(*runs, *papers),
        incomplete=incomplete,
        reported=reported,
        **_shared(table),
    )


def _shared(table: list[Entry]) -> dict[str, Any]:
    """The fields of a board that its entries have in common."""
    if not table:
        return {"classes": (), "clips_total": None, "subjects_total": None, "digests": {}}
    plan = table[0].record.plan
    return {
        "classes": tuple(plan.classes),
        "clips_total": plan.clips_total,
        "subjects_total": len(table[0].counts.subjects),
        "digests": {name: getattr(plan.digests, name) for name in ("clips", "labels", "folds")},
    }


def _slug(dataset: str, protocol: str, mark: tuple[str, ...]) -> str:
    """A file name: the names themselves if they are plain, otherwise with a digest of names and mark."""
    plain = file_name(f"{dataset}-{protocol}".lower(), kept="a-z0-9.", most=SLUG).strip("-.")
    if plain == f"{dataset}-{protocol}" and not mark and not OTHER_PAGE.search(plain):
        return plain
    digest = hashlib.sha256(json.dumps([dataset, protocol, *mark]).encode()).hexdigest()[:8]
    return f"{plain}-{digest}".strip("-")


def _apart(boards: Iterable[Board]) -> Iterator[Board]:
    """The boards, each with a slug of its own. No slug ends like the name of a further page, so pages differ too."""
    taken: set[str] = set()
    for board in boards:
        slugs = (f"{board.slug}-{number}" if number else board.slug for number in count())
        found = next(one for one in map(partial(_named, board), slugs) if taken.isdisjoint(map(one.stem, one.parts)))
        taken.update(map(found.stem, found.parts))
        yield found


def _named(board: Board, slug: str) -> Board:
    return replace(board, slug=slug)


def _plain(part: str) -> str:
    """The name of a part in a file name: itself if it is plain, otherwise with a digest."""
    plain = file_name(part.lower(), kept="a-z0-9.", most=SLUG).strip("-.")
    if plain == part and not OTHER_PAGE.search(f"-{plain}"):
        return plain
    return f"{plain}-{hashlib.sha256(part.encode()).hexdigest()[:8]}".strip("-")


def _about(dataset: str, protocol: str, registry: Registry) -> tuple[str, ...]:
    catalogs = ((registry.datasets, dataset), (registry.protocols, protocol))
    return tuple(catalog.get(name).about for catalog, name in catalogs if name in catalog.names())


def _name(dataset: str, protocol: str, registry: Registry, titles: Mapping[str, str]) -> str:
    catalogs = ((registry.datasets, dataset), (registry.protocols, protocol))
    return ", ".join((name in one.names() and one.get(name).title) or titles.get(name, name) for one, name in catalogs)


def _part_names(dataset: str, registry: Registry) -> dict[str, str]:
    return dict(registry.datasets.get(dataset).titles) if dataset in registry.datasets.names() else {}


def _parts(dataset: str, rows: Sequence[Row], registry: Registry) -> tuple[str, ...]:
    return in_order((part for row in rows for part in row.figures), dataset, registry) or ("full",)


def _ranked(rows: Sequence[Row], name: Name, cache: Cache | None) -> list[Row]:
    """The ranked rows in order, then the others by UF1."""
    ranked = [row for row in rows if not row.unranked]
    found = _standings(ranked, name, cache)
    placed = [replace(row, standings=one) for row, one in zip(ranked, found, strict=True)]
    return [*sorted(placed, key=_place("full")), *sorted((row for row in rows if row.unranked), key=_place("full"))]


def _standings(ranked: Sequence[Row], name: Name, cache: Cache | None) -> list[dict[str, Standing]]:
    """Of each row, its standing in every part whose UF1 is defined: the same clips are in the part of every row."""
    parts = [part for part in ranked[0].entries[0].counts.parts if ranked[0].uf1_of(part)] if ranked else []
    return standings([{part: counts_of(row, part) for part in parts} for row in ranked], name, cache)


def counts_of(row: Row, part: str = "full") -> np.ndarray:
    """`[seeds, subjects, classes, classes]` clip counts of a part, of a row's entries under the policy that counts."""
    return np.stack([entry.counts.of(part).confusions[entry.policy] for entry in row.entries])


def _place(part: str) -> Callable[[Row], tuple[Any, ...]]:
    """The key by which rows are listed for a part: ranked rows by rank, the others after them by UF1."""

    def key(row: Row) -> tuple[Any, ...]:
        standing, uf1 = row.standings.get(part), row.uf1_of(part)
        if standing:
            return standing.rank, 0.0, row.model, row.recipe, row.id
        return math.inf, -uf1.value if uf1 else 1.0, row.model, row.recipe, row.id

    return key
