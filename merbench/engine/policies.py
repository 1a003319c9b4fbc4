"""Epoch policies: which epoch of a fold gives its predictions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from merbench.engine.seeds import derive_seed
from merbench.protocols import Fold, inner_split

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TEST_SELECTED", "Policy", "held_out_uf1", "inner_epoch", "inner_fold", "last_best", "oracle_epoch"]

Policy = Literal["last", "inner", "oracle"]
TEST_SELECTED: frozenset[Policy] = frozenset({"oracle"})  # chosen with test labels: shown, but never ranked


def last_best(values: np.ndarray) -> int:
    """Index of the greatest of `values` `[epochs]`; the last index on a tie, as in HTNet's released script."""
    return int(len(values) - 1 - np.argmax(values[::-1]))


def oracle_epoch(predicted: np.ndarray, truth: np.ndarray) -> int:
    """The epoch (0-based) with the best accuracy on the test side, as in HTNet's released script.

    Args:
        predicted: `[epochs, clips]` class indices.
        truth: `[clips]` class indices.
    """
    return last_best((predicted == truth).mean(1))


def inner_epoch(predicted: np.ndarray, truth: np.ndarray) -> int:
    """The epoch (0-based) with the best `held_out_uf1`; the last epoch on a tie.

    Args:
        predicted: `[epochs, clips]` class indices.
        truth: `[clips]` class indices.
    """
    return last_best(held_out_uf1(predicted, truth))


def held_out_uf1(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The pooled UF1 of several predictions of held-out training clips, float64 `[n]` in [0, 1].

    UF1 is the mean of 2TP / (clips predicted as the class + clips of the class) over the classes in `truth`.

    Args:
        predicted: `[n, clips]` class indices.
        truth: `[clips]` class indices.
    """
    f1 = [
        2 * ((predicted == label) & (truth == label)).sum(1) / ((predicted == label).sum(1) + (truth == label).sum())
        for label in np.unique(truth)
    ]
    return np.asarray(np.mean(f1, axis=0).round(12))  # equal scores may be rounded differently


def inner_fold(fold: Fold, clips: pd.DataFrame, labels: np.ndarray) -> Fold:
    """Split the training side of a fold into a training part and a held-out part, in which `inner` chooses its epoch.

    Args:
        fold: holds positions in the clip table.
        clips: the clip table.
        labels: `[clips]` class indices.

    Raises:
        ProtocolError: the training side cannot be split.
    """
    train, held_out = inner_split(clips, fold.train, labels, derive_seed(fold=fold.seed, purpose="inner split"))
    return replace(fold, train=train, test=held_out)
