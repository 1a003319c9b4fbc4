"""What the published recipes build."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import merbench_hsta
import pytest
from merbench_hsta.network import HSTA

(MODEL,) = merbench_hsta.merbench_models()


@pytest.mark.parametrize("recipe", ["published", "flow"])
def test_a_published_recipe_builds_the_network_whose_parameters_the_model_counts(golden: Path, recipe: str) -> None:
    """Its shape is that of the parity case, in which they are counted."""
    case = json.loads((golden / "hsta-base.json").read_text())
    wanted = dict(case["config"])
    depths, _, classes = wanted.pop("depth"), wanted.pop("head_mode"), wanted.pop("classes")
    wanted |= {"stages": len(depths), "depth": depths[0][:2], "classes": classes}
    defaults = {one.name: one.default for one in inspect.signature(HSTA).parameters.values()}
    built = {**defaults, **MODEL.recipes[recipe].options}
    assert {name: list(built[name]) if isinstance(built[name], tuple) else built[name] for name in wanted} == wanted
    assert built["head"] == "class-tokens"
    assert MODEL.parameters == case["parameters"]


def test_the_flow_recipe_differs_from_the_published_in_what_the_special_branch_sees_alone() -> None:
    published, flow = MODEL.recipes["published"], MODEL.recipes["flow"]
    assert dict(flow.options) == {**published.options, "special": "flow"}
    assert (published.features or MODEL.features, flow.features) == (("video-6+2",), ("video-6+2", "flow"))
