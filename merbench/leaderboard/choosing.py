"""What choosing on the test subject adds: among how many epochs, and what choosing among seeds alone would add."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from merbench.runs.schema import Record
from merbench.scores import mean_rate

if TYPE_CHECKING:
    from merbench.leaderboard.entries import Entry

__all__ = ["best_seed_gain", "epochs_of"]

SEEDS = 3  # to choose among


def epochs_of(record: Record) -> int | None:
    """Among how many epochs an oracle chooses; None for a model without epochs, or predictions that were handed in."""
    return max((len(fold.loss) for fold in record.folds), default=0) or None


def best_seed_gain(entries: Sequence[Entry]) -> float | None:
    """What UF1 over all clips gains if each subject gets the best of the first three seeds, compared with their mean.

    Nothing but the draw of the seed differs between them, so a gain is what a choice on the test subject adds by
    itself. It grows with the number of seeds, so it is that of three. The rule is the oracle's: the most right clips of
    the subject, and the later seed if two are equal.

    Args:
        entries: of one row, in the order of seeds.

    Returns:
        None for a single seed.
    """
    if len(entries) < 2:
        return None
    # seeds, subjects, classes, classes
    counts = np.stack([entry.counts.confusions[entry.policy] for entry in entries[:SEEDS]])
    right = np.trace(counts, axis1=2, axis2=3)
    best = len(counts) - 1 - right[::-1].argmax(axis=0)
    chosen = counts[best, np.arange(counts.shape[1])]
    return mean_rate(chosen[None], "uf1") - mean_rate(counts, "uf1")
