"""Compare the best rows of a board with each other, as the site is built: differences, intervals, p-values, clips.

The page only shows what is computed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, combinations
from typing import Any

import numpy as np

from merbench.leaderboard.boards import Board, counts_of
from merbench.leaderboard.rows import Row
from merbench.leaderboard.wording import clipped, without_controls
from merbench.scores import Metric, exchange_p_value, interval_of_difference, mean_without_each

__all__ = ["MOST_ENTRIES", "MOST_ROWS", "comparable", "compare_rows"]

MOST_ROWS = 30  # each is compared with each: 435 pairs
MOST_ENTRIES = 100  # of these rows: every seed of a row meets every seed of the other
MOST_CLIPS = 1000  # with more clips, the page would be too large
METRICS: tuple[Metric, ...] = ("uf1", "uar")
NAME = 60  # letters of a name in a list to choose from


def comparable(board: Board) -> tuple[Row, ...]:
    """The rows that are compared with each other, in the order of their ranks: the best ranked row of each model, then
    the best of the others, as many as the limits allow."""
    best = {row.model: row for row in reversed(board.ranked)}
    rows = sorted(board.ranked, key=lambda row: best[row.model] is not row)[:MOST_ROWS]
    entries = accumulate(len(row.entries) for row in rows)
    chosen = {row.id for row, count in zip(rows, entries, strict=True) if count <= MOST_ENTRIES}
    return tuple(row for row in board.ranked if row.id in chosen)


def compare_rows(board: Board) -> dict[str, Any]:
    """Every pair of comparable rows, as data for the page; empty if there are fewer than two rows.

    Returns:
        `rows`: id and name of each row; `scores`: of each row, its scores in the order of `columns`, which are pairs
        of part and metric; `parts`: the names of the parts on pages; `pairs`: (0, 1), (0, 2), ... (1, 2), ..., each
        the p-value of UF1 over all clips, then (difference, lower, upper) for each column. Where clips are public,
        `clips` has their ids, `classes` the names of their classes, `truth` and `answers` class indices: of each row,
        the answers of its first entry.
        All numbers are rounded to three decimals.
    """
    rows = comparable(board)
    if len(rows) < 2:
        return {}
    columns = [(part, metric) for part in board.parts for metric in METRICS if _has(rows, part, metric)]
    return {
        "rows": [[row.id, _name(row)] for row in rows],
        "columns": [[part, metric.upper()] for part, metric in columns],
        "parts": {part: without_controls(board.part_name(part)) for part in board.parts},
        "scores": [[round(row.figures[part][metric].value, 3) for part, metric in columns] for row in rows],
        "pairs": list(_pairs(rows, columns)),
        **_clips(board, rows),
    }


def _has(rows: Sequence[Row], part: str, metric: Metric) -> bool:
    return all(metric in row.figures.get(part, {}) for row in rows)


def _pairs(rows: Sequence[Row], columns: Sequence[tuple[str, Metric]]) -> Iterator[list[Any]]:
    counts = [counts_of(row) for row in rows]
    scores = [[row.figures[part][metric].value for part, metric in columns] for row in rows]
    others = [[mean_without_each(counts_of(row, part), metric) for part, metric in columns] for row in rows]
    pairs = list(combinations(range(len(rows)), 2))
    # Threads help: nearly all of the time goes into products during which other threads run.
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        p_values = threads.map(lambda pair: exchange_p_value(counts[pair[0]], counts[pair[1]], "uf1"), pairs)
        for (a, b), p_value in zip(pairs, p_values, strict=True):
            yield [round(p_value, 3), [*map(_difference, scores[a], scores[b], others[a], others[b])]]


def _difference(a: float, b: float, others_a: np.ndarray, others_b: np.ndarray) -> list[float]:
    """A difference and the ends of its interval, rounded."""
    ends = interval_of_difference(a - b, others_a - others_b)
    return [round(one, 3) + 0.0 for one in (a - b, *ends)]


def _clips(board: Board, rows: Sequence[Row]) -> dict[str, Any]:
    answers = [row.entries[0].answers for row in rows]
    first = answers[0]
    if first is None or len(first.clips) > MOST_CLIPS or not all(row.entries[0].public for row in rows):
        return {}
    order = sorted(range(len(first.clips)), key=first.clips.__getitem__)
    clips = [first.clips[place] for place in order]
    given = []
    for row, one in zip(rows, answers, strict=True):
        if one is None:
            return {}
        of_clip = dict(zip(one.clips, one.predicted[row.entries[0].policy], strict=True))
        given.append([of_clip[clip] for clip in clips])
    return {
        "clips": [without_controls(clip) for clip in clips],
        "classes": [without_controls(name) for name in board.classes],
        "truth": [first.truth[place] for place in order],
        "answers": given,
    }


def _name(row: Row) -> str:
    return without_controls(clipped(f"{row.name} ({row.details})" if row.details else row.name, NAME))
