"""What `--set` changed: the settings of a run that differ from its recipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from merbench.plugin.registry import Registry
from merbench.plugin.specs import Model, Recipe
from merbench.runs.schema import Plan, Submission

__all__ = ["changes", "in_brief", "with_variant"]


def changes(plan: Plan | Submission, registry: Registry) -> dict[str, Any]:
    """Settings, options and feature variants of a run that its recipe has not, by name.

    Empty for imported predictions, and if the model or the recipe is not installed. Settings that were added to recipes
    since the run do not count.
    """
    if plan.kind == "rescored" or plan.model not in registry.models.names():
        return {}  # a family's member is made by its plugin, and may load a library
    model = registry.models.get(plan.model)
    recipe = model.recipes.get(plan.recipe) or next(
        (one for one in model.recipes.values() if plan.recipe in one.formerly), None
    )
    return dict(_changes(plan, model, recipe, registry)) if recipe else {}


def in_brief(changed: dict[str, Any]) -> str:
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
    for reference, found in zip(recipe.features or model.features, plan.features, strict=False):
        name, _, variant = found.split(" ")[0].partition("@")
        if variant and with_variant(reference, registry) != f"{name}@{variant}":
            yield name, variant


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
