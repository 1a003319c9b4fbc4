"""Can the folds of a network be batched, and if so how many at once.

On a CPU both follow from the run, not from the machine: folds that share a group get other sums in the last digit than
each alone, and a training carries that into its predictions. Only a lack of memory makes groups smaller, and the run
says so.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from merbench.engine.batches import epoch_batches, padded, steps_per_epoch
from merbench.engine.clips import resident_bytes
from merbench.engine.device import CPU_CEILING, memory_budget
from merbench.engine.generators import drawn_so_far
from merbench.engine.loop import ELSEWHERE, Group
from merbench.engine.memory import if_full
from merbench.engine.networks import batch_norm, build_network
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldTask, Task
from merbench.errors import PluginError, one_line

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

# On a CPU more folds at once stop paying once the matrix products are large; few folds keep what a kill can cost small.
CPU_FOLDS = 4
COPIES = 4  # of every parameter that is trained: itself, its gradient, and two moments of Adam
# What torch warns of where `vmap` knows no better than a loop.
NO_RULE = r"There is a performance drop because we have not yet implemented the batching rule for aten::(\w+)"
CONVOLVED = 0.1  # the share of convolutions from which one fold at a time is sooner, see `why_sooner_alone`
# Of the largest logit: float32 sums in another order differ by a hundredth of it, a clip that has a say in another's
# logits, or a constant that belongs to another fold, by far more.
SAME = 1e-3
COMPANY = "its logits change with the company: of other clips in the batch, or of other folds"


@dataclass(frozen=True)
class Footprint:
    """What one fold costs in training: parameters that are trained (count), and bytes of device memory."""

    parameters: int
    fold_bytes: int


def why_not_batched(task: Task, fold: FoldTask) -> str:
    """Empty where many folds can train at once; else the reason in a few words, found by trying with one fold's data.

    Tried in training, backward too, and in evaluation mode: it must run under `vmap`, which refuses randomness and
    data-dependent control flow, and two networks at once must give what each gives alone, although one of them has a
    padded batch.
    """
    if norm := batch_norm(build_network(task, fold.seed)):
        return f"{norm} is a batch norm: its statistics belong to one network"
    before = drawn_so_far()
    try:
        with warnings.catch_warnings():
            # On another device the operation may be another.
            warnings.filterwarnings("error" if task.device == "cpu" else "ignore", NO_RULE)
            why = "" if _same_together(replace(task, device="cpu", precision="fp32"), fold) else COMPANY
    except Exception as error:  # whatever a stranger's network raises under vmap is the answer
        why = _refusal(error)
    return why if drawn_so_far() == before else f"it draws {ELSEWHERE}"


def _refusal(error: Exception) -> str:
    if isinstance(error, PluginError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if "randomness" in str(error):
        return "it draws otherwise than by functional.dropout or torch.rand: what would depend on other folds"
    if unruled := re.match(NO_RULE, str(error)):
        return f"on a CPU {unruled[1]} of many folds at once runs fold by fold"
    return f"{type(error).__name__}: {one_line(error)[:200]}"


def why_sooner_alone(task: Task, folds: Sequence[FoldTask]) -> str:
    """Why folds that could be batched are done sooner one at a time, in a few words; empty where they are not.

    A convolution with other weights for each fold is one in groups, which torch computes slowly on a CPU: four folds of
    OFF-ApexNet, a third of whose arithmetic are convolutions, take at once twice the processor time that they take in
    turn; a vision transformer, of which they are a fiftieth, loses nothing (`tox -e bench -- folds`).
    """
    if task.device != "cpu":
        return ""
    share = _convolved(task, folds[0])
    told = f"convolutions are {share:.0%} of its arithmetic, and on a CPU those of many folds at once take longer"
    return told if share > CONVOLVED else ""


def _convolved(task: Task, fold: FoldTask) -> float:
    """The share of convolutions in what a forward pass computes."""
    group = Group(task, [fold], stacked=False)
    group.network.mode(False)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        group.logits(torch.as_tensor(fold.train[None, :1]))
    counts: dict[object, int] = counter.get_flop_counts()["Global"]
    return sum(flops for name, flops in counts.items() if "convolution" in str(name)) / max(sum(counts.values()), 1)


def _same_together(task: Task, fold: FoldTask) -> bool:
    """Whether two networks of different seeds give the logits at once that each gives alone."""
    other = derive_seed(fold=fold.seed, purpose="trial")
    folds = [replace(fold, train=fold.train[:3]), replace(fold, train=fold.train[:2], seed=other)]
    positions = torch.as_tensor(padded([one.train for one in folds])[0])
    pair = Group(task, folds, stacked=True)
    together = [_logits(pair, positions, training) for training in (True, False)]
    for index, one in enumerate(folds):
        alone = Group(replace(task, keyed=True), [one], stacked=False)
        for training, logits in zip((True, False), together, strict=True):
            apart = _logits(alone, positions[index : index + 1, : len(one.train)], training)[0]
            difference = (logits[index, : len(one.train)] - apart).abs().max()
            if not difference <= SAME * apart.abs().max():
                return False
    return True


def _logits(group: Group, positions: Tensor, training: bool) -> Tensor:
    group.network.mode(training)
    logits = group.logits(positions)
    if training:
        group.backward(logits.sum())
    return logits.detach()


def footprint(task: Task, fold: FoldTask) -> Footprint:
    """Measures one fold: its parameters, and the tensors that a forward pass on a full batch keeps for the backward."""
    group = Group(replace(task, device="cpu"), [fold], stacked=False)
    tensors = [tensor for _, tensor in group.network.named_parameters()]
    frozen, trained = (sum(one.numel() for one in tensors if one.requires_grad is kind) for kind in (False, True))
    positions = torch.as_tensor(epoch_batches(task, [fold], 0)[0][0])
    clips = positions.shape[1]
    many, few = min(8, clips), min(4, clips)
    at_many, at_few = (_kept_bytes(group, positions[:, :number]) for number in (many, few))
    # What does not grow with the batch (copies of weights in another order) must not be counted once per clip.
    activations = at_many + (clips - many) * (at_many - at_few) / max(many - few, 1)
    # Gradients of activations live beside them for a while: twice.
    return Footprint(trained, int((frozen + trained * COPIES) * 4 + 2 * activations))


def _kept_bytes(group: Group, positions: Tensor) -> int:
    """Bytes that a forward pass keeps for the backward, parameters aside."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor), if_full(group.task.device, group.task.recipe.batch_size):
        group.logits(positions)
    weights = {tensor.untyped_storage().data_ptr() for _, tensor in group.network.named_parameters()}
    return sum(size for pointer, size in kept.items() if pointer not in weights)


