"""The loss of a training step: class weights, focal loss, label smoothing and mixup, as the recipe sets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

__all__ = ["Mixing", "class_weights", "clip_losses", "draw_mixing", "step_losses"]


@dataclass(frozen=True)
class Mixing:
    """How the clips of a step are mixed: `share` `[folds]` float32 of the clip, and the rest of its partner, which is
    the clip at position `partner` `[folds, batch]` int64 in the batch."""

    share: Tensor
    partner: Tensor

    def partners(self, values: Tensor) -> Tensor:
        """Return the `values` `[folds, batch, ...]` of each clip's partner."""
        folds = torch.arange(len(values), device=values.device)[:, None]
        return values[folds, self.partner]

    def mixed(self, values: Tensor) -> Tensor:
        """Mix `values` `[folds, batch, ...]` float32 with those of the partners."""
        share = self.share.view(-1, *(1 for _ in values.shape[1:]))
        return share * values + (1 - share) * self.partners(values)


def draw_mixing(recipe: Recipe, folds: Sequence[Fold], weights: np.ndarray, epoch: int, step: int) -> Mixing:
    """Draw a share and a permutation for each fold, independent of the other folds (Zhang et al., 2018, mixup).

    Args:
        recipe: its `mixup` is the value of both parameters of the beta distribution.
        folds: the folds that train at once.
        weights: `[folds, batch]`, 0 for padding. Padding is never the partner of a clip.
        epoch, step: counted from 0.
    """
    share = np.empty(len(folds), np.float32)
    partner = np.tile(np.arange(weights.shape[1]), (len(folds), 1))
    for index, fold in enumerate(folds):
        random = np.random.default_rng(derive_seed(fold=fold.seed, purpose="mixup", epoch=epoch, step=step))
        share[index] = random.beta(recipe.mixup, recipe.mixup)
        clips = int(weights[index].sum())
        partner[index, :clips] = random.permutation(clips)
    return Mixing(torch.as_tensor(share), torch.as_tensor(partner))


def class_weights(task: Task, folds: Sequence[Fold]) -> Tensor:
    """Return the weight of each class in each fold's loss, `[folds, classes]` float32.

    The weights are 1, or for `balanced` scikit-learn's clips / (classes x clips of the class) on the training side. A
    class without training clips then has weight 0.
    """
    weights = np.ones((len(folds), task.classes), np.float32)
    if task.recipe.class_weights == "balanced":
        for index, fold in enumerate(folds):
            counts = np.bincount(task.labels[fold.train], minlength=task.classes)
            weights[index] = np.where(counts > 0, len(fold.train) / (task.classes * np.maximum(counts, 1)), 0)
    return torch.as_tensor(weights, device=task.device)


def clip_losses(logits: Tensor, labels: Tensor, recipe: Recipe) -> Tensor:
    """Compute the loss of each clip, float32 in the shape of `labels`.

    The loss is cross-entropy with the recipe's label smoothing, times (1 - p)^focal, p being the probability of the
    true class (Lin et al., 2017, Focal Loss for Dense Object Detection, equation 4).

    Args:
        logits: `[..., classes]` float32.
        labels: `[...]` int64.
        recipe: its `label_smoothing` and `focal` are used.
    """
    flat, truth = logits.flatten(0, -2), labels.flatten()
    losses = functional.cross_entropy(flat, truth, reduction="none", label_smoothing=recipe.label_smoothing)
    if recipe.focal:
        p = flat.softmax(-1).gather(1, truth[:, None])[:, 0]
        # The clamp avoids an infinite gradient at p = 1 if `focal` is below 1.
        losses = losses * (1 - p).clamp_min(torch.finfo(p.dtype).smallest_normal) ** recipe.focal
    return losses.view_as(labels)


def step_losses(
    logits: Tensor, labels: Tensor, weights: Tensor, by_class: Tensor, mixing: Mixing | None, recipe: Recipe
) -> Tensor:
    """Compute the mean loss of each fold in a step, `[folds]`, weighted by class.

    Args:
        logits: `[folds, batch, classes]` float32.
        labels: `[folds, batch]` int64.
        weights: `[folds, batch]` float32, 0 for padding.
        by_class: `[folds, classes]`, from `class_weights`.
        mixing: how the clips were mixed; None without mixup.
        recipe: as for `clip_losses`.
    """
    counted = weights * by_class.gather(1, labels)
    if mixing is None:
        return (clip_losses(logits, labels, recipe) * counted).sum(1) / counted.sum(1)
    partners = mixing.partners(labels)
    share = mixing.share[:, None]
    own, other = share * counted, (1 - share) * weights * by_class.gather(1, partners)
    summed = clip_losses(logits, labels, recipe) * own + clip_losses(logits, partners, recipe) * other
    return summed.sum(1) / (own + other).sum(1)
