"""OFF-ApexNet and Dual-Inception: two streams that meet only where they are joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from merbench_shallow.dual_inception import DualInception, Inception
from merbench_shallow.off_apexnet import OFFApexNet
from torch import nn
from torch.nn import functional

NETWORKS = [OFFApexNet, DualInception]
STRAIN, V, U = 0, 1, 2  # channels of the flow image


@pytest.mark.parametrize(
    ("make", "parameters"), [(OFFApexNet, 2_664_475), (DualInception, 6_449_867)], ids=["off-apexnet", "dual-inception"]
)
def test_the_size_is_what_others_count_for_it(make: Callable[..., nn.Module], parameters: int) -> None:
    assert sum(parameter.numel() for parameter in make().parameters()) == parameters


@pytest.mark.parametrize("make", NETWORKS)
def test_strain_is_not_seen_and_flow_is(make: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    network, flow = make().eval(), 255 * torch.rand(2, 3, 28, 28)
    for channel, same in ((STRAIN, True), (V, False), (U, False)):
        other = flow.clone()
        other[:, channel] = 255 - other[:, channel]
        assert torch.equal(network(other), network(flow)) is same


@pytest.mark.parametrize("make", NETWORKS)
def test_without_vertical_flow_only_the_biases_feed_its_stream(make: Callable[..., nn.Module]) -> None:
    torch.manual_seed(0)
    network, flow = make(), 255 * torch.rand(3, 3, 28, 28)
    flow[:, V] = 0
    functional.cross_entropy(network(flow), torch.tensor([0, 1, 2])).backward()
    if isinstance(network, OFFApexNet):
        u, v = network.conv1.weight.grad.chunk(2)
    else:
        u, v = network.u[0].one.weight.grad, network.v[0].one.weight.grad
    assert u.any()
    assert not v.any()


def test_the_grouped_convolutions_of_off_apexnet_are_two_streams_one_after_the_other() -> None:
    torch.manual_seed(0)
    network, flow = OFFApexNet().eval(), 255 * torch.rand(2, 3, 28, 28)
    ends = []
    for index, channel in enumerate((U, V)):
        x = flow[:, channel : channel + 1] / 255
        for convolution in (network.conv1, network.conv2):
            weight, bias = convolution.weight.chunk(2)[index], convolution.bias.chunk(2)[index]
            x = functional.max_pool2d(functional.relu(functional.conv2d(x, weight, bias, padding=2)), 2)
        ends.append(x.flatten(1))
    joined = functional.relu(network.fc1(torch.cat(ends, 1)))
    torch.testing.assert_close(network(flow), network.fc(functional.relu(network.fc2(joined))))


def test_an_inception_block_puts_its_four_branches_side_by_side() -> None:
    """By hand: with weights of 1, no biases and an image of ones, a 3x3 sum inside it is 9 and a 5x5 one 25."""
    block = Inception(1, 1)
    for name, parameter in block.named_parameters():
        nn.init.constant_(parameter, 1.0 if name.endswith("weight") else 0.0)
    found = block(torch.ones(1, 1, 8, 8))
    assert found.shape == (1, 4, 4, 4)
    assert found[0, :, 1, 1].tolist() == [1, 9, 25, 1]
    assert found[0, 1, 0, 0] == 9
    assert found[0, 2, 0, 0] == 16  # the largest of four corners' sums: 9, 12, 12 and 16 of 25 places are in the image


@pytest.mark.parametrize("make", NETWORKS)
@pytest.mark.parametrize("value", [0.0, 255.0])
def test_flow_of_one_value_gives_finite_logits(make: Callable[..., nn.Module], value: float) -> None:
    assert make(5)(torch.full((2, 3, 28, 28), value)).isfinite().all()


def test_dropout_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    network, flow = OFFApexNet(), torch.rand(2, 3, 28, 28)
    assert not torch.equal(network.train()(flow), network(flow))
    assert torch.equal(network.eval()(flow), network(flow))


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (OFFApexNet, {"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        (OFFApexNet, {"dropout": -0.1}, r"dropout is -0.1; it must lie in \[0, 1\)"),
        (OFFApexNet, {"divisor": -1}, "divisor is -1; it must be above 0"),
        (DualInception, {"width": 2.5}, "width is 2.5; it must be a whole number of at least 1"),
        (DualInception, {"divisor": 0}, "divisor is 0; it must be above 0"),
    ],
)
def test_an_option_out_of_range_is_named(make: Callable[..., nn.Module], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


@pytest.mark.parametrize("make", NETWORKS)
def test_images_of_another_shape_are_refused(make: Callable[..., nn.Module]) -> None:
    with pytest.raises(ValueError, match=rf"{make.__name__} was built for images of shape \(3, 28, 28\), not"):
        make()(torch.zeros(1, 2, 28, 28))
