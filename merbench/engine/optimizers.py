"""Makes the optimiser of a recipe: its parameter groups and its learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

from merbench.errors import PluginError
from merbench.plugin.calls import Author, calling
from merbench.plugin.specs import Recipe

__all__ = ["Rates", "Schedule", "make_optimizer", "rate"]

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


class Schedule(Protocol):
    """Changes the learning rate of an optimiser."""

    def step(self) -> None:
        """Go on to the rate of the next step."""


class Rates:
    """A schedule whose rates of all steps are on the device, where the optimiser reads the present ones as well.

    Recorded steps (`merbench.engine.recorded`) take them from there; a number would be recorded with the step.

    Args:
        optimizer: its groups' rates become float32 scalars on `device`.
        factor: factor of each group's rate by step (from 0).
        steps: number of steps.
        device: the device of the parameters.
    """

    def __init__(
        self, optimizer: torch.optim.Optimizer, factor: Callable[[int], float], steps: int, device: str
    ) -> None:
        full = [group["lr"] for group in optimizer.param_groups]
        table = [[rate * factor(step) for rate in full] for step in range(steps)]
        self.table = torch.tensor(table, dtype=torch.float32, device=device)
        self.present, self.taken = self.table[0].clone(), 0
        for group, rate in zip(optimizer.param_groups, self.present, strict=True):
            group["lr"] = rate

    def step(self) -> None:
        """Go on to the next step; the last rates stay."""
        self.taken = min(self.taken + 1, len(self.table) - 1)
        self.present.copy_(self.table[self.taken])


def make_optimizer(
    recipe: Recipe,
    network: nn.Module,
    tensors: Iterable[tuple[str, Tensor]],
    steps_per_epoch: int,
    device: str,
    author: Author,
) -> tuple[torch.optim.Optimizer, Schedule | None]:
    """Make the optimiser, and the schedule to advance after every step (None if the learning rate is constant).

    Args:
        recipe: the training settings.
        network: a network that gives the names, shapes and layers of the parameters.
        tensors: the tensors to train, by parameter name; with many folds each tensor has an additional first axis.
        steps_per_epoch: optimiser steps in an epoch.
        device: the device of the tensors.
        author: the plugin of the network, for errors.

    Raises:
        PluginError: no parameter can be trained, or the recipe has a layer decay and the network has no `layer_of`.
    """
    groups = _groups(recipe, network, tensors, author)
    settings: dict[str, object] = {"lr": recipe.lr, "fused": device in ("cpu", "cuda")}
    # Fused: one kernel for all parameters. Its arithmetic is elementwise, so stacked folds get the same updates.
    if recipe.optimizer == "sgd":
        settings["momentum"] = recipe.momentum
    elif device == "cuda":
        settings["capturable"] = True  # its steps can be recorded
    optimizer = OPTIMIZERS[recipe.optimizer](groups, **settings)
    if recipe.schedule == "one-cycle":
        peaks = [group["lr"] for group in optimizer.param_groups]
        return optimizer, OneCycleLR(optimizer, max_lr=peaks, total_steps=recipe.epochs * steps_per_epoch)
    if recipe.schedule == "constant" and not recipe.warmup_epochs:
        return optimizer, None
    if device == "cuda":
        return optimizer, Rates(optimizer, rate(recipe, steps_per_epoch), recipe.epochs * steps_per_epoch, device)
    return optimizer, LambdaLR(optimizer, rate(recipe, steps_per_epoch))


def rate(recipe: Recipe, steps_per_epoch: int) -> Callable[[int], float]:
    """Return the factor of the learning rate by step (from 0), for all schedules except `one-cycle`."""
    warmup, total = recipe.warmup_epochs * steps_per_epoch, recipe.epochs * steps_per_epoch

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        if recipe.schedule == "cosine":
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1)))
        if recipe.schedule == "step":
            epoch = (step - warmup) // steps_per_epoch
            return float(recipe.decay ** (min(epoch, recipe.decay_epochs or epoch) // recipe.decay_every))
        return 1.0

    return factor


def _groups(
    recipe: Recipe, network: nn.Module, tensors: Iterable[tuple[str, Tensor]], author: Author
) -> list[dict[str, object]]:
    """Group the parameters by learning rate and weight decay."""
    shapes = {name: parameter.ndim for name, parameter in network.named_parameters()}
    layers = _layers(network, list(shapes), author) if recipe.layer_decay < 1 else {}
    top = max(layers.values(), default=0)
    groups: dict[tuple[float, float], list[Tensor]] = {}
    trained = [(name, tensor) for name, tensor in tensors if tensor.requires_grad]
    if not trained:
        raise PluginError(f"{author}: the network has no parameter that can be trained")
    for name, tensor in trained:
        lr = recipe.lr * recipe.layer_decay ** (top - layers[name]) if layers else recipe.lr
        decays = recipe.decay_vectors or shapes[name] >= 2
        groups.setdefault((lr, recipe.weight_decay if decays else 0.0), []).append(tensor)
    return [{"params": own, "lr": lr, "weight_decay": decay} for (lr, decay), own in groups.items()]


def _layers(network: nn.Module, names: list[str], author: Author) -> dict[str, int]:
    layer_of = getattr(network, "layer_of", None)
    if layer_of is None:
        raise PluginError(
            f"{author}: the recipe has a layer decay, but the network has no method layer_of(parameter_name); "
            "--set layer_decay=1"
        )
    with calling(author, "layer_of", "give the number of a parameter's layer"):
        return {name: int(layer_of(name)) for name in names}
