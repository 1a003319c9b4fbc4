"""The training loop: trains one group of folds, and predicts the evaluated side after every epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from merbench.engine.augment import augment, draw_augmentation
from merbench.engine.batches import epoch_batches, padded, steps_per_epoch
from merbench.engine.clips import ClipTensor
from merbench.engine.device import autocast
from merbench.engine.generators import drawn_so_far, seeded
from merbench.engine.losses import Mixing, class_weights, draw_mixing, step_losses
from merbench.engine.networks import OneNetwork, StackedNetworks
from merbench.engine.optimizers import make_optimizer
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import PluginError, TrainingError
from merbench.plugin.calls import calling, kind, wrong
from merbench.protocols import Fold

__all__ = ["ELSEWHERE", "Group", "train_group"]

ELSEWHERE = "from Python's or NumPy's generator, which all folds that train at once share"
KEYED = "draw with torch.rand or dropout"


class Group:
    """Folds that train at once: their networks, their data on the device, and their optimiser.

    All folds need the same number of steps per epoch. If `stacked`, the networks of any number of folds are batched;
    otherwise a single network is called directly.
    """

    def __init__(self, task: Task, folds: Sequence[Fold], *, stacked: bool) -> None:
        self.task, self.folds, self.stacked = task, folds, stacked
        self.network = (StackedNetworks if stacked else OneNetwork)(task, folds)
        self.data = [ClipTensor(array, task.device) for array in task.arrays]
        self.labels = torch.as_tensor(task.labels, device=task.device)
        self.moments = [clips.moments(folds) for clips in self.data] if task.recipe.standardize else None
        self.class_weights = class_weights(task, folds)
        self.rows = torch.arange(len(folds), device=task.device)[:, None]
        steps, named = steps_per_epoch(folds[0], task.recipe.batch_size), self.network.named_parameters()
        self.optimizer, self.schedule = make_optimizer(
            task.recipe, self.network.module, named, steps, task.device, task.author
        )
        shapes = " and ".join(str(list(array.shape[1:])) for array in task.arrays)
        self.wanted = f"give logits [clips, {task.classes}] for clips of shape {shapes}"

    def logits(self, positions: Tensor, drawn: Tensor | None = None, mixing: Mixing | None = None) -> Tensor:
        """Compute float32 logits `[folds, batch, classes]` of the clips at `positions` `[folds, batch]`.

        In training, clips may be augmented with the numbers `drawn` `[folds, clips, 4]`, and mixed. The network gets
        copies of the clips, which it may overwrite.

        Raises:
            PluginError: the network fails, or gives anything but logits.
        """
        inputs = [clips.take(positions) for clips in self.data]
        if drawn is not None:
            numbers = drawn[self.rows, positions]
            inputs = [
                augment(x, numbers, self.task.recipe, mirror)
                for x, mirror in zip(inputs, self.task.mirrors, strict=True)
            ]
        if self.moments is not None:
            inputs = [(x - mean) / deviation for x, (mean, deviation) in zip(inputs, self.moments, strict=True)]
        if mixing is not None:
            inputs = [mixing.mixed(x) for x in inputs]
        forward = f"forward in {'training' if self.network.module.training else 'evaluation'} mode"
        with calling(self.task.author, forward, self.wanted), autocast(self.task.precision, self.task.device):
            logits = self.network.logits(inputs)
        if isinstance(logits, Tensor) and logits.shape == (*positions.shape, self.task.classes):
            return logits.float()
        tensor = isinstance(logits, Tensor)
        gives = f"{list(logits.shape[1:])} for {positions.shape[1]} clips" if tensor else kind(logits)
        raise wrong(self.task.author, forward, gives, self.wanted, type(self.network.module).forward)

    def step(
        self, positions: np.ndarray, weights: np.ndarray, drawn: Tensor | None = None, mixing: Mixing | None = None
    ) -> Tensor:
        """Take one optimiser step on a batch, and return the mean loss of each fold, `[folds]`, detached."""
        index = torch.as_tensor(positions, device=self.task.device)
        weight = torch.as_tensor(weights, device=self.task.device)
        logits = self.logits(index, drawn, mixing)
        loss = step_losses(logits, self.labels[index], weight, self.class_weights, mixing, self.task.recipe)
        self.optimizer.zero_grad(set_to_none=True)
        self.backward(loss.sum())  # folds share no parameters, so each gets the gradient of its own mean loss
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        return loss.detach()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of a scalar loss.

        Raises:
            PluginError: an operation of the network has no gradient.
        """
        wanted = "compute its logits with operations that have a gradient"
        with calling(self.task.author, "the backward pass", wanted):
            torch.autograd.backward(loss)

    def epoch(self, epoch: int) -> np.ndarray:
        """Train one epoch (0-based), and return each fold's mean training loss over the steps, `[folds]`."""
        self.network.mode(True)
        drawn = draw_augmentation(self.task, self.folds, epoch)
        losses = []
        for number, (positions, weights) in enumerate(epoch_batches(self.task, self.folds, epoch)):
            self.network.begin(epoch, number)
            mixing = self._mixing(weights, epoch, number) if self.task.recipe.mixup else None
            losses.append(self.step(positions, weights, drawn, mixing))
        return torch.stack(losses).mean(0).cpu().numpy()

    def _mixing(self, weights: np.ndarray, epoch: int, step: int) -> Mixing:
        mixing = draw_mixing(self.task.recipe, self.folds, weights, epoch, step)
        return Mixing(mixing.share.to(self.task.device), mixing.partner.to(self.task.device))

    @torch.no_grad()
    def predict(self) -> list[np.ndarray]:
        """Predict class probabilities of each fold's evaluated side, `[clips, classes]` float32 each."""
        self.network.mode(False)
        positions, _ = padded([fold.test for fold in self.folds])
        size = max(self.task.recipe.batch_size, 1)
        chunks = [
            self.logits(torch.as_tensor(positions[:, start : start + size], device=self.task.device)).softmax(-1)
            for start in range(0, positions.shape[1], size)
        ]
        scores = torch.cat(chunks, 1).cpu().numpy()
        return [scores[index, : len(fold.test)] for index, fold in enumerate(self.folds)]


