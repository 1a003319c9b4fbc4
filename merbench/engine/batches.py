"""Chooses the training clips of each fold in each step of an epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.protocols import Fold

__all__ = ["epoch_batches", "padded", "steps_per_epoch"]


def steps_per_epoch(fold: Fold, batch_size: int) -> int:
    """Number of optimiser steps in an epoch; the last step takes the remaining clips."""
    return math.ceil(len(fold.train) / batch_size)


def epoch_order(task: Task, fold: Fold, epoch: int) -> np.ndarray:
    """Order the fold's training positions `[n]` for `epoch` (0-based) by the recipe's `order`."""
    if task.recipe.order == "shuffled":
        seed = derive_seed(fold=fold.seed, purpose="order", epoch=epoch)
        return np.random.default_rng(seed).permutation(fold.train)
    if task.recipe.order == "balanced":
        seed = derive_seed(fold=fold.seed, purpose="order", epoch=epoch)
        _, of_clip, clips = np.unique(task.labels[fold.train], return_inverse=True, return_counts=True)
        likely = 1 / (len(clips) * clips[of_clip])
        return np.random.default_rng(seed).choice(fold.train, len(fold.train), p=likely)
    if task.recipe.order == "by-class":
        return fold.train[np.argsort(task.labels[fold.train], kind="stable")]
    return fold.train


def epoch_batches(task: Task, folds: Sequence[Fold], epoch: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return `(positions, weights)` for each step, both `[folds, batch]`; weight 0 marks padding in a shorter batch.

    All folds must have the same number of steps.
    """
    orders = [epoch_order(task, fold, epoch) for fold in folds]
    size = task.recipe.batch_size
    steps = steps_per_epoch(folds[0], size)
    return [padded([order[step * size : (step + 1) * size] for order in orders]) for step in range(steps)]


def padded(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Pad rows of unequal length: `positions` int64 and `weights` float32 (0 for padding), both `[rows, longest]`."""
    longest = max(map(len, rows))
    positions = np.zeros((len(rows), longest), np.int64)
    weights = np.zeros((len(rows), longest), np.float32)
    for index, row in enumerate(rows):
        positions[index, : len(row)] = row
        positions[index, len(row) :] = row[0]  # a clip of the same fold: padding must not bring in another fold's data
        weights[index, : len(row)] = 1
    return positions, weights
