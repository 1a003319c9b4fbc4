"""What the plugin registers, and that its recipes build and train."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import merbench_hsta
import pytest
import torch
from merbench_hsta.network import HSTA
from torch.func import functional_call, stack_module_state, vmap

from merbench.engine.draws import KeyedDraws

(MODEL,) = merbench_hsta.merbench_models()


def test_recipes_stand_in_the_order_published_flow_quick() -> None:
    assert list(MODEL.recipes) == ["published", "flow", "quick"]


def test_the_published_recipe_is_the_readmes_command() -> None:
    published = MODEL.recipes["published"]
    assert (published.optimizer, published.weight_decay, published.decay_vectors) == ("adamw", 0.05, False)
    assert (published.lr, published.layer_decay) == (5e-4 * 32 / 256, 0.9)
    assert (published.batch_size, published.epochs, published.order) == (32, 150, "balanced")
    assert (published.schedule, published.warmup_epochs) == ("cosine", 5)
    assert published.options == {"stages": 4, "depth": (1, 2), "dropout": 0.2, "drop_path": 0.2}


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


def test_many_networks_of_the_quick_recipe_train_at_once() -> None:
    torch.manual_seed(0)
    networks = [HSTA(classes=3, **MODEL.recipes["quick"].options).train() for _ in range(2)]
    video, flow = 255 * torch.rand(2, 3, 8, 3, 28, 28), torch.randn(2, 3, 2, 28, 28)
    stacked, buffers = stack_module_state(networks)
    together = vmap(lambda p, b, *x: functional_call(networks[0], (p, b), x), randomness="error")
    with KeyedDraws(torch.tensor(0)):
        found = together(stacked, buffers, video, flow)
    for index, network in enumerate(networks):
        torch.testing.assert_close(found[index], network(video[index], flow[index]), rtol=1e-4, atol=1e-5)


def test_the_plugin_is_listed_without_loading_what_it_runs_on() -> None:
    program = (
        "import sys, merbench_hsta as p; list(p.merbench_models()), list(p.merbench_features()); "
        "print([name for name in ('torch', 'numpy', 'cv2', 'pandas') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
