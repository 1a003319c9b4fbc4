"""What the engine is given, and what it gives back."""

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
        build: returns a new network or estimator; called without arguments. It must survive pickling.
        author: whose code that is.
        arrays: one array `[clips, ...]` per feature, float32, or uint8 of which a model is handed float32; a large one
            may be mapped from a file.
        labels: `[clips]` int64, class indices. The engine hands a model those of the training side alone.
        classes: number of classes.
        recipe: the training settings, resolved. An estimator's has none that matter here.
        mirrors: one per feature, as `Feature.mirror` describes it; None where there is none.
        device: `cpu`, `cuda` or `mps`.
        precision: `fp32`, `tf32` or `bf16`.
        keyed: whether a network that is called alone draws as it would beside others (`merbench.engine.draws`).
    """

    build: Callable[[], Any]
    author: Author
    arrays: tuple[np.ndarray, ...]
    labels: np.ndarray
    classes: int
    recipe: Recipe
    mirrors: tuple[Mirror | None, ...] = ()
    device: str = "cpu"
    precision: str = "fp32"
    keyed: bool = False


@dataclass(frozen=True, kw_only=True)
class FoldOutcome:
    """What came of a fold.

    Attributes:
        name: the fold's.
        scores: `[epochs, clips evaluated, classes]` float32, per epoch and clip the class scores: probabilities, or an
            estimator's decision values. An estimator has one epoch.
        predicted: `[epochs, clips evaluated]` int64 class indices.
        loss: `[epochs]` mean training loss; empty for an estimator.
        seconds: wall time; folds that trained at once share it equally.
        note: what a reader of the record should know; the same words for all folds of which it is true.
    """

    name: str
    scores: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray
    seconds: float
    note: str = ""
