"""What the recipes build, and that the quick one learns."""

from __future__ import annotations

import merbench_causalnet
import torch
from merbench_causalnet.network import CausalNet

(MODEL,) = merbench_causalnet.merbench_models()


def test_the_published_recipe_builds_the_network_of_the_parity_case_and_takes_a_training_side_in_one_step() -> None:
    recipe = MODEL.recipes["published"]
    with torch.device("meta"):
        network = CausalNet(3, **recipe.options)
    assert sum(one.numel() for one in network.parameters()) == 276_590_089
    assert recipe.batch_size > 442  # clips of the composite


def test_the_quick_network_learns_to_tell_two_orders_of_phases_apart() -> None:
    recipe = MODEL.recipes["quick"]
    torch.manual_seed(0)
    network = CausalNet(2, **recipe.options).train()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.lr)
    labels = torch.arange(16) % 2
    images = torch.randn(16, 4, 3, 28, 28)
    images[labels == 0, 0, :, :14] += 1  # the movement is above in the first phase, or in the second
    images[labels == 1, 1, :, :14] += 1
    for _ in range(30):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    with torch.no_grad():
        assert torch.equal(network.eval()(images).argmax(1), labels)
