"""Which values the settings of a recipe may have, whoever gives them: a plugin's recipe, or `--set`."""

from __future__ import annotations

import math
from functools import cache
from typing import Literal, get_args, get_origin, get_type_hints

from merbench.plugin.specs import Recipe

__all__ = ["setting_fault"]


def setting_fault(recipe: Recipe) -> tuple[str, str] | None:
    """The first setting with a value that it cannot have, and a sentence such as `must be above 0`; None where all fit.

    The types are taken for granted. `options` and `features` belong to the model and are not looked at.
    """
    return _choice(recipe) or _range(recipe) or _effect(recipe)


@cache
def _choices() -> dict[str, tuple[str, ...]]:
    return {name: get_args(kind) for name, kind in get_type_hints(Recipe).items() if get_origin(kind) is Literal}


def _choice(recipe: Recipe) -> tuple[str, str] | None:
    for name, choices in _choices().items():
        if getattr(recipe, name) not in choices:
            return name, f"must be one of {', '.join(choices)}"
    return None


def _range(recipe: Recipe) -> tuple[str, str] | None:
    rules = {
        "lr": (0 < recipe.lr < math.inf, "above 0"),
        "batch_size": (recipe.batch_size >= 1, "at least 1"),
        "epochs": (recipe.epochs >= 1, "at least 1"),
        "weight_decay": (0 <= recipe.weight_decay < math.inf, "0 or above"),
        "momentum": (0 <= recipe.momentum < 1, "at least 0 and below 1"),
        "label_smoothing": (0 <= recipe.label_smoothing < 1, "at least 0 and below 1"),
        "layer_decay": (0 < recipe.layer_decay <= 1, "above 0 and at most 1"),
        "decay": (0 < recipe.decay <= 1, "above 0 and at most 1"),
        "decay_every": (recipe.decay_every >= 1, "at least 1"),
        "decay_epochs": (recipe.decay_epochs >= 0, "0 or above"),
        "warmup_epochs": (0 <= recipe.warmup_epochs < max(recipe.epochs, 1), "0 or above, and fewer than epochs"),
        "focal": (0 <= recipe.focal < math.inf, "0 or above"),
        "mixup": (0 <= recipe.mixup < math.inf, "0 or above"),
        "flip": (0 <= recipe.flip <= 1, "from 0 to 1"),
        "rotation": (0 <= recipe.rotation <= 180, "from 0 to 180"),
        "crop_padding": (recipe.crop_padding >= 0, "0 or above"),
    }
    return next(((name, f"must be {wanted}") for name, (holds, wanted) in rules.items() if not holds), None)


def _effect(recipe: Recipe) -> tuple[str, str] | None:
    """What would change nothing is refused: a plan holds it as if it had."""
    for name, without in (("decay", 1), ("decay_every", 1), ("decay_epochs", 0)):
        if recipe.schedule != "step" and getattr(recipe, name) != without:
            return name, f"only schedule=step decays; the schedule is {recipe.schedule}"
    if recipe.momentum and recipe.optimizer != "sgd":
        return "momentum", f"only optimizer=sgd has it; this is {recipe.optimizer}"
    if recipe.momentum and recipe.schedule == "one-cycle":
        return "momentum", "schedule=one-cycle has a momentum of its own"
    if recipe.schedule == "one-cycle" and recipe.warmup_epochs:
        return "warmup_epochs", "schedule=one-cycle has a warm-up of its own"
    return None
