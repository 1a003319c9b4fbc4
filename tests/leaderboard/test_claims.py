"""What ran, as a board says it: what the recipe claims, if the run has its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.leaderboard.claims import claim_of, recipe_name
from merbench.runs.record import read_record

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
CLAIMS = {
    ("htnet", "quick"): "shortened",
    ("ststnet", "published"): "as published",
    ("sssnet", "meb"): "own settings",
    ("flow-lr", "default"): "baseline",
    ("bi-woof", "rbf"): "own settings",
}


def plan_of(model: str, recipe: str):
    return read_record(next(RECORDS.glob(f"{model}-composite-{recipe}-seed0-*.json"))).plan


@pytest.mark.parametrize(("name", "claim"), CLAIMS.items())
def test_a_committed_record_says_what_its_recipe_claims(name, claim, registry) -> None:
    assert claim_of(plan_of(*name), registry)[0] == claim


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"epochs": 24}},
        {"options": {"dim": 32}},
        {"features": ["htnet-regions@anatomical v1 (flow-28, landmarks-28)"]},
        {"features": ["flow-28"]},
        {"weights": "0" * 64},
        {"recipe": "swift"},
        {"model": "not-installed"},
        {"model": "timm:resnet18"},
    ],
)
def test_a_run_that_differs_from_its_recipe_has_own_settings(change, registry) -> None:
    plan = plan_of("htnet", "quick")
    changed = {name: {**getattr(plan, name), **one} if isinstance(one, dict) else one for name, one in change.items()}
    assert claim_of(plan.model_copy(update=changed), registry) == ("own settings", "")


def test_the_claim_comes_with_the_recipes_line(registry) -> None:
    assert claim_of(plan_of("htnet", "quick"), registry) == (
        "shortened",
        registry.models.get("htnet").recipes["quick"].about,
    )


def test_a_setting_that_came_later_does_not_count(registry) -> None:
    plan = plan_of("htnet", "quick")
    settings = {name: value for name, value in plan.settings.items() if name != "mixup"}
    assert claim_of(plan.model_copy(update={"settings": settings}), registry)[0] == "shortened"


def test_a_record_with_a_recipes_former_name_and_settings_is_shown_under_the_present_name(registry) -> None:
    recipes = registry.models.get("rcn-w").recipes
    old = read_record(next(RECORDS.glob("rcn-w-composite-published-seed0-323aec5d2800.json"))).plan
    assert (old.recipe, old.settings["schedule"]) == ("published", "step")
    assert recipe_name(old, registry) == "halved-rate"
    assert claim_of(old, registry) == ("own settings", recipes["halved-rate"].about)
    now = old.model_copy(update={"settings": {**old.settings, "epochs": 20, "schedule": "constant",
                                              "decay": 1.0, "decay_every": 1}})  # fmt: skip
    assert recipe_name(now, registry) == "published"
    assert claim_of(now, registry)[0] == "as published"


def test_a_record_with_no_recipes_settings_keeps_the_name_that_it_has(registry) -> None:
    plan = plan_of("htnet", "quick")
    assert recipe_name(plan.model_copy(update={"settings": {**plan.settings, "epochs": 24}}), registry) == "quick"
    assert recipe_name(plan.model_copy(update={"recipe": "swift"}), registry) == "swift"
