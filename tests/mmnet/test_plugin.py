"""What the plugin registers is what the authors' scripts set, and fits together."""

from __future__ import annotations

import merbench_mmnet
import pytest
import torch
from merbench_mmnet.network import MMNet

(MODEL,) = merbench_mmnet.merbench_models()
SIDES = {f"onset-apex-neighbours-{side}": side for side in (224, 32)}


def test_the_published_recipe_is_the_script_for_3_classes() -> None:
    published = MODEL.recipes["published"]
    assert next(iter(MODEL.recipes)) == "published"
    assert (published.optimizer, published.lr, published.weight_decay, published.batch_size) == ("adamw", 8e-4, 0.7, 24)
    assert (published.schedule, published.decay, published.decay_every, published.decay_epochs) == (
        "step",
        0.987,
        1,
        50,
    )
    assert (published.flip, published.rotation, published.crop_padding, published.epochs) == (0.5, 4, 4, 70)
    assert (published.standardize, published.order) == (False, "shuffled")


def test_the_other_published_recipe_is_the_script_for_5_classes() -> None:
    published = MODEL.recipes["published-5"]
    assert (published.weight_decay, published.batch_size, published.rotation, published.crop_padding) == (
        0.6,
        32,
        3,
        15,
    )
    assert published.features == ("onset-apex-neighbours-224@5-class",)
    assert sum(one.numel() for one in MMNet(5, **published.options).parameters()) == 9_970_947  # as the parity case


@pytest.mark.parametrize("name", list(MODEL.recipes))
def test_every_recipe_builds_a_network_for_its_feature(name: str) -> None:
    recipe = MODEL.recipes[name]
    (feature,) = recipe.features or MODEL.features
    side = SIDES[feature.partition("@")[0]]
    network = MMNet(4, **recipe.options).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 2, 6, 3, side, side)).shape == (1, 4)
    assert set(SIDES) == {one.name for one in merbench_mmnet.merbench_features()}


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
