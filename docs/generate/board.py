"""The boards that the documentation speaks of: the committed records, and what papers report."""

from __future__ import annotations

import functools
from pathlib import Path

from merbench.leaderboard.boards import Board, Site, make_site
from merbench.leaderboard.cache import open_cache
from merbench.leaderboard.entries import Entry, read_entries, record_files
from merbench.leaderboard.reported import read_reported
from merbench.leaderboard.rows import Row
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

__all__ = [
    "BASELINE",
    "LEADERBOARDS",
    "REFERENCES",
    "baseline",
    "board",
    "boards",
    "entries",
    "record_paths",
    "runs",
    "setting",
]

LEADERBOARDS = Path(__file__).parents[2] / "leaderboards"
BASELINE = "flow-lr"  # the logistic regression that networks are compared with
REFERENCES = {"none": "nested-unweighted", "balanced": "nested"}  # class weights -> its recipe


@functools.cache
def boards(dataset: str = "composite") -> dict[str, Board]:
    """The boards of a dataset by protocol; of several boards of a protocol, the one with the most records."""
    found = [one for one in _site().boards if one.dataset == dataset]
    found.sort(key=lambda one: sum(len(row.entries) for row in one.rows))
    return {one.protocol: one for one in found}


def board() -> Board:
    """The board of the composite, leave one subject out."""
    return boards()["loso"]


def runs() -> list[Row]:
    """The rows of this project's own runs, best first."""
    return [row for row in board().rows if row.badge == "run here"]


def setting(row: Row) -> str:
    """The recipe of a row; with the choice of the epoch, if that is not the last one."""
    return row.recipe if row.policy == "last" else f"{row.recipe}, {row.policy} epoch"


def baseline(weights: str = "balanced") -> Row:
    """The row of the logistic regression with these class weights, `none` or `balanced`, that networks are compared
    with: its C is chosen on held-out training subjects, never on test labels.
    """
    return next(row for row in runs() if (row.model, row.recipe) == (BASELINE, REFERENCES[weights]))


def entries(dataset: str = "composite") -> list[Entry]:
    """The committed records of a dataset, under every protocol."""
    return [entry for _, entry in _entries() if entry.record.plan.dataset == dataset]


@functools.cache
def record_paths() -> dict[str, Path]:
    """The file of each record, by the record's id."""
    return {entry.record.id: path for path, entry in _entries()}


@functools.cache
def _site() -> Site:
    reported = read_reported(LEADERBOARDS / "reported.csv")
    return make_site([entry for _, entry in _entries()], reported, _registry(), cache=open_cache(_registry()))


@functools.cache
def _entries() -> list[tuple[Path, Entry]]:
    return list(read_entries(record_files([LEADERBOARDS / "records"]), _registry(), open_cache(_registry())))


@functools.cache
def _registry() -> Registry:
    return Registry(load(allow=()))
