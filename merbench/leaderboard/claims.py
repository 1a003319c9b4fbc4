"""What ran: which recipe's settings a run took, and what the recipe says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from merbench.plugin.registry import Registry
from merbench.plugin.specs import Claim, Model, Recipe
from merbench.runs.changes import with_variant
from merbench.runs.schema import Plan

__all__ = ["claim_of", "recipe_name"]


def claim_of(plan: Plan, registry: Registry) -> tuple[Claim, str]:
    """The claim of the plan's recipe and a line about it, if the run has all of the recipe's settings.

    Otherwise the claim is `own settings`: something was set, or the recipe is not installed.
    """
    found = _recipe(plan, registry)
    return (found[1].claim, found[1].about) if found else ("own settings", "")


def recipe_name(plan: Plan, registry: Registry) -> str:
    """The present name of the recipe whose settings the run has; the record's own if no recipe has them."""
    found = _recipe(plan, registry)
    return found[0] if found else plan.recipe


def _recipe(plan: Plan, registry: Registry) -> tuple[str, Recipe] | None:
    """The recipe that the plan names, now or formerly, if the run has all of its settings."""
    if plan.weights or plan.candidates or plan.model not in registry.models.names():
        return None  # a family's member is made by its plugin, and may load a library
    model = registry.models.get(plan.model)
    return next(
        (
            (name, recipe)
            for name, recipe in _named(plan.recipe, model)
            if _has_settings(plan, recipe) and _sees(plan.features, model, recipe, registry)
        ),
        None,
    )


def _named(name: str, model: Model) -> Iterator[tuple[str, Recipe]]:
    """The recipes that have this name: the present one first, then those that had it."""
    if name in model.recipes:
        yield name, model.recipes[name]
    yield from ((now, recipe) for now, recipe in model.recipes.items() if name in recipe.formerly)


def _has_settings(plan: Plan, recipe: Recipe) -> bool:
    """Whether every setting, option and dataset is the recipe's; settings added since the run do not count."""
    settings = {name: getattr(recipe, name, None) for name in plan.settings}
    used = [one.dataset for one in plan.pretraining or ()]
    return _plain([settings, recipe.options, recipe.pretrain]) == _plain([plan.settings, plan.options, used])


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _sees(found: Sequence[str], model: Model, recipe: Recipe, registry: Registry) -> bool:
    """Whether a plan's features, `flow-28` or `flow-28@tvl1 v2 (...)`, are the recipe's, in their first variants."""
    wanted = [with_variant(one, registry) for one in recipe.features or model.features]
    seen = [one.split(" ")[0] for one in found]
    return len(seen) == len(wanted) and all(
        one == whole or one == whole.partition("@")[0] for one, whole in zip(seen, wanted, strict=True)
    )