def train_group(group: Group, advance: Callable[[int], None] = lambda fold_epochs: None) -> list[FoldOutcome]:
    """Train all folds of a group through all epochs.

    Args:
        group: a new group.
        advance: called after every epoch with the number of folds that finished the epoch.

    Raises:
        TrainingError: a loss or a class score is not finite; the message names the fold and the epoch.
        PluginError: the network fails, or its random numbers depend on the other folds of the group.
    """
    started = time.perf_counter()
    epochs = group.task.recipe.epochs
    loss = np.zeros((epochs, len(group.folds)), np.float32)
    scores: list[list[np.ndarray]] = [[] for _ in group.folds]
    # For networks without keyed random numbers, which train alone.
    with seeded(derive_seed(fold=group.folds[0].seed, purpose="training")):
        before = drawn_so_far()
        for epoch in range(epochs):
            loss[epoch] = group.epoch(epoch)
            predicted = group.predict()
            _check_finite(loss[epoch], predicted, group, epoch)
            for kept, new in zip(scores, predicted, strict=True):
                kept.append(new)
            advance(len(group.folds))
        if group.stacked and drawn_so_far() != before:
            raise PluginError(f"{group.task.author}: forward draws {ELSEWHERE}, but did not when it was tried; {KEYED}")
    seconds = (time.perf_counter() - started) / len(group.folds)
    return [
        FoldOutcome(
            name=fold.name,
            scores=(stack := np.stack(scores[index])),
            predicted=stack.argmax(-1),
            loss=loss[:, index],
            seconds=seconds,
        )
        for index, fold in enumerate(group.folds)
    ]


def _check_finite(loss: np.ndarray, scores: list[np.ndarray], group: Group, epoch: int) -> None:
    """Check scores as well as losses: a loss is computed before its step, so it does not show harm by the last step."""
    for fold, value, predicted in zip(group.folds, loss, scores, strict=True):
        if np.isfinite(value) and np.isfinite(predicted).all():
            continue
        what = (
            f"the class scores of fold {fold.name} are not finite after"
            if np.isfinite(value)
            else (f"the loss of fold {fold.name} is {value} in")
        )
        raise TrainingError(
            f"{what} epoch {epoch + 1}; finished folds are kept; try a smaller learning rate "
            f"(--set lr={group.task.recipe.lr / 10:g}) or --precision fp32"
        )
