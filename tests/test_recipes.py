"""What is registered fits together: functions are there, and every recipe builds a model for its features."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

import merbench
from merbench.engine.build import Build
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry, load_target

REGISTRY = Registry(load(allow=()))
RECIPES = [(model.name, recipe) for model in REGISTRY.models for recipe in model.recipes]
# What networks see of a clip.
SHAPES = {
    "causalnet-regions": (4, 3, 28, 28),
    "flow": (2, 224, 224),
    "flow-28": (3, 28, 28),
    "hsta-flow-28": (2, 28, 28),
    "hsta-video-28": (8, 3, 28, 28),
    "htnet-regions": (3, 28, 28),
    "onset-apex-224": (2, 3, 224, 224),
    "onset-apex-neighbours-224": (2, 6, 3, 224, 224),
    "onset-apex-neighbours-32": (2, 6, 3, 32, 32),
    "video-6+2": (8, 3, 224, 224),
}


@pytest.mark.parametrize(("name", "recipe"), RECIPES)
def test_every_recipe_builds_its_model_for_its_features_and_the_parameters_are_as_listed(name: str, recipe: str):
    model = REGISTRY.models.get(name)
    settings = model.recipes[recipe]
    target = model.network if isinstance(model, merbench.TorchModel) else model.estimator
    options = {"classes": 3, **settings.options} if isinstance(model, merbench.TorchModel) else settings.options
    build = Build(target, options, REGISTRY.models.author(name, target))
    features = settings.features or model.features
    assert all(REGISTRY.features.get(one.partition("@")[0]) for one in features)
    if isinstance(model, merbench.EstimatorModel):
        assert callable(build().fit)
        return
    # The largest without memory for their parameters; not every network can be built so.
    with torch.no_grad(), torch.device("meta" if (model.parameters or 0) > 10**7 else "cpu"):
        network = build().eval()
        clips = [torch.zeros(2, *SHAPES[one.partition("@")[0]]) for one in features]
        assert network(*clips).shape == (2, 3)
    if recipe == next(iter(model.recipes)):
        assert sum(one.numel() for one in network.parameters() if one.requires_grad) == model.parameters


@pytest.mark.parametrize("feature", list(REGISTRY.features), ids=lambda one: one.name)
def test_every_feature_names_a_function(feature: merbench.Feature):
    assert callable(load_target(feature.function, owner=f"feature {feature.name}"))


@pytest.mark.parametrize(("name", "recipe"), [one for one in RECIPES if one[1].endswith("-balanced")])
def test_a_balanced_recipe_differs_from_its_namesake_in_the_class_weights_alone(name: str, recipe: str):
    recipes = REGISTRY.models.get(name).recipes
    plain, weighted = recipes[recipe.removesuffix("-balanced")], recipes[recipe]
    assert (plain.class_weights, weighted.class_weights) == ("none", "balanced")
    told = {"about": "", "claim": "own settings"}
    assert replace(weighted, class_weights="none", **told) == replace(plain, **told)


def test_every_network_on_flow_of_28x28_runs_with_class_weights_and_without():
    networks = [one for one in REGISTRY.models if isinstance(one, merbench.TorchModel) and "flow-28" in one.features]
    assert len(networks) >= 8
    assert all("quick-balanced" in one.recipes for one in networks)
