"""SSSNet against its first author's library, and how it sees flow of another size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from merbench_shallow.sssnet import SSSNet


def test_logits_gradients_and_size_are_those_of_meb(parity: Callable[[str], Any]) -> None:
    case = parity("sssnet")
    case.check(case.load(SSSNet(divisor=1)))


def test_small_flow_is_enlarged_to_the_side_that_the_network_was_made_for() -> None:
    torch.manual_seed(0)
    network, flow = SSSNet().eval(), 255 * torch.rand(2, 3, 28, 28)
    enlarged = torch.nn.functional.interpolate(flow, size=(64, 64), mode="bilinear", align_corners=False)
    torch.testing.assert_close(network(flow), network(enlarged))


@pytest.mark.parametrize(("side", "places"), [(64, 9), (28, 3), (22, 2), (112, 17)])
def test_the_first_linear_layer_fits_the_side(side: int, places: int) -> None:
    network = SSSNet(4, side=side, widths=(4, 5, 6))
    assert network.fc1.in_features == 5 * places**2
    assert network.eval()(torch.rand(3, 3, 28, 28)).shape == (3, 4)


def test_a_step_may_be_left_with_a_single_clip() -> None:
    assert SSSNet(side=22).train()(torch.rand(1, 3, 28, 28)).shape == (1, 3)


def test_flow_of_zeros_and_of_one_value_give_finite_logits() -> None:
    network = SSSNet().train()
    for flow in (torch.zeros(4, 3, 28, 28), torch.full((4, 3, 28, 28), 255.0)):
        assert network(flow).isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        ({"side": 21}, "side is 21; it must be at least 22"),
        ({"widths": (32, 64)}, r"widths is \(32, 64\); it must be three whole numbers"),
        ({"widths": (32, 0, 8)}, r"widths\[1\] is 0; it must be a whole number of at least 1"),
        ({"dropout": 1.0}, r"dropout is 1.0; it must lie in \[0, 1\)"),
        ({"divisor": 0}, "divisor is 0; it must be above 0"),
        ({"divisor": float("inf")}, "divisor is inf; it must be above 0, and finite"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SSSNet(**options)


def test_images_of_another_number_of_channels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"built for images of 3 channels, not of shape \(2, 28, 28\)"):
        SSSNet()(torch.zeros(1, 2, 28, 28))
