"""Augmentation: training clips are flipped, rotated and shifted at random, anew in every epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from merbench.engine.seeds import derive_seed
from merbench.engine.task import Mirror, Task
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

__all__ = ["augment", "draw_augmentation"]

FLIP, TURN, DOWN, RIGHT = range(4)  # what each of a clip's four random numbers decides


def draw_augmentation(task: Task, folds: Sequence[Fold], epoch: int) -> Tensor | None:
    """Draw four numbers in [0, 1) for every clip in an epoch (from 0), `[folds, clips, 4]`; None without augmentation.

    They are on the CPU. The numbers of a clip depend on the fold, the epoch and the clip, but not on its batch or on
    the other folds.
    """
    recipe = task.recipe
    if not (recipe.flip or recipe.rotation or recipe.crop_padding):
        return None
    seeds = [derive_seed(fold=fold.seed, purpose="augmentation", epoch=epoch) for fold in folds]
    drawn = [np.random.default_rng(seed).random((len(task.labels), 4), np.float32) for seed in seeds]
    return torch.from_numpy(np.stack(drawn))


def augment(clips: Tensor, drawn: Tensor, recipe: Recipe, mirror: Mirror | None) -> Tensor:
    """Augment clips for training; all images of a clip are changed in the same way.

    Args:
        clips: `[folds, batch, ..., height, width]` float32; may be overwritten.
        drawn: `[folds, batch, 4]`, each clip's numbers.
        recipe: its `flip`, `rotation` and `crop_padding` are used.
        mirror: mirrors the feature; required if `flip` is above 0.
    """
    flat, numbers = clips.flatten(0, 1), drawn.flatten(0, 1)
    if recipe.flip:
        assert mirror is not None  # `find_mirrors` refuses such a recipe
        # All clips are mirrored, and some are used: how many is known on the device alone, and to ask makes it wait.
        chosen = (numbers[:, FLIP] < recipe.flip).view(-1, *(1 for _ in flat.shape[1:]))
        flat = torch.where(chosen, mirror(flat.clone()), flat)
    images = flat.reshape(len(flat), -1, *flat.shape[-2:]) if recipe.rotation or recipe.crop_padding else flat
    if recipe.rotation:
        images = turned(images, math.radians(recipe.rotation) * (2 * numbers[:, TURN] - 1))
    if recipe.crop_padding:
        offsets = (numbers[:, DOWN : RIGHT + 1] * (2 * recipe.crop_padding + 1)).long()
        images = moved(images, offsets, recipe.crop_padding)
    return images.reshape(clips.shape)


def turned(images: Tensor, angles: Tensor) -> Tensor:
    """Rotate images `[n, channels, height, width]` about their centres by `angles` `[n]` (radians, anticlockwise as
    seen), with bilinear interpolation and zeros outside."""
    height, width = images.shape[-2:]
    cos, sin, none = angles.cos(), angles.sin(), torch.zeros_like(angles)
    # The position that each pixel of the result is read from; affine_grid scales both axes to -1..1.
    rows = [torch.stack([cos, -sin * height / width, none], 1), torch.stack([sin * width / height, cos, none], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def moved(images: Tensor, offsets: Tensor, padding: int) -> Tensor:
    """Pad images `[n, channels, height, width]` with zeros by `padding`, and crop them to their size at `offsets`
    `[n, 2]` int64 (row and column in the padded image)."""
    height, width = images.shape[-2:]
    padded = functional.pad(images, (padding,) * 4)
    rows = offsets[:, :1] + torch.arange(height, device=images.device)
    columns = offsets[:, 1:] + torch.arange(width, device=images.device)
    index = torch.arange(len(images), device=images.device)[:, None, None]
    # Channels last, so that one index serves all of them.
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
