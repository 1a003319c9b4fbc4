"""What `--set` changed: the settings of a run that differ from its recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from merbench.errors import OptionError, UnknownName
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Model, Recipe
from merbench.runs.schema import Plan, Submission

CHOSEN = "chosen in each fold"

__all__ = ["as_text", "assignments", "changes", "in_brief", "with_variant"]


def changes(plan: Plan | Submission, registry: Registry) -> dict[str, Any]:
    """Settings, options and feature variants of a run that its recipe has not, by name; those of a nested choice too.

    Empty for imported predictions, and if the model or the recipe is not installed. Settings that were added to recipes
    since the run do not count.
    """
    if plan.kind == "rescored" or plan.model not in registry.models.names():
        return {}  # a family's member is made by its plugin, and may load a library
    model = registry.models.get(plan.model)
    # A name may have passed from one recipe to another: the run is nearer to the one that it took.
    named = [one for name, one in model.recipes.items() if plan.recipe in (name, *one.formerly)]
    return min((dict(_changes(plan, model, one, registry)) for one in named), key=len, default={})


def assignments(plan: Plan, registry: Registry) -> list[str]:
    """What `--set` was given in a run, as it is typed on a command line.

    Raises:
        UnknownName: the model is not installed, or does not have the recipe.
        OptionError: the settings were chosen in each fold.
    """
    if plan.candidates:
        raise OptionError("the settings of this record were chosen in each fold; take the record of a candidate")
    model = registry.models.get(plan.model)
    if plan.recipe not in model.recipes:
        raise UnknownName("recipe", plan.recipe, model.recipes, f"{model.name} has: {', '.join(model.recipes)}")
    found = _changes(plan, model, model.recipes[plan.recipe], registry)
    return [f"{name}={as_text(value)}" for name, value in found]


def as_text(value: object) -> str:
    """Format a setting for `--set`: `1,2` for a tuple, `true` for True, `null` for None."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def in_brief(changed: Mapping[str, Any]) -> str:
    """`width=8, epochs=3`; empty if nothing was changed."""
    return ", ".join(f"{name}={_text(value)}" for name, value in changed.items())


def with_variant(reference: str, registry: Registry) -> str:
    """A feature with its variant: `flow-28@tvl1` for `flow-28`. A source that provides the feature has no variant."""
    name, at, _ = reference.partition("@")
    variants = registry.features.get(name).variants if not at and name in registry.features.names() else ()
    return f"{name}@{variants[0]}" if variants else reference


def _changes(plan: Plan, model: Model, recipe: Recipe, registry: Registry) -> Iterator[tuple[str, Any]]:
    for name, value in plan.options.items():
        if name not in recipe.options or _plain(recipe.options[name]) != _plain(value):
            yield name, value
    for name, value in plan.settings.items():
        if _plain(getattr(recipe, name, None)) != _plain(value):
            yield name, value
    chosen = dict.fromkeys(_chosen(plan), CHOSEN)
    yield from chosen.items()
    seen = plan.candidates[0].features if plan.candidates else plan.features
    for reference, found in zip(recipe.features or model.features, seen, strict=False):
        name, _, variant = found.split(" ")[0].partition("@")
        if variant and name not in chosen and with_variant(reference, registry) != f"{name}@{variant}":
            yield name, variant


def _chosen(plan: Plan) -> Iterator[str]:
    """The names of what each fold of a nested choice chose: settings, options, and features by their variant."""
    candidates = plan.candidates or ()
    for one in candidates:
        yield from (*one.settings, *one.options)
        for feature in one.features:
            if not all(feature in other.features for other in candidates):
                yield feature.split(" ")[0].partition("@")[0]


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
