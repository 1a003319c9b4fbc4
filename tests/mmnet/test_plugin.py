"""What the recipes build, and that the quick one learns."""

from __future__ import annotations

import merbench_mmnet
import torch
from merbench_mmnet.network import MMNet

(MODEL,) = merbench_mmnet.merbench_models()


def test_the_recipe_for_5_classes_builds_the_network_of_the_parity_case() -> None:
    network = MMNet(5, **MODEL.recipes["published-5"].options)
    assert sum(one.numel() for one in network.parameters()) == 9_970_947


def test_the_quick_network_learns_to_tell_two_motions_apart() -> None:
    recipe = MODEL.recipes["quick"]
    torch.manual_seed(0)
    network = MMNet(2, **recipe.options).train()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.lr / 4)
    labels = torch.arange(16) % 2
    images = torch.full((16, 2, 6, 3, 32, 32), 128.0) + 3 * torch.randn(16, 2, 6, 3, 32, 32)
    images[labels == 0, 1, :, :, :16] += 20  # above, or below
    images[labels == 1, 1, :, :, 16:] += 20
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    with torch.no_grad():
        assert torch.equal(network.eval()(images).argmax(1), labels)
