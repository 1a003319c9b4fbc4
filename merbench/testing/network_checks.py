"""The checks of a network that the engine trains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from safetensors.torch import load, save

from merbench.engine.device import threads
from merbench.engine.grouping import why_not_batched
from merbench.engine.kept import predict_kept
from merbench.engine.loop import Group, train_group
from merbench.testing.findings import Check, require
from merbench.testing.models import ModelToys

__all__ = ["NETWORK_CHECKS"]

# Of class scores: float32 sums in another order, through the few steps of SGD that the toys take.
ROUNDING = 2e-5


@threads(1)
def batched_equals_alone(toys: ModelToys) -> str:
    """Folds that train at once give the scores of folds that train alone; or the engine knows why they cannot."""
    # With SGD a difference of rounding stays small; Adam divides a tiny gradient by its own size.
    plain = replace(toys.recipe, optimizer="sgd", lr=0.01, layer_decay=1.0, momentum=0.0)
    task = toys.task(recipe=plain)
    if why := why_not_batched(task, toys.folds[0]):
        return f"one fold at a time: {why}"
    together = train_group(Group(task, toys.folds, stacked=True))
    for fold, outcome in zip(toys.folds, together, strict=True):
        (alone,) = train_group(Group(task, [fold], stacked=False))
        most = float(np.abs(outcome.scores - alone.scores).max())
        require(most <= ROUNDING, f"the class scores of fold {fold.name} differ by {most:.2g} if folds are batched")
    return f"{len(together)} folds at once"


@threads(1)
def leaves_clips_unchanged(toys: ModelToys) -> str:
    """Forward does not write into the tensors that it is given: the same tensors may be used again."""
    group = Group(toys.task(), toys.folds[:1], stacked=False)
    for training in (True, False):
        group.network.mode(training)
        inputs = [clips.take(torch.as_tensor(toys.folds[0].train[None, :])) for clips in group.data]
        before = [one.clone() for one in inputs]
        group.network.compute(inputs, torch.ones(inputs[0].shape[:2]), lambda outputs: None)
        same = all(torch.equal(one, other) for one, other in zip(inputs, before, strict=True))
        mode = "training" if training else "evaluation"
        require(same, f"forward in {mode} mode writes into its input")
    return f"{len(toys.arrays)} feature(s)"


@threads(1)
def saves_and_loads(toys: ModelToys) -> str:
    """The trained network predicts the same after its tensors were written as safetensors, without pickle, and read."""
    task, fold = toys.task(keep_weights=True), toys.folds[0]
    (outcome,) = train_group(Group(task, [fold], stacked=False))
    content = save(dict(outcome.weights))
    # Built with another seed, so that a tensor that is not saved has another value.
    scores = predict_kept(toys.task(), replace(fold, seed=fold.seed + 1), load(content))
    require(
        np.array_equal(scores, outcome.scores[-1]),
        "the loaded network predicts something else: is a tensor that "
        "it needs neither a parameter nor a persistent buffer?",
    )
    return f"{len(outcome.weights)} tensors, {len(content) / 1e6:.1f} MB"


NETWORK_CHECKS: tuple[Check[ModelToys], ...] = (batched_equals_alone, leaves_clips_unchanged, saves_and_loads)
