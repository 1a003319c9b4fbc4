"""MMNet against the authors' own numbers, and what its options and modes do."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from merbench_mmnet.network import DEVIATION, MEAN, MMNet
from torch.nn import functional

CASES = ["3-class", "5-class"]
SMALL: dict[str, Any] = {"image_size": 32, "widths": (6, 4, 4, 8, 8), "pc_heads": 2, "spare": "none"}


def parity_case(golden: Path, name: str) -> tuple[dict[str, Any], MMNet, list[torch.Tensor]]:
    """The case, the network with its tensors loaded, and onset and apex, normalised."""
    spec = importlib.util.spec_from_file_location("fill", golden / "fill.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    case = json.loads((golden / f"mmnet-{name.replace('-', '')}-script.json").read_text())
    state = {
        tensor: torch.from_numpy(np.asarray(module.fill(tensor, shape, case["first_seed"] + number)))
        for number, (tensor, shape) in enumerate(case["tensors"])
    }
    config = dict(case["config"])
    network = MMNet(config.pop("outputs"), **config, spare=name).eval()
    network.load_state_dict(state, strict=True)
    images = [np.random.RandomState(one["seed"]).standard_normal(one["shape"]) * one["scale"] for one in case["inputs"]]
    return case, network, [torch.from_numpy(image.astype(np.float32)) for image in images]


@pytest.mark.parametrize("name", CASES)
def test_logits_gradients_and_size_are_those_of_the_authors_code(golden: Path, name: str) -> None:
    case, network, (onset, apex) = parity_case(golden, name)
    logits = network.logits(onset, apex)
    functional.cross_entropy(logits, torch.tensor(case["labels"])).backward()

    assert [[tensor, list(value.shape)] for tensor, value in network.state_dict().items()] == case["tensors"]
    assert sum(parameter.numel() for parameter in network.parameters()) == case["parameters"]
    assert np.abs(logits.detach().numpy() - np.array(case["logits"])).max() < 1e-4
    norms = {name: p.grad if p.grad is None else float(p.grad.norm()) for name, p in network.named_parameters()}
    used = {tensor: norm for tensor, norm in case["grad_norms"].items() if norm is not None}
    assert {tensor: norm for tensor, norm in norms.items() if norm is not None} == pytest.approx(used, rel=1e-3, abs=0)
    assert norms.keys() == case["grad_norms"].keys()


@pytest.mark.parametrize("name", CASES)
def test_pixels_are_normalised_as_the_authors_do(golden: Path, name: str) -> None:
    case, network, images = parity_case(golden, name)
    mean, deviation = (torch.tensor(one)[:, None, None] for one in (MEAN, DEVIATION))
    pixels = torch.stack([255 * (image * deviation + mean) for image in images], 1)[:, :, None]
    with torch.no_grad():
        assert np.abs(network(pixels).numpy() - np.array(case["logits"])).max() < 1e-4
