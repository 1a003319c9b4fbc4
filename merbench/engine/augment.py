"""What training shows in place of a clip: mirrored, turned, moved; drawn for every clip in every epoch."""

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

FLIP, TURN, DOWN, RIGHT = range(4)  # what a clip's four numbers decide


def draw_augmentation(task: Task, folds: Sequence[Fold], epoch: int) -> Tensor | None:
    """Four numbers in [0, 1) for every clip in an epoch (from 0), `[folds, clips, 4]`; None where nothing is changed.

    A clip's numbers depend on the fold, the epoch and the clip: not on the batch it is in, or on folds beside it.
    """
    recipe = task.recipe
    if not (recipe.flip or recipe.rotation or recipe.crop_padding):
        return None
    seeds = [derive_seed(fold=fold.seed, purpose="augmentation", epoch=epoch) for fold in folds]
    drawn = [np.random.default_rng(seed).random((len(task.labels), 4), np.float32) for seed in seeds]
    return torch.as_tensor(np.stack(drawn), device=task.device)


def augment(clips: Tensor, drawn: Tensor, recipe: Recipe, mirror: Mirror | None) -> Tensor:
    """Clips as training shows them; all images of a clip are changed alike.

    Args:
        clips: `[folds, batch, ..., height, width]` float32; it may be written to.
        drawn: `[folds, batch, 4]`, each clip's numbers.
        recipe: its `flip`, `rotation` and `crop_padding`.
        mirror: how the feature is mirrored; needed where `flip` is above 0.
    """
    flat, numbers = clips.flatten(0, 1), drawn.flatten(0, 1)
    if recipe.flip:
        assert mirror is not None  # else the recipe was refused
        chosen = numbers[:, FLIP] < recipe.flip
        flat[chosen] = mirror(flat[chosen])
    images = flat.reshape(len(flat), -1, *flat.shape[-2:]) if recipe.rotation or recipe.crop_padding else flat
    if recipe.rotation:
        images = turned(images, math.radians(recipe.rotation) * (2 * numbers[:, TURN] - 1))
    if recipe.crop_padding:
        offsets = (numbers[:, [DOWN, RIGHT]] * (2 * recipe.crop_padding + 1)).long()
        images = moved(images, offsets, recipe.crop_padding)
    return images.reshape(clips.shape)


def turned(images: Tensor, angles: Tensor) -> Tensor:
    """Images `[n, channels, height, width]` turned about their middles by `angles` `[n]` (radians, anticlockwise as
    they are seen), read bilinearly, zero outside."""
    height, width = images.shape[-2:]
    cos, sin, none = angles.cos(), angles.sin(), torch.zeros_like(angles)
    # Where a pixel of the result comes from; affine_grid counts both axes from -1 to 1, whatever their lengths.
    rows = [torch.stack([cos, -sin * height / width, none], 1), torch.stack([sin * width / height, cos, none], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def moved(images: Tensor, offsets: Tensor, padding: int) -> Tensor:
    """Images `[n, channels, height, width]`, padded with zeros by `padding` and cut to their size from `offsets`
    `[n, 2]` int64 (rows and columns of the padded image)."""
    height, width = images.shape[-2:]
    padded = functional.pad(images, (padding,) * 4)
    rows = offsets[:, :1] + torch.arange(height, device=images.device)
    columns = offsets[:, 1:] + torch.arange(width, device=images.device)
    index = torch.arange(len(images), device=images.device)[:, None, None]
    # Channels last while indexing: one index for all of them.
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
