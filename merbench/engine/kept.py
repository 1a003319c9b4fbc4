"""Predicts with the weights that a finished fold left, without training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from merbench.engine.generators import seeded
from merbench.engine.loop import Group
from merbench.engine.networks import build_network, tensors_of
from merbench.engine.predictors import check_tensors, untrained_predictor
from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.errors import ReleaseError
from merbench.protocols import Fold

__all__ = ["predict_kept", "untrained"]


def untrained(task: Task) -> dict[str, Tensor]:
    """The tensors of a network before training: as many, and as large, as a fold keeps of it."""
    network = untrained_predictor(task) if task.predictor else build_network(task, 0)
    return {f"network.{name}": tensor.detach() for name, tensor in tensors_of(network).items()}


def predict_kept(task: Task, fold: Fold, weights: Mapping[str, Tensor]) -> np.ndarray:
    """Predict the test side of a fold with kept weights: class probabilities `[clips, classes]` float32.

    Args:
        task: what to predict; labels are not used.
        fold: its test side is predicted, and its seed decides what a network draws meanwhile.
        weights: from `Group.weights`.

    Raises:
        ReleaseError: the weights do not fit the network, or give scores that are not finite.
        PluginError: the network fails, or gives anything but logits.
    """
    group = Group(replace(task, recipe=replace(task.recipe, standardize=False)), [fold], stacked=False)
    wanted = {f"network.{name}": tensor for name, tensor in group.network.tensors(0).items()}
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    check_tensors(weights, shapes | (_moments(task) if task.recipe.standardize else {}))
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(weights[name])
    if task.recipe.standardize:
        group.moments = [
            (weights[f"mean.{number}"][None], weights[f"deviation.{number}"][None])
            for number in range(len(task.arrays))
        ]
    with seeded(derive_seed(fold=fold.seed, purpose="training")):
        (scores,) = group.predict()
    if not np.isfinite(scores).all():
        raise ReleaseError("they give class scores that are not finite")
    return scores


def _moments(task: Task) -> dict[str, tuple[int, ...]]:
    """The shapes of the moments that `ClipTensor.moments` gives for one fold."""
    shapes = {number: (1, array.shape[1], *(1 for _ in array.shape[2:])) for number, array in enumerate(task.arrays)}
    return {f"{part}.{number}": shape for part in ("mean", "deviation") for number, shape in shapes.items()}
