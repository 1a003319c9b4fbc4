"""What the recipes build."""

from __future__ import annotations

import merbench_htnet
import pytest
from merbench_htnet.network import HTNet


@pytest.mark.parametrize(("recipe", "millions"), [("published", 139.58), ("paper", 114.43)])
def test_a_recipe_builds_the_network_that_its_source_counts(recipe: str, millions: float) -> None:
    (model,) = merbench_htnet.merbench_models()
    network = HTNet(classes=3, **model.recipes[recipe].options)
    assert round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 2) == millions