def groups(task: Task, folds: Sequence[FoldTask], at_once: int) -> list[list[FoldTask]]:
    """Folds in groups of at most `at_once`, all of a group with the same number of steps per epoch."""
    by_steps: dict[int, list[FoldTask]] = {}
    for fold in folds:
        by_steps.setdefault(steps_per_epoch(fold, task.recipe.batch_size), []).append(fold)
    return [same[start : start + at_once] for same in by_steps.values() for start in range(0, len(same), at_once)]


def folds_at_once(task: Task, cost: Footprint, folds: int) -> int:
    """How many of `folds` folds to train at once on the task's device, at least one."""
    free = memory_budget(task.device) - resident_bytes(task.arrays, task.device)
    return _fitting(free, cost, min(CPU_FOLDS, folds) if task.device == "cpu" else folds)


def why_fewer(task: Task, cost: Footprint, folds: int, at_once: int) -> str:
    """Why a CPU with more free memory would train more folds at once, in a few words; empty if it would not."""
    wanted = _fitting(CPU_CEILING, cost, min(CPU_FOLDS, folds))
    if task.device != "cpu" or at_once >= wanted:
        return ""
    return f"too little memory is free for {wanted}, so figures may differ from those elsewhere"


def most_threads(task: Task, fold_bytes: int, folds: int) -> int:
    """How many threads of a CPU so many folds may train on together.

    A library with more threads than there are folds shares the product of one fold out among several, which rounds
    otherwise: small networks would give other figures on a machine of eight cores than on one of four. Large ones, of
    which a whole group does not fit, get every core all the same.
    """
    small = task.device == "cpu" and fold_bytes * CPU_FOLDS <= CPU_CEILING
    return folds if small else sys.maxsize


def _fitting(free: int, cost: Footprint, most: int) -> int:
    return max(1, min(free // max(cost.fold_bytes, 1), most))
