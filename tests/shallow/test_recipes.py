"""What the recipes of networks that divide flow images set."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import merbench_shallow
import pytest

MODELS = {model.name: model for model in merbench_shallow.merbench_models()}


def network_of(name: str) -> Any:
    module, attribute = MODELS[name].network.split(":")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize(
    "name", [name for name in MODELS if "divisor" in inspect.signature(network_of(name)).parameters]
)
def test_standardised_flow_is_not_divided_again(name: str) -> None:
    quick = MODELS[name].recipes["quick"]
    assert quick.standardize
    assert quick.options["divisor"] == 1
