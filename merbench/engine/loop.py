"""The training loop: trains one group of folds, and predicts the evaluated side after every epoch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from merbench.engine.augment import augment
from merbench.engine.batches import padded, steps_per_epoch
from merbench.engine.clips import ClipTensor
from merbench.engine.device import Fetched, autocast
from merbench.engine.generators import drawn_so_far, seeded
from merbench.engine.losses import Mixing, class_weights, step_losses
from merbench.engine.networks import OneNetwork, StackedNetworks
from merbench.engine.optimizers import make_optimizer
from merbench.engine.recorded import Recordings, own_stream, why_not_recorded
from merbench.engine.seeds import derive_seed
from merbench.engine.steps import Batch, epoch_steps
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import PluginError, TrainingError
from merbench.plugin.calls import calling, kind, wrong
from merbench.plugin.registry import load_target
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
        self.compute = self.network.compute
        if task.compiled:
            # Else torch stops compiling after a few groups, without a word: digits would depend on their order.
            torch.compiler.reset()
            self.compute = torch.compile(self.compute, dynamic=False)
        self.data = [ClipTensor(array, task.device) for array in task.arrays]
        self.labels = torch.as_tensor(task.labels, device=task.device)
        self.moments = [clips.moments(folds) for clips in self.data] if task.recipe.standardize else None
        self.class_weights = class_weights(task, folds)
        self.rows = torch.arange(len(folds), device=task.device)[:, None]
        steps, named = steps_per_epoch(folds[0], task.recipe.batch_size), self.network.named_parameters()
        self.optimizer, self.schedule = make_optimizer(
            task.recipe, self.network.module, named, steps, task.device, task.author
        )
        self.own_loss = _own_loss(task)
        resident = all(clips.resident is not None for clips in self.data)
        self.recordings = Recordings(why_not_recorded(task, resident))
        shapes = " and ".join(str(list(array.shape[1:])) for array in task.arrays)
        first = ", alone or first in a tuple," if self.own_loss else ""
        self.wanted = f"give logits [clips, {task.classes}]{first} for clips of shape {shapes}"

    def logits(
        self,
        positions: Tensor,
        weights: Tensor | None = None,
        drawn: Tensor | None = None,
        mixing: Mixing | None = None,
    ) -> Tensor:
        """Compute float32 logits `[folds, batch, classes]` of the clips at `positions` `[folds, batch]`.

        The `weights` have the same shape, and are 0 for padding; None for no padding. In training, clips may be
        augmented with the numbers `drawn` `[folds, clips, 4]`, and mixed. The network gets copies of the clips, which
        it may overwrite.

        Raises:
            PluginError: the network fails, or gives anything but logits.
        """
        inputs = self._inputs(positions, drawn, mixing)
        if weights is None:
            weights = torch.ones(positions.shape, device=positions.device)
        forward = f"forward in {'training' if self.network.module.training else 'evaluation'} mode"
        with calling(self.task.author, forward, self.wanted), autocast(self.task.precision, self.task.device):
            logits = self.compute(inputs, weights, _first if self.own_loss else _whole)
        if isinstance(logits, Tensor) and logits.shape == (*positions.shape, self.task.classes):
            return logits.float()
        tensor = isinstance(logits, Tensor)
        gives = f"{list(logits.shape[1:])} for {positions.shape[1]} clips" if tensor else kind(logits)
        raise wrong(self.task.author, forward, gives, self.wanted, type(self.network.module).forward)

    def losses(
        self, positions: Tensor, weights: Tensor, drawn: Tensor | None = None, mixing: Mixing | None = None
    ) -> Tensor:
        """Compute the loss of each fold, `[folds]`, on the clips at `positions` `[folds, batch]`, which have `weights`
        of the same shape (0 for padding). The other arguments are those of `logits`.

        Raises:
            PluginError: the network or its own loss fails, or gives anything but logits or a loss.
        """
        labels = self.labels[positions]
        if self.own_loss is None:
            logits = self.logits(positions, weights, drawn, mixing)
            return step_losses(logits, labels, weights, self.class_weights, mixing, self.task.recipe)
        inputs = self._inputs(positions, drawn, mixing)
        counted = weights * self.class_weights.gather(1, labels)
        wanted = "give one loss for the batch, a tensor without axes that carries a gradient"
        with calling(self.task.author, "training_loss", wanted), autocast(self.task.precision, self.task.device):
            own_loss = partial(self.own_loss, **self.task.loss_options)
            loss = self.compute(inputs, weights, own_loss, labels, counted)
        if isinstance(loss, Tensor) and loss.shape == (len(self.folds),) and loss.requires_grad:
            return loss.float()
        gives = kind(loss)
        if isinstance(loss, Tensor):
            gives = f"a tensor of shape {list(loss.shape[1:])}{'' if loss.requires_grad else ' without a gradient'}"
        raise wrong(self.task.author, "training_loss", gives, wanted, self.own_loss)

    def _inputs(self, positions: Tensor, drawn: Tensor | None, mixing: Mixing | None) -> list[Tensor]:
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
        return inputs

    def step(self, batch: Batch) -> Tensor:
        """Take one optimiser step on a batch, and return the mean loss of each fold, `[folds]`, detached."""
        loss = self.recordings.call(self._step, *batch)
        if self.schedule is not None:
            self.schedule.step()
        return loss

    def _step(self, *tensors: Tensor) -> Tensor:
        batch = Batch(*tensors)
        self.network.begin(batch.keys)
        mixing = None
        if batch.share is not None and batch.partner is not None:
            mixing = Mixing(batch.share, batch.partner)
        loss = self.losses(batch.positions, batch.weights, batch.drawn, mixing)
        self.optimizer.zero_grad(set_to_none=True)
        self.backward(loss.sum())  # folds share no parameters, so each gets the gradient of its own mean loss
        self.optimizer.step()
        return loss.detach()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of a scalar loss.

        Raises:
            PluginError: an operation of the network has no gradient.
        """
        wanted = "compute its logits with operations that have a gradient"
        with calling(self.task.author, "the backward pass", wanted):
            torch.autograd.backward(loss)

    def epoch(self, epoch: int) -> Tensor:
        """Train one epoch (0-based), and return each fold's mean training loss over the steps, `[folds]`, on the
        device."""
        self.network.mode(True)
        return torch.stack([self.step(batch) for batch in epoch_steps(self.task, self.folds, epoch)]).mean(0)

    def weights(self, place: int) -> dict[str, Tensor]:
        """Copies on the CPU of everything that the network of the fold at `place` predicts with: `network.NAME` for its
        parameters and buffers, and `mean.N` and `deviation.N` for feature N if the recipe standardises."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.tensors(place).items()}
        for number, (mean, deviation) in enumerate(self.moments or ()):
            tensors |= {f"mean.{number}": mean[place], f"deviation.{number}": deviation[place]}
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}

    def predict(self) -> list[np.ndarray]:
        """Predict class probabilities of each fold's evaluated side, `[clips, classes]` float32 each."""
        return self.unpadded(self.scores().cpu().numpy())

    def scores(self) -> Tensor:
        """Predict as `predict` does: `[folds, most clips, classes]` on the device, padded with clips of the fold."""
        self.network.mode(False)
        with torch.no_grad():
            return self.recordings.call(self._scores)

    def unpadded(self, scores: np.ndarray) -> list[np.ndarray]:
        """Divide scores `[folds, ..., most clips, classes]` by folds, without padding."""
        return [one[..., : len(fold.test), :] for one, fold in zip(scores, self.folds, strict=True)]

    def _scores(self) -> Tensor:
        return torch.cat([self.logits(chunk).softmax(-1) for chunk in self._evaluated], 1)

    @cached_property
    def _evaluated(self) -> list[Tensor]:
        """Positions of the evaluated side in batches `[folds, batch]`."""
        positions, _ = padded([fold.test for fold in self.folds])
        return list(torch.split(torch.as_tensor(positions, device=self.task.device), self.task.recipe.batch_size, 1))


