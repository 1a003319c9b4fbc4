"""What is registered of descriptors of motion: the features are there, and every recipe is one of theirs."""

from __future__ import annotations

from importlib import import_module

import pytest
from merbench_handcrafted.motion_specs import motion_features, motion_models

FEATURES = {feature.name: feature for feature in motion_features()}
MODELS = {model.name: model for model in motion_models()}


def test_every_feature_names_a_function() -> None:
    for feature in FEATURES.values():
        module, _, name = feature.function.partition(":")
        assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize("name", MODELS)
def test_every_recipe_builds_its_machine_and_sees_one_descriptor_of_the_model(name: str) -> None:
    model = MODELS[name]
    module, _, builder = model.estimator.partition(":")
    for recipe in model.recipes.values():
        assert getattr(import_module(module), builder)(**recipe.options)
        (feature,) = recipe.features or model.features
        assert feature in FEATURES
        assert feature.removesuffix("-28") == name


@pytest.mark.parametrize("name", ["hoof", "bi-woof"])
def test_what_runs_unasked_needs_the_small_flow_alone(name: str) -> None:
    default = next(iter(MODELS[name].recipes.values()))
    (feature,) = default.features or MODELS[name].features
    assert FEATURES[feature].inputs == ("flow-28",)


@pytest.mark.parametrize("name", MODELS)
def test_every_descriptor_of_motion_has_all_three_kernels(name: str) -> None:
    recipes = MODELS[name].recipes
    assert {recipe.options["kernel"] for recipe in recipes.values()} == {"linear", "rbf", "chi2"}
