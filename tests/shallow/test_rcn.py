"""RCN: what its recurrent steps share, where its attention looks, and what its shortcuts and streams change."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from merbench_shallow.rcn import RCN, Recurrent, Wide, class_attention
from torch.nn import functional

FOUR: dict[str, dict[str, Any]] = {
    "rcn-a": {"attention": "pooled"},
    "rcn-s": {"shortcut": True},
    "rcn-w": {"wide": True},
    "rcn-f": {"wide": True, "shortcut": True, "attention": "inside"},
}
# By hand: first layers (5x5 or three 3x3, and their norms), 1x1 and 3x3 of the block with norms, classifier.
NARROW = 3 * 25 * 32 + 32 + 64
WIDE = 3 * 9 * 32 + 32 + 64
BLOCK = (32 * 32 + 32 + 64) + (32 * 32 * 9 + 32 + 64)
HEAD = 25 * 32 * 3 + 3


@pytest.mark.parametrize(("name", "first"), [("rcn-a", NARROW), ("rcn-s", NARROW), ("rcn-w", WIDE), ("rcn-f", WIDE)])
def test_the_three_modules_bring_no_parameters_of_their_own(name: str, first: int) -> None:
    assert sum(parameter.numel() for parameter in RCN(**FOUR[name]).parameters()) == first + BLOCK + HEAD


@pytest.mark.parametrize(("shortcut", "steps"), [(False, 2), (True, 3)])
def test_every_recurrent_step_uses_the_same_convolution_and_norm(shortcut: bool, steps: int) -> None:
    block = Recurrent(4, shortcut)
    block(torch.randn(2, 4, 10, 10))
    assert block.recurrent_convolution[1].num_batches_tracked == steps
    assert block.forward_convolution[1].num_batches_tracked == 1


def identity(shortcut: bool) -> Recurrent:
    """A block in evaluation mode whose convolutions pass on what they see (norms nearly: they add 1e-5 to 1)."""
    block = Recurrent(1, shortcut).eval()
    for convolution, _, _ in (block.forward_convolution, block.recurrent_convolution):
        torch.nn.init.dirac_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    return block


def test_a_plain_step_adds_the_input_and_a_shortcut_all_that_came_before() -> None:
    """On ones: y = 1, then 1 + 1 = 2, 1 + 2 = 3; with shortcuts 1 + 1 = 2, 1 + 1 + 2 = 4, 1 + 1 + 2 + 4 = 8."""
    ones = torch.ones(1, 1, 4, 4)
    torch.testing.assert_close(identity(False)(ones), torch.full((1, 1, 2, 2), 3.0), rtol=1e-4, atol=0)
    torch.testing.assert_close(identity(True)(ones), torch.full((1, 1, 2, 2), 8.0), rtol=1e-4, atol=0)


def test_attention_inside_the_block_weighs_the_feed_forward_part_alone() -> None:
    """Nothing passes the 1x1 convolution where attention is 0: then 1 + 0 = 1 and 1 + 1 = 2 instead of 2 and 3."""
    attention = torch.tensor([[[[0.0, 1.0]]]])
    found = identity(False)(torch.ones(1, 1, 2, 4), attention)
    torch.testing.assert_close(found, torch.tensor([[[[2.0, 3.0]]]]), rtol=1e-4, atol=0)


def test_attention_is_the_mean_of_maps_that_each_reach_0_and_1() -> None:
    """Two classes by hand: 1 x (0, 1, 2, 4) stretched to (0, .25, .5, 1), and -1 x it to (1, .75, .5, 0)."""
    x = torch.tensor([0.0, 1.0, 2.0, 4.0]).reshape(1, 1, 2, 2)
    up, down = torch.ones(1, 4), -torch.ones(1, 4)
    assert class_attention(x, up).flatten().tolist() == [0, 0.25, 0.5, 1]
    assert class_attention(x, down).flatten().tolist() == [1, 0.75, 0.5, 0]
    assert class_attention(x, torch.cat((up, down))).flatten().tolist() == [0.5, 0.5, 0.5, 0.5]


def test_attention_lies_between_0_and_1_and_teaches_the_classifier() -> None:
    torch.manual_seed(0)
    weights = torch.randn(3, 8 * 25, requires_grad=True)
    found = class_attention(torch.randn(6, 8, 5, 5), weights)
    assert found.shape == (6, 1, 5, 5)
    assert (found >= 0).all()
    assert (found <= 1).all()
    (found**2).sum().backward()
    assert weights.grad.any()


def test_a_map_of_one_value_counts_as_0_instead_of_dividing_by_it() -> None:
    weights = torch.ones(3, 2 * 4, requires_grad=True)
    found = class_attention(torch.zeros(2, 2, 2, 2), weights)
    assert not found.any()
    found.sum().backward()
    assert weights.grad.isfinite().all()


def test_the_wide_streams_see_further_apart_at_the_same_size() -> None:
    convolutions = [stream[0] for stream in Wide(32).streams]
    assert [convolution.dilation for convolution in convolutions] == [(1, 1), (2, 2), (3, 3)]
    assert [convolution.out_channels for convolution in convolutions] == [16, 8, 8]
    assert Wide(32)(torch.rand(2, 3, 28, 28)).shape == (2, 32, 10, 10)


@pytest.mark.parametrize("name", FOUR)
@pytest.mark.parametrize("flow", [torch.zeros(4, 3, 28, 28), torch.full((4, 3, 28, 28), 255.0)], ids=["zeros", "full"])
def test_flow_of_one_value_gives_finite_logits_and_gradients(name: str, flow: torch.Tensor) -> None:
    torch.manual_seed(0)
    network = RCN(**FOUR[name])
    logits = network(flow)
    functional.cross_entropy(logits, torch.tensor([0, 1, 2, 0])).backward()
    assert logits.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maps": 30}, "maps is 30; it must be a multiple of 4"),
        ({"maps": 0}, "maps is 0; it must be a whole number of at least 1"),
        ({"pooled": 7}, "pooled is 7; it must be at most 6"),
        ({"pooled": 6, "wide": True}, "pooled is 6; it must be at most 5"),
        ({"attention": "linear"}, "attention is 'linear'; it must be one of none, pooled, inside"),
        ({"divisor": 0.0}, "divisor is 0.0; it must be above 0"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RCN(**options)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"RCN was built for images of shape \(3, 28, 28\), not \(3, 60, 60\)"):
        RCN()(torch.zeros(1, 3, 60, 60))