def _own_loss(task: Task) -> Callable[..., Any] | None:
    return load_target(task.training_loss, owner=task.author.spec) if task.training_loss else None


def _whole(outputs: Any) -> Any:
    return outputs


def _first(outputs: Any) -> Any:
    """The logits of a network with its own loss, which may return more for that loss."""
    return outputs[0] if isinstance(outputs, tuple) and outputs else outputs


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
    # For networks without keyed random numbers, which train alone.
    with own_stream(group.task.device), seeded(derive_seed(fold=group.folds[0].seed, purpose="training")):
        before = drawn_so_far()
        loss, scores = _trained(group, advance)
        if group.stacked and drawn_so_far() != before:
            raise PluginError(f"{group.task.author}: forward draws {ELSEWHERE}, but did not when it was tried; {KEYED}")
        weights = [group.weights(place) if group.task.keep_weights else {} for place in range(len(group.folds))]
    seconds = (time.perf_counter() - started) / len(group.folds)
    return [
        FoldOutcome(
            name=fold.name,
            scores=scores[index],
            predicted=scores[index].argmax(-1),
            loss=loss[:, index],
            seconds=seconds,
            note=_note(group),
            weights=weights[index],
        )
        for index, fold in enumerate(group.folds)
    ]


def _trained(group: Group, advance: Callable[[int], None]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Train through all epochs; return losses `[epochs, folds]`, and each fold's scores `[epochs, clips, classes]`.

    Scores stay on the device until the end. Of each epoch only what must be finite is fetched. CUDA computes an epoch
    while the host prepares the next one, so an epoch is checked when the next one is queued.
    """
    epochs, behind = group.task.recipe.epochs, int(group.task.device == "cuda")
    scores: list[Tensor] = []
    fetched: list[Fetched] = []
    for epoch in range(epochs + behind):
        if epoch < epochs:
            loss = group.epoch(epoch)
            scores.append(group.scores())
            finite = scores[-1].isfinite().flatten(1).all(1)
            fetched.append(Fetched(torch.stack([loss, finite.float()])))
        if epoch >= behind:
            _check_finite(fetched[epoch - behind].numpy(), group, epoch - behind)
            advance(len(group.folds))
    losses = np.stack([one.numpy()[0] for one in fetched])
    return losses, group.unpadded(torch.stack(scores, 1).cpu().numpy())


def _note(group: Group) -> str:
    if not group.recordings.refused:
        return ""
    return f"the steps ran without a recording on the device (slower, same arithmetic): {group.recordings.reason}"


def _check_finite(told: np.ndarray, group: Group, epoch: int) -> None:
    """Check scores as well as losses: a loss is computed before its step, so it does not show harm by the last step.

    Args:
        told: losses, and 1 for finite scores, `[2, folds]`.
        group: the folds, in this order.
        epoch: counted from 0.
    """
    own = f", or look at {group.task.training_loss}" if group.own_loss else ""
    for fold, value, finite in zip(group.folds, *told, strict=True):
        if np.isfinite(value) and finite:
            continue
        what = (
            f"the class scores of fold {fold.name} are not finite after"
            if np.isfinite(value)
            else (f"the loss of fold {fold.name} is {value} in")
        )
        raise TrainingError(
            f"{what} epoch {epoch + 1}; finished folds are kept; try a smaller learning rate "
            f"(--set lr={group.task.recipe.lr / 10:g}) or --precision fp32{own}"
        )
