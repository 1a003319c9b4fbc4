"""What `--set` changed, as records are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.changes import changes, in_brief
from merbench.runs.record import read_record
from merbench.runs.schema import Plan

REGISTRY = Registry(load(allow=()))
RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The plan of a run of HTNet with all settings of an installed recipe."""
    plans = (read_record(path).plan for path in sorted(RECORDS.glob("*.json")))
    return next(one for one in plans if one.model == "htnet" and one.kind == "torch" and not changes(one, REGISTRY))


def test_a_changed_setting_and_a_new_option_are_told_and_nothing_else(plan: Plan) -> None:
    changed = plan.model_copy(
        update={"settings": {**plan.settings, "epochs": 3}, "options": {**plan.options, "width": 8}}
    )
    assert in_brief(changes(changed, REGISTRY)) == "width=8, epochs=3"


def test_another_variant_of_a_feature_is_told(plan: Plan) -> None:
    seen = plan.model_copy(update={"features": ["htnet-regions@anatomical v1 (flow-28, landmarks-28)"]})
    assert changes(seen, REGISTRY) == {"htnet-regions": "anatomical"}


def test_a_setting_that_recipes_have_since_the_run_is_no_change(plan: Plan) -> None:
    older = {name: value for name, value in plan.settings.items() if name != "mixup"}
    assert changes(plan.model_copy(update={"settings": older}), REGISTRY) == {}


def test_nothing_is_told_of_a_model_that_is_not_installed(plan: Plan) -> None:
    assert changes(plan.model_copy(update={"model": "elsewhere"}), REGISTRY) == {}


def test_values_are_written_as_set_takes_them() -> None:
    assert in_brief({"sizes": [1, 2], "flag": True, "kind": "rbf"}) == "sizes=1,2, flag=true, kind=rbf"


def test_of_a_name_that_passed_to_another_recipe_the_one_that_was_run_counts() -> None:
    model = REGISTRY.models.get("rcn-a")
    assert any("published" in one.formerly for name, one in model.recipes.items() if name != "published")
    found = [read_record(one).plan for one in sorted(RECORDS.glob("rcn-a-composite-published-*.json"))]
    assert len({one.settings["epochs"] for one in found}) == 2
    assert [changes(one, REGISTRY) for one in found] == [{}] * len(found)
