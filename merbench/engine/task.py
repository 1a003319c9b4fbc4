"""The input of the engine, `Task`, and its output for each fold, `FoldOutcome`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.plugin.training import Training

__all__ = ["FoldOutcome", "Mirror", "Task"]

Mirror = Callable[[Any], Any]  # of a float32 tensor `[batch, ...]`, see `Feature.mirror`


@dataclass(frozen=True, kw_only=True)
class Task:
    """What all folds of a run share.

    Attributes:
        build: returns a new network or estimator, or a `fit`; called without arguments. It must be picklable.
        author: the plugin that `build` belongs to, for errors.
        arrays: one array `[clips, ...]` per feature, float32 or uint8, which models get as float32. A large array may
            be mapped from a file.
        labels: `[clips]` int64, class indices. The engine gives a model only the labels of the training side.
        predictor: builds the network that a fit returns before it is trained, see `FitModel.predictor`; it must be
            picklable. None if it cannot be built, and for other models.
        training_loss: target of the network's own loss, see `TorchModel.training_loss`; or empty.
        loss_options: keyword arguments of this loss.
        pretraining: other datasets for a fit, see `Training.pretraining`.
        subjects: `[clips]` int64, a number for each subject, for fits; None if nobody needs
            them.
        classes: number of classes.
        recipe: the training settings, resolved. Only networks use them.
        mirrors: one function per feature, as described in `Feature.mirror`; None for a feature without a mirror.
        device: `cpu`, `cuda` or `mps`.
        precision: `fp32`, `tf32` or `bf16`.
        compiled: whether networks are compiled by `torch.compile`.
        keep_weights: whether the outcome of a fold has its network's weights.
        jobs: processes or threads that train on the CPU, at most; None for one per core.
    """

    build: Callable[[], Any]
    author: Author
    arrays: tuple[np.ndarray, ...]
    labels: np.ndarray
    classes: int
    recipe: Recipe
    predictor: Callable[[], Any] | None = None
    training_loss: str = ""
    loss_options: Mapping[str, Any] = field(default_factory=dict)
    pretraining: tuple[Training, ...] = ()
    subjects: np.ndarray | None = None
    mirrors: tuple[Mirror | None, ...] = ()
    device: str = "cpu"
    precision: str = "fp32"
    compiled: bool = False
    keep_weights: bool = False
    jobs: int | None = None


@dataclass(frozen=True, kw_only=True)
class FoldOutcome:
    """The outcome of a fold.

    Attributes:
        name: of the fold.
        scores: `[epochs, clips evaluated, classes]` float32, the class scores after each epoch: probabilities, or the
            decision values of an estimator. An estimator has one epoch, and so has a fit that reports none.
        predicted: `[epochs, clips evaluated]` int64 class indices.
        loss: `[epochs]` mean training loss; empty for an estimator, and for a fit that reports no epochs.
        seconds: wall time; folds that trained at once share it equally.
        note: one sentence for readers of the record, with the same words in all folds that it applies to.
        weights: all tensors that the trained network predicts with (torch, on the CPU), see `Group.weights` and
            `kept_of`; empty unless they were asked for.
        machine: describes the machine that computed the fold, if an executor chose it; else empty.
    """

    name: str
    scores: np.ndarray
    predicted: np.ndarray
    loss: np.ndarray
    seconds: float
    note: str = ""
    weights: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
