"""How hard each clip and each subject is for the leading rows of a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from merbench.leaderboard.rows import Row

__all__ = ["Clip", "Subject", "clips_of", "subjects_of"]


@dataclass(frozen=True)
class Clip:
    """A clip, its database, and the share in [0, 1] of the rows that are right on it (each the mean of its seeds)."""

    clip: str
    database: str
    right: float


@dataclass(frozen=True)
class Subject:
    """A subject: `database/name`, how many clips it has, and the share of them that is right, a mean over the rows."""

    subject: str
    clips: int
    right: float


def clips_of(rows: Sequence[Row]) -> list[Clip]:
    """Every clip, in the order of ids; empty if the answers of some row are not public or cover other clips."""
    entries = [entry for row in rows for entry in row.entries]
    first = entries[0].answers if entries else None
    if first is None or any(one.answers is None or set(one.answers.clips) != set(first.clips) for one in entries):
        return []
    shares = np.mean([_right(row, first.clips) for row in rows], axis=0)
    return sorted(
        (Clip(clip, clip.split("/")[0], float(share)) for clip, share in zip(first.clips, shares, strict=True)),
        key=lambda one: one.clip,
    )


def _right(row: Row, clips: Sequence[str]) -> np.ndarray:
    """`[clips]`: the share of the row's seeds that are right."""
    seeds = []
    for entry in row.entries:
        assert entry.answers
        given = zip(entry.answers.clips, entry.answers.predicted[entry.policy], entry.answers.truth, strict=True)
        right = {clip: predicted == truth for clip, predicted, truth in given}
        seeds.append([right[clip] for clip in clips])
    mean: np.ndarray = np.mean(seeds, axis=0)
    return mean


def subjects_of(rows: Sequence[Row]) -> list[Subject]:
    """Every subject, the hardest first; empty if there are no rows."""
    if not rows:
        return []
    counts = rows[0].entries[0].counts
    shares = np.mean([accuracies(row) for row in rows], axis=0)
    held = next(iter(counts.confusions.values())).sum(axis=(1, 2))
    found = zip(counts.subjects, held, shares, strict=True)
    return sorted((Subject(name, int(clips), float(share)) for name, clips, share in found), key=lambda one: one.right)


def accuracies(row: Row, part: str = "full") -> np.ndarray:
    """`[subjects]`: the share of each subject's clips in a part that is right, the mean over the row's seeds."""
    counts = [entry.counts.of(part).confusions[entry.policy] for entry in row.entries]
    right = np.mean([np.trace(one, axis1=1, axis2=2) / one.sum(axis=(1, 2)) for one in counts], axis=0)
    shares: np.ndarray = right
    return shares
