"""What is registered of descriptors of motion: the features are there, and every recipe is one of theirs."""

from __future__ import annotations

import pytest
from merbench_handcrafted.motion_specs import motion_features, motion_models

FEATURES = {feature.name: feature for feature in motion_features()}
MODELS = {model.name: model for model in motion_models()}


@pytest.mark.parametrize("name", ["hoof", "bi-woof"])
def test_what_runs_unasked_needs_the_small_flow_alone(name: str) -> None:
    default = next(iter(MODELS[name].recipes.values()))
    (feature,) = default.features or MODELS[name].features
    assert FEATURES[feature].inputs == ("flow-28",)
