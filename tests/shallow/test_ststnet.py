"""STSTNet against the authors' own numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from merbench_shallow.ststnet import STSTNet, joint_norm
from torch import nn


def test_logits_gradients_and_size_are_those_of_the_authors_code(parity: Callable[[str], Any]) -> None:
    case = parity("ststnet")
    case.check(case.load(STSTNet()))


def test_the_joined_batch_norm_is_that_of_each_stream() -> None:
    torch.manual_seed(0)
    joined, alone = ([nn.BatchNorm2d(3), nn.BatchNorm2d(5)] for _ in range(2))
    x = 4 * torch.randn(6, 8, 7, 7) + 2
    for training in (True, True, False):
        for norm in alone:
            norm.train(training)
        wanted = torch.cat([norm(part) for norm, part in zip(alone, x.split([3, 5], 1), strict=True)], 1)
        torch.testing.assert_close(joint_norm(x, joined, training), wanted)
    for one, other in zip(joined, alone, strict=True):
        torch.testing.assert_close(one.state_dict(), other.state_dict())


def test_dropout_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    network, flow = STSTNet(), torch.randn(2, 3, 28, 28)
    assert not torch.equal(network.train()(flow), network(flow))
    assert torch.equal(network.eval()(flow), network(flow))


def test_classes_are_free() -> None:
    assert STSTNet(5)(torch.zeros(4, 3, 28, 28)).shape == (4, 5)


def test_a_number_of_classes_out_of_range_is_named() -> None:
    with pytest.raises(ValueError, match="classes is 0; it must be a whole number of at least 1"):
        STSTNet(0)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"built for images of shape \(3, 28, 28\), not \(3, 32, 32\)"):
        STSTNet()(torch.zeros(1, 3, 32, 32))
