"""What the plugin registers: every network can be built by each of its recipes, and is as large as it says."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import merbench_shallow
import pytest
import torch
from torch import nn

MODELS = {model.name: model for model in merbench_shallow.merbench_models()}
CASES = [(name, recipe) for name, model in MODELS.items() for recipe in model.recipes]
SHAPES = {"flow-28": (3, 28, 28), "onset-apex-224": (2, 3, 224, 224)}


def network_of(name: str) -> Any:
    module, attribute = MODELS[name].network.split(":")
    return getattr(importlib.import_module(module), attribute)


def build(name: str, recipe: str, **options: Any) -> nn.Module:
    network: nn.Module = network_of(name)(**{"classes": 3, **MODELS[name].recipes[recipe].options, **options})
    return network


@pytest.mark.parametrize(("name", "recipe"), CASES)
def test_a_recipe_builds_a_network_for_the_models_feature(name: str, recipe: str) -> None:
    (feature,) = MODELS[name].features
    network = build(name, recipe, classes=5)
    assert network.eval()(255 * torch.rand(2, *SHAPES[feature])).shape == (2, 5)


@pytest.mark.parametrize("name", MODELS)
def test_the_number_of_parameters_is_that_of_the_default_recipe(name: str) -> None:
    network = build(name, next(iter(MODELS[name].recipes)))
    assert sum(parameter.numel() for parameter in network.parameters()) == MODELS[name].parameters


@pytest.mark.parametrize(
    "name", [name for name in MODELS if "divisor" in inspect.signature(network_of(name)).parameters]
)
def test_standardised_flow_is_not_divided_again(name: str) -> None:
    quick = MODELS[name].recipes["quick"]
    assert quick.standardize
    assert quick.options["divisor"] == 1


def test_the_apex_resnet_is_trained_as_capsulenet_is() -> None:
    recipe = MODELS["apex-resnet"].recipes["from-scratch"]
    assert (recipe.optimizer, recipe.lr, recipe.batch_size, recipe.epochs) == ("adam", 1e-4, 32, 30)
    assert (recipe.schedule, recipe.decay, recipe.decay_every) == ("step", 0.9, 1)
    assert (recipe.flip, recipe.rotation, recipe.options["stages"]) == (0.5, 8, 3)


def test_rcns_published_recipe_is_the_first_authors_script() -> None:
    for name in (name for name in MODELS if name.startswith("rcn-")):
        recipe = MODELS[name].recipes["published"]
        assert (recipe.optimizer, recipe.lr, recipe.momentum, recipe.batch_size) == ("sgd", 5e-4, 0.9, 64)
        assert (recipe.schedule, recipe.decay, recipe.decay_every, recipe.epochs) == ("step", 0.5, 10, 100)


def test_dual_inceptions_published_recipe_is_the_first_authors_script() -> None:
    recipe = MODELS["dual-inception"].recipes["published"]
    assert (recipe.optimizer, recipe.lr, recipe.batch_size, recipe.epochs) == ("adam", 1e-4, 3, 40)
    assert recipe.class_weights == "none"
