"""Applies `--set name=value` to recipe settings, model options and feature variants."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args, get_type_hints

from merbench.errors import OptionError, PluginError, UnknownName, nearest
from merbench.features.resolve import split_reference
from merbench.plugin.calls import Author, calling
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import FitModel, Model, Recipe, TorchModel
from merbench.plugin.validation import setting_fault

__all__ = ["Choice", "apply_settings", "choose_recipe", "divided", "loss_options", "model_options"]

GIVEN_TO_LOSS = 3  # arguments: outputs, labels, weights
NOT_SETTINGS = ("options", "features", "pretrain", "about", "claim", "formerly", "api")


@dataclass(frozen=True)
class Choice:
    """A model's recipe with the requested settings.

    Attributes:
        name: of the recipe.
        recipe: the recipe with the settings.
        features: references of the features that the model gets.
        target: of the network, estimator or fit.
        training_loss: of the network, as in `TorchModel`; else empty.
        predictor: of a fit, as in `FitModel`; else empty.
        author: the plugin that the target belongs to, for errors.
    """

    name: str
    recipe: Recipe
    features: tuple[str, ...]
    target: str
    author: Author
    training_loss: str = ""
    predictor: str = ""


def choose_recipe(registry: Registry, model_name: str, recipe_name: str, assignments: Sequence[str]) -> Choice:
    """Choose a recipe (empty: the model's first), and apply `name=value` assignments.

    Raises:
        UnknownName: no model or recipe has that name.
        OptionError: as in `apply_settings`.
        PluginError: as in `apply_settings`, or the model's code cannot be loaded.
    """
    model = registry.models.get(model_name)
    name = recipe_name or next(iter(model.recipes))
    if name not in model.recipes:
        raise UnknownName("recipe", name, model.recipes, f"{model.name} has: {', '.join(model.recipes)}")
    target = model.target
    own_loss = model.training_loss if isinstance(model, TorchModel) else ""
    predictor = model.predictor if isinstance(model, FitModel) else ""
    owner = f"model {model.name}"
    build = load_target(target, owner=owner)
    loss, _ = (load_target(one, owner=owner) if one else None for one in (own_loss, predictor))
    recipe, features = apply_settings(assignments, model, model.recipes[name], build, loss)
    if isinstance(model, TorchModel) and model.with_paths:
        recipe = replace(recipe, options=_with_paths(registry, model_name, model, recipe))
    author = registry.models.author(model_name, target)
    return Choice(name, recipe, features, target, author, own_loss, predictor)


def _with_paths(registry: Registry, model_name: str, model: TorchModel, recipe: Recipe) -> dict[str, Any]:
    with_paths = load_target(model.with_paths, owner=f"model {model.name}")
    author = registry.models.author(model_name, model.with_paths)
    with calling(author, model.with_paths.partition(":")[2], "give a mapping of options"):
        return dict(with_paths(recipe.options))


def model_options(build: Callable[..., Any], given: Collection[str] = ("classes",)) -> dict[str, Any]:
    """Return the keyword arguments of a network, estimator or fit, except those in `given`, with their defaults.

    An argument without a default has the value None.
    """
    parameters = inspect.signature(build).parameters.values()
    return {
        one.name: None if one.default is one.empty else one.default
        for one in parameters
        if one.name not in ("self", *given) and one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)
    }


def loss_options(loss: Callable[..., Any]) -> dict[str, Any]:
    """The same for a network's own loss: its arguments after outputs, labels and weights."""
    return model_options(loss, list(inspect.signature(loss).parameters)[:GIVEN_TO_LOSS])


def divided(
    options: Mapping[str, Any], target: str, training_loss: str, owner: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide the options of a model between what builds it and its own loss.

    The loss gets the options that it names. What builds the model gets all others, and those that both name.

    Args:
        options: of the model.
        target: what builds the model.
        training_loss: of a network, as in `TorchModel`; else empty.
        owner: for errors, e.g. `model my-net`.

    Raises:
        PluginError: the model's code cannot be loaded.
    """
    if not training_loss:
        return dict(options), {}
    named = inspect.signature(load_target(target, owner=owner)).parameters
    of_loss = loss_options(load_target(training_loss, owner=owner))
    return (
        {name: value for name, value in options.items() if name in named or name not in of_loss},
        {name: value for name, value in options.items() if name in of_loss},
    )


def apply_settings(
    assignments: Sequence[str],
    model: Model,
    recipe: Recipe,
    build: Callable[..., Any],
    loss: Callable[..., Any] | None = None,
) -> tuple[Recipe, tuple[str, ...]]:
    """Apply `name=value` assignments, and return the recipe and the features, with their variants.

    A name is a recipe setting (networks only), an option of the network, of its own `loss`, of the estimator or of the
    fit, or a feature of the model, with a variant as its value. An option without a default that the recipe sets
    defines the model: with another value it would be another model, so only the recipe's own value is accepted.

    Raises:
        OptionError: the model does not have the name, the option defines the model, or the value is invalid.
        PluginError: the plugin's recipe has an invalid value.
    """
    options, features = dict(recipe.options), list(recipe.features or model.features)
    defaults = {**(loss_options(loss) if loss else {}), **model_options(build, model.given)}
    if _takes_any(build):
        defaults = {**recipe.options, **defaults}
    kinds = get_type_hints(Recipe) if isinstance(model, TorchModel) else {}
    settings = {name: kind for name, kind in kinds.items() if name not in NOT_SETTINGS}
    fixed = {name for name in recipe.options if _has_no_default(build, name)}
    names = {split_reference(reference)[0]: index for index, reference in enumerate(features)}
    if isinstance(model, TorchModel):
        _check_own(model, recipe, {assignment.partition("=")[0] for assignment in assignments})
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise OptionError(f"--set {assignment}: write it as name=value")
        if name in fixed and option_value(name, text, options[name]) != options[name]:
            raise OptionError(f"--set {assignment}: model {model.name} is {name}={options[name]}; take another model")
        if name in settings:
            recipe = replace(recipe, **{name: _setting(name, text, settings[name])})
        elif name in defaults:
            options[name] = option_value(name, text, options.get(name, defaults[name]))
        elif name in names:
            features[names[name]] = f"{name}@{text}"
        else:
            raise OptionError(_unknown(name, model, [*settings, *(set(defaults) - fixed), *names]))
    if isinstance(model, TorchModel):
        _check(recipe, model.training_loss)
    unknown = sorted(set(options) - set(defaults))
    if unknown:
        raise OptionError(f"model {model.name} has no option {unknown[0]!r}, which its recipe sets")
    return replace(recipe, options=options), tuple(features)


def _has_no_default(build: Callable[..., Any], name: str) -> bool:
    parameter = inspect.signature(build).parameters.get(name)
    return parameter is not None and parameter.default is parameter.empty


def _takes_any(build: Callable[..., Any]) -> bool:
    """Whether `build` takes `**options`, so that its signature does not list all options."""
    return any(one.kind is one.VAR_KEYWORD for one in inspect.signature(build).parameters.values())


def _unknown(name: str, model: Model, known: Sequence[str]) -> str:
    has = f"available: {', '.join(sorted(known))}" if known else "it has no options"
    return f"model {model.name} has no option {name!r}{nearest(name, known)}; {has}"


def _setting(name: str, text: str, kind: Any) -> Any:
    return text if get_args(kind) else _parse(name, text, kind)  # choices are checked with the whole recipe


def option_value(name: str, text: str, default: Any) -> Any:
    """The value of an option, of the type of its default.

    Raises:
        OptionError: the text is no value of this type.
    """
    if default is None:  # no default to go by: a JSON scalar, else the text itself
        try:
            return json.loads(text, parse_constant=_no_constant)
        except ValueError:
            return text
    if isinstance(default, tuple | list):
        kind = type(default[0]) if default else str
        parts = text.strip("()[] ").removesuffix(",")
        return tuple(_parse(name, part.strip(), kind, of=text) for part in parts.split(","))
    if isinstance(default, Mapping):
        raise OptionError(f"--set {name}: this option cannot be given on the command line")
    return _parse(name, text, type(default))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _parse(name: str, text: str, kind: type, of: str = "") -> Any:
    """Parse `text`, which may be a part `of` the given value, as a `kind`."""
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise OptionError(f"--set {name}={of or text}: must be true or false")
        return text.lower() == "true"
    try:
        value = kind(text)
        if kind is float and not math.isfinite(value):
            raise ValueError
        return value
    except (TypeError, ValueError):
        wanted = {int: "a whole number", float: "a number"}.get(kind, kind.__name__)
        raise OptionError(f"--set {name}={of or text}: must be {wanted}{' in each place' if of else ''}") from None


def _check_own(model: TorchModel, recipe: Recipe, asked: Collection[str]) -> None:
    """Check the plugin's own recipe, except the settings that the user assigns: its faults are the plugin's."""
    wrong = setting_fault(recipe, model.training_loss)
    if wrong and wrong[0] not in asked:
        names = [name for name, one in model.recipes.items() if one is recipe]
        which = f"recipe {names[0]!r}" if names else "its recipe"
        raise PluginError(f"model {model.name}: {which} sets {wrong[0]}={getattr(recipe, wrong[0])}: {wrong[1]}")


def _check(recipe: Recipe, training_loss: str) -> None:
    if wrong := setting_fault(recipe, training_loss):
        raise OptionError(f"--set {wrong[0]}={getattr(recipe, wrong[0])}: {wrong[1]}")
