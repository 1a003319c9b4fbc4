"""What ran: whether a run took its recipe's settings, and what the recipe says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from merbench.plugin.registry import Registry
from merbench.plugin.specs import Claim, Model, Recipe
from merbench.runs.schema import Plan

__all__ = ["claim_of"]


def claim_of(plan: Plan, registry: Registry) -> tuple[Claim, str]:
    """The claim of the plan's recipe and a line about it, if the run has all of the recipe's settings.

    Otherwise the claim is `own settings`: something was set, or the recipe is not installed.
    """
    if plan.model not in registry.models.names():  # a family's member is made by its plugin, and may load a library
        return "own settings", ""
    model = registry.models.get(plan.model)
    recipe = model.recipes.get(plan.recipe)
    if (
        recipe is None
        or plan.weights
        or not _has_settings(plan, recipe)
        or not _sees(plan.features, model, recipe, registry)
    ):
        return "own settings", ""
    return recipe.claim, recipe.about


def _has_settings(plan: Plan, recipe: Recipe) -> bool:
    """Whether every setting and option is the recipe's; those that were added since the run do not count."""
    settings = {name: getattr(recipe, name, None) for name in plan.settings}
    return _plain([settings, recipe.options]) == _plain([plan.settings, plan.options])


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _sees(found: Sequence[str], model: Model, recipe: Recipe, registry: Registry) -> bool:
    """Whether a plan's features, `flow-28` or `flow-28@tvl1 v2 (...)`, are the recipe's, in their first variants."""
    wanted = [_whole(one, registry) for one in recipe.features or model.features]
    seen = [one.split(" ")[0] for one in found]
    return len(seen) == len(wanted) and all(
        one == whole or one == whole.partition("@")[0] for one, whole in zip(seen, wanted, strict=True)
    )


def _whole(reference: str, registry: Registry) -> str:
    """A feature with its variant: `flow-28@tvl1` for `flow-28`. A source that provides the feature has no variant."""
    name, at, _ = reference.partition("@")
    variants = registry.features.get(name).variants if not at and name in registry.features.names() else ()
    return f"{name}@{variants[0]}" if variants else reference
