"""Check the specs from a plugin's hooks, and the settings of recipes; each fault is a sentence that names the spec."""

from __future__ import annotations

import dataclasses
import math
import re
import reprlib
from collections.abc import Mapping
from functools import cache
from typing import Literal, get_args, get_origin, get_type_hints

from merbench.plugin.labels import LabelScheme
from merbench.plugin.specs import (
    API,
    Dataset,
    EstimatorModel,
    Executor,
    Feature,
    FitModel,
    Model,
    ModelFamily,
    Protocol,
    Recipe,
    Source,
    TorchModel,
)

__all__ = ["KINDS", "fault", "setting_fault"]

# The specs that each hook, `merbench_<noun>`, may yield.
KINDS: dict[str, tuple[type, ...]] = {
    "sources": (Source,),
    "datasets": (Dataset,),
    "features": (Feature,),
    "models": (TorchModel, EstimatorModel, FitModel, ModelFamily),
    "protocols": (Protocol,),
    "executors": (Executor,),
}

# Names are used in `distribution:name`, `feature@variant`, `model/recipe` and in file names.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
# The module of a `--plugin` file may have a hyphen in its name.
_TARGET = re.compile(r"[\w-]+(\.\w+)*:\w+(\.\w+)*")
# Types of the values of a field of a spec or recipe, by its annotation.
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "LabelScheme": (LabelScheme,),
    "Mapping[str, Any]": (Mapping,),
    "Mapping[str, str]": (Mapping,),
}
_TARGETS = ("reader", "function", "network", "estimator", "fit", "splitter", "runner", "member", "members")
_OPTIONAL_TARGETS = ("clip_list", "mirror", "drawing", "training_loss", "with_paths", "predictor")


def fault(spec: object, noun: str) -> str:
    """The fault of `spec`, which the hook of `noun` (`sources`, `models`, ...) yielded; empty if it has no fault."""
    kinds = KINDS[noun]
    if not isinstance(spec, kinds):
        *others, last = (f"merbench.{kind.__name__}" for kind in kinds)
        wanted = f"{', '.join(others)} or {last}" if others else last
        return f"yielded {reprlib.repr(spec)}, which is not a {wanted}"
    title = f"{noun[:-1]} {getattr(spec, 'name', None)!r}"
    rules = (_api_fault, _field_fault, _people_fault, _recipe_fault)
    return next((wrong for rule in rules if (wrong := rule(spec, title))), "")


def _api_fault(spec: object, title: str) -> str:
    found = getattr(spec, "api", None)
    if found == API:
        return ""
    which = "merbench" if isinstance(found, int) and found > API else "the plugin"
    return f"{title} is written for plugin api {found}, but this merbench has api {API}; upgrade {which}"


def _field_fault(spec: object, title: str) -> str:
    for field in dataclasses.fields(spec):  # type: ignore[arg-type]  # `fault` has seen that it is a spec
        value = getattr(spec, field.name)
        if field.name == "name" and not (isinstance(value, str) and _NAME.fullmatch(value)):
            return f"{title}: a name may only contain letters, digits and . _ + -"
        optional = field.name in _OPTIONAL_TARGETS
        if (optional or field.name in _TARGETS) and not _is_target(value, optional=optional):
            return f'{title}: {field.name} must be "module:attribute", found {reprlib.repr(value)}'
        kinds = _TYPES.get(str(field.type))
        if kinds and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds)):
            return f"{title}: {field.name} must be {field.type}, found {reprlib.repr(value)}"
        if str(field.type).startswith("tuple[str") and not _is_names(value):
            return f'{title}: {field.name} must be a tuple of names such as ("name",), found {reprlib.repr(value)}'
        if field.name == "shape" and not _is_shape(value):
            return f"{title}: {field.name} must be a tuple of whole numbers above 0, found {reprlib.repr(value)}"
        if field.name == "titles" and not _is_names((*value, *value.values())):
            return f'{title}: {field.name} must map names to names such as {{"name": "Name"}}'
        if field.name == "alternatives" and not _is_sets(value):
            return f'{title}: {field.name} must be a tuple of tuples of names such as (("name", "name"),)'
    return ""


def _is_target(value: object, *, optional: bool) -> bool:
    return isinstance(value, str) and (bool(_TARGET.fullmatch(value)) or (optional and not value))


def _is_names(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(name, str) for name in value)


def _is_shape(value: object) -> bool:
    return isinstance(value, tuple) and all(type(size) is int and size > 0 for size in value)


def _is_sets(value: object) -> bool:
    return isinstance(value, tuple) and all(_is_names(names) and names for names in value)


def _people_fault(spec: object, title: str) -> str:
    """Refuse several databases that show the people of another one: all of them would show the same people."""
    if isinstance(spec, Source) and spec.same_people and len(spec.databases) > 1:
        return (
            f"{title}: same_people needs a source of one database, found {spec.databases!r}; give each its own source"
        )
    return ""


def _recipe_fault(spec: object, title: str) -> str:
    if not isinstance(spec, Model):
        return ""
    if not isinstance(spec.recipes, Mapping) or not spec.recipes:
        return f"{title}: recipes must map at least one name to a merbench.Recipe, found {reprlib.repr(spec.recipes)}"
    for name, recipe in spec.recipes.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"{title}: recipe {name!r}: a name may only contain letters, digits and . _ + -"
        if not isinstance(recipe, Recipe):
            return f"{title}: recipe {name!r} is {reprlib.repr(recipe)}, which is not a merbench.Recipe"
        where = f"{title}: recipe {name!r}"
        wrong = _api_fault(recipe, where) or _field_fault(recipe, where)
        if wrong:
            return wrong
        if recipe.pretrain and not isinstance(spec, FitModel):
            return f"{where} sets pretrain={recipe.pretrain!r}: only a merbench.FitModel can pre-train"
        if off := setting_fault(recipe, spec.training_loss) if isinstance(spec, TorchModel) else _choice(recipe):
            return f"{where} sets {off[0]}={reprlib.repr(getattr(recipe, off[0]))}: {off[1]}"
    return ""


def setting_fault(recipe: Recipe, training_loss: str = "") -> tuple[str, str] | None:
    """The first setting with an invalid value, and a sentence such as `must be above 0`; None if all are valid.

    `training_loss` is that of the model. Types are not checked. `options` and `features` belong to the model and are
    not checked either.
    """
    return _choice(recipe) or _range(recipe) or _effect(recipe, training_loss)


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


def _effect(recipe: Recipe, training_loss: str) -> tuple[str, str] | None:
    """Refuse settings without effect, because a plan would list them as if they had one."""
    for name in ("focal", "label_smoothing", "mixup"):
        if training_loss and getattr(recipe, name):
            return name, "it needs the recipe's loss; the model has its own training_loss"
    for name, without in (("decay", 1), ("decay_every", 1), ("decay_epochs", 0)):
        if recipe.schedule != "step" and getattr(recipe, name) != without:
            return name, f"it needs schedule=step; the schedule is {recipe.schedule}"
    if recipe.momentum and recipe.optimizer != "sgd":
        return "momentum", f"it needs optimizer=sgd; the optimizer is {recipe.optimizer}"
    if recipe.momentum and recipe.schedule == "one-cycle":
        return "momentum", "schedule=one-cycle sets its own momentum"
    if recipe.schedule == "one-cycle" and recipe.warmup_epochs:
        return "warmup_epochs", "schedule=one-cycle has its own warm-up"
    return None
