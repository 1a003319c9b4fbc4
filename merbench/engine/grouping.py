"""Decides whether the folds of a network can be batched, and how many train at once.

On a CPU both depend on the run, not on the machine: sums in a group differ in the last digit from those of a fold
alone, and training carries the difference into the predictions. Only a lack of memory makes a group smaller, and the
run says so.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from merbench.engine.batches import epoch_batches, padded, steps_per_epoch
from merbench.engine.clips import resident_bytes
from merbench.engine.device import CPU_CEILING, memory_budget, visible_gpus
from merbench.engine.generators import drawn_so_far
from merbench.engine.loop import ELSEWHERE, Group
from merbench.engine.memory import if_full
from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.errors import PluginError, one_line
from merbench.protocols import Fold

__all__ = [
    "Footprint",
    "folds_at_once",
    "footprint",
    "groups",
    "most_threads",
    "why_fewer",
    "why_not_batched",
    "why_sooner_alone",
]

# On a CPU larger groups gain nothing once the matrix products are large, and lose more work if the run is killed.
CPU_FOLDS = 4
COPIES = 4  # of every trained parameter: the parameter, its gradient, and the two moments of Adam
# Torch's warning when `vmap` falls back to a loop.
NO_RULE = r"There is a performance drop because we have not yet implemented the batching rule for aten::(\w+)"
CONVOLVED = 0.1  # above this share of convolutions, one fold at a time is faster, see `why_sooner_alone`
# Times the largest logit. Another order of float32 sums changes logits by a hundredth of this; a clip that influences
# the logits of another clip, or a constant of another fold, changes them by far more.
SAME = 1e-3
COMPANY = "its logits depend on other clips in the batch or on other folds"
# Clips of the trial. A loss may compare clips of one class, and of few clips no two may be of one class.
TRIED, TRIED_BY_LOSS = 3, 8
PADDED = "its training loss depends on clips of weight 0, which fill up a batch"


@dataclass(frozen=True)
class Footprint:
    """The cost of training one fold: the number of trained parameters, and bytes of device memory."""

    parameters: int
    fold_bytes: int


def why_not_batched(task: Task, fold: Fold) -> str:
    """Say in a few words why folds cannot train at once; empty if they can. The network is tried on one fold's data.

    The network must run under `vmap`, forward and backward in training mode and forward in evaluation mode; `vmap`
    refuses randomness and data-dependent control flow. Two networks at once, one of them with a padded batch, must give
    the same logits as each network alone.
    """
    before = drawn_so_far()
    try:
        with warnings.catch_warnings():
            # Other devices may use another operation.
            warnings.filterwarnings("error" if task.device == "cpu" else "ignore", NO_RULE)
            why = _other_together(replace(task, device="cpu", precision="fp32"), fold)
    except Exception as error:  # any error of a plugin's network under vmap is the reason
        why = _refusal(error)
    return why if drawn_so_far() == before else f"it draws {ELSEWHERE}"


def _refusal(error: Exception) -> str:
    if isinstance(error, PluginError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if "randomness" in str(error):
        return "it draws random numbers by other means than functional.dropout or torch.rand"
    if unruled := re.match(NO_RULE, str(error)):
        return f"on a CPU {unruled[1]} of many folds at once runs fold by fold"
    return f"{type(error).__name__}: {one_line(error)[:200]}"


def why_sooner_alone(task: Task, folds: Sequence[Fold]) -> str:
    """Say in a few words why folds that could be batched finish sooner one at a time; empty if they do not.

    Convolutions with separate weights for each fold become grouped convolutions, which are slow in torch on a CPU. Four
    folds of OFF-ApexNet, where convolutions are a third of the arithmetic, take twice the processor time in a group; a
    vision transformer, where convolutions are a fiftieth, loses nothing (`tox -e bench -- folds`).
    """
    if task.device != "cpu":
        return ""
    share = _convolved(task, folds[0])
    told = f"convolutions are {share:.0%} of its arithmetic, and on a CPU they are slower for many folds at once"
    return told if share > CONVOLVED else ""


def _convolved(task: Task, fold: Fold) -> float:
    """The share of convolutions in the arithmetic of a forward pass."""
    group = Group(task, [fold], stacked=False)
    group.network.mode(False)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        group.logits(torch.as_tensor(fold.train[None, :1]))
    counts: dict[object, int] = counter.get_flop_counts()["Global"]
    return sum(flops for name, flops in counts.items() if "convolution" in str(name)) / max(sum(counts.values()), 1)


def _other_together(task: Task, fold: Fold) -> str:
    """Say why two networks with different seeds give other logits or losses together than each alone; empty if not."""
    other = derive_seed(fold=fold.seed, purpose="trial")
    most = min(TRIED_BY_LOSS if task.training_loss else TRIED, len(fold.train))
    folds = [replace(fold, train=fold.train[:most]), replace(fold, train=fold.train[: most - 1 or 1], seed=other)]
    positions, weights = map(torch.as_tensor, padded([one.train for one in folds]))
    pair = Group(task, folds, stacked=True)
    together = [_logits(pair, positions, weights, training) for training in (True, False)]
    losses = _losses(pair, positions, weights)
    for index, one in enumerate(folds):
        alone = Group(task, [one], stacked=False)
        own = positions[index : index + 1, : len(one.train)], weights[index : index + 1, : len(one.train)]
        for training, logits in zip((True, False), together, strict=True):
            apart = _logits(alone, *own, training)[0]
            if not _same(logits[index, : len(one.train)], apart):
                return COMPANY
        if not _same(losses[index], _losses(alone, *own)[0]):
            return PADDED
    return ""


def _same(found: Tensor, wanted: Tensor) -> bool:
    return bool((found - wanted).abs().max() <= SAME * wanted.abs().max())


def _losses(group: Group, positions: Tensor, weights: Tensor) -> Tensor:
    """The network's own losses; zeros for a network that has none, because the engine's loss counts no padding."""
    if group.own_loss is None:
        return torch.zeros(len(positions))
    group.network.mode(True)
    losses = group.losses(positions, weights)
    group.backward(losses.sum())
    return losses.detach()


def _logits(group: Group, positions: Tensor, weights: Tensor, training: bool) -> Tensor:
    group.network.mode(training)
    logits = group.logits(positions, weights)
    if training:
        group.backward(logits.sum())
    return logits.detach()


def footprint(task: Task, fold: Fold) -> Footprint:
    """Measure one fold: its parameters, and the tensors that a forward pass on a full batch keeps for the backward."""
    group = Group(replace(task, device="cpu"), [fold], stacked=False)
    tensors = [tensor for _, tensor in group.network.named_parameters()]
    frozen, trained = (sum(one.numel() for one in tensors if one.requires_grad is kind) for kind in (False, True))
    positions = torch.as_tensor(epoch_batches(task, [fold], 0)[0][0])
    clips = positions.shape[1]
    many, few = min(8, clips), min(4, clips)
    at_many, at_few = (_kept_bytes(group, positions[:, :number]) for number in (many, few))
    # Tensors that do not grow with the batch, such as transposed weights, must not be counted once per clip.
    activations = at_many + (clips - many) * (at_many - at_few) / max(many - few, 1)
    # Twice, because activations and their gradients exist at the same time.
    return Footprint(trained, int((frozen + trained * COPIES) * 4 + 2 * activations))


def _kept_bytes(group: Group, positions: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward, without parameters."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor), if_full(group.task.device, group.task.recipe.batch_size):
        group.logits(positions)
    weights = {tensor.untyped_storage().data_ptr() for _, tensor in group.network.named_parameters()}
    return sum(size for pointer, size in kept.items() if pointer not in weights)


def groups(task: Task, folds: Sequence[Fold], at_once: int) -> list[list[Fold]]:
    """Divide folds into groups of at most `at_once` with the same number of steps per epoch."""
    by_steps: dict[int, list[Fold]] = {}
    for fold in folds:
        by_steps.setdefault(steps_per_epoch(fold, task.recipe.batch_size), []).append(fold)
    return [same[start : start + at_once] for same in by_steps.values() for start in range(0, len(same), at_once)]


def folds_at_once(task: Task, cost: Footprint, folds: int) -> int:
    """Number of folds to train at once on the task's device, from 1 to `folds`; several GPUs share the folds."""
    free = memory_budget(task.device) - resident_bytes(task.arrays, task.device)
    if task.device == "cpu":
        return _fitting(free, cost, min(CPU_FOLDS, folds))
    return _fitting(free, cost, math.ceil(folds / max(1, len(visible_gpus()) if task.device == "cuda" else 1)))


def why_fewer(task: Task, cost: Footprint, folds: int, at_once: int) -> str:
    """Say in a few words that a CPU has too little free memory for a full group; empty if it has enough."""
    wanted = _fitting(CPU_CEILING, cost, min(CPU_FOLDS, folds))
    if task.device != "cpu" or at_once >= wanted:
        return ""
    return f"too little memory is free for {wanted}, so results may differ from those of other machines"


def most_threads(task: Task, fold_bytes: int, folds: int) -> int | None:
    """Number of CPU threads that a group of `folds` folds may use, never more than `task.jobs`; None for any number.

    With more threads than folds, a library splits the matrix product of one fold between threads, which changes the
    rounding: small networks would give other results on eight cores than on four. Networks so large that a whole group
    does not fit into memory use every core.
    """
    small = task.device == "cpu" and fold_bytes * CPU_FOLDS <= CPU_CEILING
    limits = [*([folds] if small else []), *([task.jobs] if task.jobs else [])]
    return min(limits, default=None)


def _fitting(free: int, cost: Footprint, most: int) -> int:
    return max(1, min(free // max(cost.fold_bytes, 1), most))
