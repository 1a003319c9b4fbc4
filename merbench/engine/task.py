"""The input of the engine, `Task`, and its output for each fold, `FoldOutcome`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe

__all__ = ["FoldOutcome", "Mirror", "Task"]

Mirror = Callable[[Any], Any]  # of a float32 tensor `[batch, ...]`, see `Feature.mirror`


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all folds of a run share.

    Attributes:
        build: returns a new network or estimator; called without arguments. It must be picklable.
        author: the plugin that `build` belongs to, for errors.
        arrays: one array `[clips, ...]` per feature, float32 or uint8, which models get as float32. A large array may
            be mapped from a file.
        labels: `[clips]` int64, class indices. The engine gives a model only the labels of the training side.
        subjects: `[clips]` int64, a number for each subject, for estimators whose `fit` takes `groups`; None if nobody
            needs them.
        classes: number of classes.
        recipe: the training settings, resolved. Estimators do not use them.
        mirrors: one function per feature, as described in `Feature.mirror`; None for a feature without a mirror.
        device: `cpu`, `cuda` or `mps`.
        precision: `fp32`, `tf32` or `bf16`.
        keyed: whether a network that trains alone uses keyed random numbers, as in a group (`merbench.engine.draws`).
    """

    build: Callable[[], Any]
    author: Author
    arrays: tuple[np.ndarray, ...]
    labels: np.ndarray
    classes: int
    recipe: Recipe
    subjects: np.ndarray | None = None
    mirrors: tuple[Mirror | None, ...] = ()
    device: str = "cpu"
    precision: str = "fp32"
    keyed: bool = False


@dataclass(frozen=True, kw_only=True)
class FoldOutcome:
    """The outcome of a fold.

    Attributes:
        name: of the fold.
        scores: `[epochs, clips evaluated, classes]` float32, the class scores after each epoch: probabilities, or the
            decision values of an estimator. An estimator has one epoch.
        predicted: `[epochs, clips evaluated]` int64 class indices.
        loss: `[epochs]` mean training loss; empty for an estimator.
        seconds: wall time; folds that trained at once share it equally.
        note: one sentence for readers of the record, with the same words in all folds that it applies to.
    """

    name: str
    scores: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray
    seconds: float
    note: str = ""
