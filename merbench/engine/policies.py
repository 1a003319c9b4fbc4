"""Epoch policies: after which epoch the predictions of a fold count."""

from __future__ import annotations

import numpy as np

__all__ = ["POLICIES", "TEST_SELECTED", "last_best", "oracle_epoch"]

POLICIES = ("last", "inner", "oracle")
TEST_SELECTED = frozenset({"oracle"})  # chosen with test labels: shown beside, never ranked


def last_best(values: np.ndarray) -> int:
    """Index of the greatest of `values` `[epochs]`; of equal ones the last, as HTNet's released script keeps it."""
    return int(len(values) - 1 - np.argmax(values[::-1]))


def oracle_epoch(predicted: np.ndarray, truth: np.ndarray) -> int:
    """The epoch (0-based) with the best accuracy on the test fold, as HTNet's released script chooses it.

    Args:
        predicted: `[epochs, clips]` class indices.
        truth: `[clips]` class indices.
    """
    return last_best((predicted == truth).mean(1))
