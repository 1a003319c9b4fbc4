"""Tries a network before training: on a few training clips, in training and in evaluation mode."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from merbench.engine.batches import epoch_batches
from merbench.engine.loop import Group
from merbench.engine.memory import if_full
from merbench.engine.task import Task
from merbench.plugin.calls import wrong
from merbench.protocols import Fold

__all__ = ["CLIPS", "try_network"]

CLIPS = 8  # of the first batch, used for the trial
# In a sum of probabilities: the relative error is 2**-24 in float32 and 2**-8 in bfloat16.
ROUNDING = 2**-7


def try_network(task: Task, fold: Fold) -> str:
    """Try the network, and return a note on its outputs in one sentence; empty if there is nothing to say.

    Raises:
        PluginError: the network fails on its features, cannot be trained, or gives no logits in one of the modes.
        OptionError: the network cannot be built with its options.
        TrainingError: memory runs out.
    """
    group = Group(replace(task, device="cpu"), [fold], stacked=False)
    positions = torch.as_tensor(epoch_batches(task, [fold], 0)[0][0][:, :CLIPS])
    with if_full("cpu", task.recipe.batch_size):
        group.network.mode(True)
        logits = _finite(group, positions)
        if not logits.requires_grad:
            gives = "logits that depend on no trained parameter (computed without gradient, or detached)"
            raise _wrong(group, gives, "return logits that carry a gradient")
        group.backward(logits.sum())
        if group.own_loss:
            group.backward(_finite_loss(group, positions))
        group.network.mode(False)
        with torch.no_grad():
            evaluated = _finite(group, positions)
            _finite(group, positions[:, :1])  # a test subject may have a single clip
    return _looks_like_probabilities(torch.cat([logits.detach(), evaluated], 1))


def _finite(group: Group, positions: Tensor) -> Tensor:
    logits = group.logits(positions)
    if not logits.softmax(-1).isfinite().all():
        bad = logits[~logits.softmax(-1).isfinite()].flatten()[0]
        raise _wrong(group, f"logits that are not finite ({bad}) before any training", "give finite logits")
    return logits


def _finite_loss(group: Group, positions: Tensor) -> Tensor:
    loss = group.losses(positions, torch.ones(positions.shape)).sum()
    if not loss.isfinite():
        gives = f"a loss that is not finite ({loss.item()}) before any training"
        raise wrong(group.task.author, "training_loss", gives, "give a finite loss", group.own_loss)
    return loss


def _wrong(group: Group, gives: str, wanted: str) -> Exception:
    network = group.network.module
    mode = "training" if network.training else "evaluation"
    return wrong(group.task.author, f"forward in {mode} mode", gives, wanted, type(network).forward)


def _looks_like_probabilities(logits: Tensor) -> str:
    sums = logits.sum(-1)
    if logits.shape[-1] > 1 and (logits >= 0).all() and ((sums - 1).abs() < ROUNDING).all():
        return (
            "the network's outputs look like probabilities (none is negative, and those of a clip sum to 1); it should "
            "return logits, because merbench applies the softmax itself"
        )
    return ""
