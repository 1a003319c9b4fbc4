"""What the plugin registers, and that registering costs nothing."""

from __future__ import annotations

import subprocess
import sys

import merbench_htnet
import pytest
from merbench_htnet.network import HTNet


def test_recipes_stand_in_the_order_published_paper_quick() -> None:
    (model,) = merbench_htnet.merbench_models()
    assert list(model.recipes) == ["published", "paper", "quick"]


def test_the_published_recipe_is_the_released_script() -> None:
    (model,) = merbench_htnet.merbench_models()
    published = model.recipes["published"]
    assert (published.optimizer, published.lr, published.batch_size, published.epochs) == ("adam", 5e-5, 256, 800)
    assert (published.order, published.schedule, published.standardize) == ("by-class", "constant", False)


@pytest.mark.parametrize(("recipe", "millions"), [("published", 139.58), ("paper", 114.43)])
def test_a_recipe_builds_the_network_that_its_source_counts(recipe: str, millions: float) -> None:
    (model,) = merbench_htnet.merbench_models()
    network = HTNet(classes=3, **model.recipes[recipe].options)
    assert round(sum(parameter.numel() for parameter in network.parameters()) / 1e6, 2) == millions


@pytest.mark.parametrize("plugin", ["merbench_htnet", "merbench_shallow", "merbench_handcrafted"])
def test_a_plugin_is_listed_without_loading_what_it_runs_on(plugin: str) -> None:
    program = (
        f"import sys, {plugin} as p; list(p.merbench_models()); "
        "print([name for name in ('torch', 'sklearn', 'cv2', 'pandas', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
