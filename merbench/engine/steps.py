"""What the training steps of an epoch need, brought to the device with a few copies for the whole epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from merbench.engine.augment import draw_augmentation
from merbench.engine.batches import epoch_batches
from merbench.engine.draws import draw_keys
from merbench.engine.losses import draw_mixing
from merbench.engine.task import Task
from merbench.protocols import Fold

__all__ = ["Batch", "epoch_steps", "sent"]


class Batch(NamedTuple):
    """The clips of one training step of a group, on the device of the group.

    Attributes:
        positions: `[folds, batch]` int64, positions in the clip table.
        weights: `[folds, batch]` float32, 0 for padding.
        keys: `[folds]` int64, from `draw_keys`.
        drawn: `[folds, clips, 4]` float32, from `draw_augmentation`; None without augmentation.
        share: `[folds]` float32, see `Mixing`; None without mixup.
        partner: `[folds, batch]` int64, see `Mixing`; None without mixup.
    """

    positions: Tensor
    weights: Tensor
    keys: Tensor
    drawn: Tensor | None = None
    share: Tensor | None = None
    partner: Tensor | None = None


def epoch_steps(task: Task, folds: Sequence[Fold], epoch: int) -> list[Batch]:
    """The batches of all steps of `epoch` (from 0) on the task's device; the folds have the same number of steps."""
    batches = epoch_batches(task, folds, epoch)
    mixings = [
        draw_mixing(task.recipe, folds, weights, epoch, step) if task.recipe.mixup else None
        for step, (_, weights) in enumerate(batches)
    ]
    drawn = draw_augmentation(task, folds, epoch)
    shared = None if drawn is None else sent([drawn], task.device)[0]
    steps = [
        Batch(
            torch.from_numpy(positions),
            torch.from_numpy(weights),
            draw_keys(folds, epoch, step),
            None,
            mixing.share if mixing else None,
            mixing.partner if mixing else None,
        )
        for step, ((positions, weights), mixing) in enumerate(zip(batches, mixings, strict=True))
    ]
    return [one._replace(drawn=shared) for one in _on_device(steps, task.device)]


def _on_device(steps: Sequence[Batch], device: str) -> list[Batch]:
    """Bring all whole numbers, and then all others, with one copy each."""
    there: dict[int, Tensor] = {}
    for dtype in (torch.int64, torch.float32):
        here = [one for step in steps for one in step if one is not None and one.dtype == dtype]
        there |= zip(map(id, here), sent(here, device), strict=True)
    return [Batch._make(one if one is None else there[id(one)] for one in step) for step in steps]


def sent(tensors: Sequence[Tensor], device: str) -> list[Tensor]:
    """Tensors of one dtype on `device`, brought there with one copy, during which the host does not wait."""
    flat = torch.cat([one.flatten() for one in tensors])
    there = flat.pin_memory().to(device, non_blocking=True) if device == "cuda" else flat.to(device)
    parts = torch.split(there, [one.numel() for one in tensors])
    return [part.view(one.shape) for part, one in zip(parts, tensors, strict=True)]
