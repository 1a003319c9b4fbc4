"""Which networks can be batched, what a fold costs, and how many train at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from merbench.engine import grouping
from merbench.engine.folds import group_network
from merbench.engine.grouping import Footprint, folds_at_once, footprint, why_fewer, why_not_batched
from merbench.engine.loop import Group, train_group
from merbench.errors import PluginError

STSTNET = "merbench_shallow.ststnet:STSTNet"


class Linear(nn.Module):
    """The simplest network: 3 * 784 + 1 values for each of 3 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3 * 784, 3)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(image.flatten(1)))
        return logits

    def body(self, x: Tensor) -> Tensor:
        return x


class Noisy(Linear):
    def body(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x) if self.training else x


class Doubting(Linear):
    """Drops out in evaluation too."""

    def body(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.5, True)


class Recomputing(Linear):
    """Computes its body again in the backward, where nothing says by which key to draw."""

    def body(self, x: Tensor) -> Tensor:
        return checkpoint(nn.functional.dropout, x.requires_grad_(), 0.5, self.training, use_reentrant=False)


class Attending(Linear):
    """By a kernel for which `vmap` has no rule on a CPU."""

    def body(self, x: Tensor) -> Tensor:
        tokens = x.reshape(-1, 1, 98, 24)
        return nn.functional.scaled_dot_product_attention(tokens, tokens, tokens).flatten(1)


class Branching(Linear):
    def body(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


class BranchingLater(Linear):
    def body(self, x: Tensor) -> Tensor:
        return x if self.training or x.sum() > 0 else -x


class Mixing(Linear):
    def body(self, x: Tensor) -> Tensor:
        return x - x.mean(0)


class Projecting(Linear):
    """A random matrix that is no parameter: each fold has its own."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("directions", torch.randn(3 * 784))

    def body(self, x: Tensor) -> Tensor:
        return x * self.directions


class Scaling(Linear):
    """A constant buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(2.0))

    def body(self, x: Tensor) -> Tensor:
        return x * self.scale


class HalfFrozen(nn.Module):
    """Its first layer is not to be trained; its second is used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.shared = nn.Linear(3 * 784, 4), nn.Linear(4, 4)
        self.again, self.head = self.shared, nn.Linear(4, 3)
        self.frozen.requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        hidden = self.shared(self.frozen(image.flatten(1))).tanh()
        logits: Tensor = self.head(self.again(hidden))
        return logits


def test_a_small_htnet_is_batched_with_and_without_standardising(make_task, make_folds) -> None:
    for standardize in (True, False):
        assert why_not_batched(make_task(standardize=standardize), make_folds([20])[0]) == ""


@pytest.mark.parametrize("network", [Linear, Scaling, HalfFrozen])
def test_plain_networks_are_batched(make_task, make_folds, network) -> None:
    assert why_not_batched(make_task(network), make_folds([20])[0]) == ""


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (Noisy, "by other means than functional.dropout or torch.rand"),
        (Doubting, "by other means than functional.dropout or torch.rand"),
        (Recomputing, "RuntimeError"),
        (Attending, "on a CPU _scaled_dot_product_flash_attention_for_cpu of many folds at once runs fold by fold"),
        (Branching, "data-dependent control flow"),
        (BranchingLater, "data-dependent control flow"),
        (Mixing, "other clips in the batch"),
        (Projecting, "other folds"),
    ],
)
def test_what_cannot_be_batched_trains_alone_and_the_reason_is_one_line(make_task, make_folds, network, says) -> None:
    found = group_network(make_task(network), make_folds([20, 20]))
    assert (found.mode, found.at_once) == ("sequential", 1)
    assert says in found.reason
    assert "\n" not in found.reason


def test_a_kernel_without_a_rule_on_a_cpu_is_no_reason_on_another_device(make_task, make_folds) -> None:
    gpu = replace(make_task(Attending), device="cuda")
    assert why_not_batched(gpu, make_folds([20])[0]) == ""


def test_a_fold_with_a_single_training_clip_can_be_tried(make_task, make_folds) -> None:
    assert why_not_batched(make_task(Linear), make_folds([1])[0]) == ""


@pytest.mark.parametrize("network", [Scaling, HalfFrozen])
def test_frozen_shared_and_constant_tensors_are_so_in_a_batch_too(make_task, make_folds, network) -> None:
    # the optimiser's weight decay would move what is only left out of the gradient
    task, folds = make_task(network, lr=0.01, weight_decay=0.1, optimizer="adamw"), make_folds([20, 17])
    together = train_group(group := Group(task, folds, stacked=True))
    for fold, found in zip(folds, together, strict=True):
        (alone,) = train_group(Group(task, [fold], stacked=False))
        np.testing.assert_allclose(found.scores, alone.scores, atol=2e-5)
    if network is HalfFrozen:
        fresh = Group(task, folds, stacked=True).network.stacked
        assert torch.equal(group.network.stacked["frozen.weight"], fresh["frozen.weight"])
        assert not torch.equal(group.network.stacked["shared.weight"], fresh["shared.weight"])


def test_a_footprint_counts_every_parameter(make_task, make_folds) -> None:
    task, (fold,) = make_task(), make_folds([20])
    assert footprint(make_task(Linear), fold).parameters == 3 * 784 * 3 + 3
    assert footprint(task, fold).parameters == sum(one.numel() for one in task.build().parameters())


class Frozen(Linear):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Parameter(torch.zeros(1000), requires_grad=False)


def test_what_is_frozen_is_no_parameter_and_costs_its_own_bytes_alone(make_task, make_folds) -> None:
    fold = make_folds([20])[0]
    frozen, plain = (footprint(make_task(one), fold) for one in (Frozen, Linear))
    assert frozen.parameters == plain.parameters
    assert frozen.fold_bytes == plain.fold_bytes + 4 * 1000


def test_a_footprint_of_a_linear_network_is_its_parameters_and_its_batch(make_task, make_folds) -> None:
    cost = footprint(make_task(Linear, batch_size=20), make_folds([20])[0])
    parameters, batch = 4 * (3 * 784 * 3 + 3), 20 * 3 * 784 * 4
    assert cost.fold_bytes == 4 * parameters + 2 * batch


class Transposing(Linear):
    """Keeps a copy of its weight for the backward, whatever the batch, beside what it scales and what comes of that."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = (image.flatten(1) * self.gain) @ self.head.weight.T.contiguous()
        return logits


def test_what_does_not_grow_with_the_batch_is_counted_once(make_task, make_folds) -> None:
    cost = footprint(make_task(Transposing, batch_size=20), make_folds([20])[0])
    weight, batch = 4 * 3 * 784 * 3, 20 * 3 * 784 * 4
    assert cost.fold_bytes == 4 * (weight + 4 * 3 + 4) + 2 * (2 * batch + weight)


def test_a_footprint_grows_with_the_batch(make_task, make_folds) -> None:
    small, large = (footprint(make_task(batch_size=size), make_folds([24])[0]).fold_bytes for size in (8, 24))
    assert small < large < 3 * small


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (nn.Flatten, "the network has no parameter that can be trained"),
        (
            lambda: nn.Linear(5, 3),
            r"forward in training mode failed: RuntimeError: .* for clips of shape \[3, 28, 28\]$",
        ),
        (
            lambda: nn.Sequential(nn.Flatten(), nn.Linear(2352, 4)),
            r"gives \[8, 4\] for 8 clips; it must give logits \[clips, 3\]",
        ),
    ],
)
def test_a_network_that_does_not_fit_its_features_or_classes_is_one_line(make_task, make_folds, network, says) -> None:
    with pytest.raises(PluginError, match=says) as caught:
        group_network(make_task(network), make_folds([20]))
    assert "\n" not in str(caught.value)


def test_at_least_one_fold_trains_at_once_and_no_more_than_there_are(make_task, monkeypatch) -> None:
    task, cost = make_task(), Footprint(parameters=10, fold_bytes=1000)
    monkeypatch.setattr(grouping, "memory_budget", lambda device: 10_500)
    assert folds_at_once(task, cost, 68) == grouping.CPU_FOLDS
    assert folds_at_once(task, cost, 2) == 2
    gpu = replace(task, device="cuda")
    assert folds_at_once(gpu, cost, 68) == 10
    assert folds_at_once(gpu, cost, 7) == 7
    assert folds_at_once(gpu, Footprint(10, 10**9), 68) == 1
    assert folds_at_once(gpu, Footprint(0, 0), 68) == 68


def test_a_group_that_lack_of_memory_makes_smaller_says_so(make_task, make_folds, monkeypatch) -> None:
    task, folds = make_task(Linear), make_folds([20, 20, 20, 20, 20])
    assert group_network(task, folds).reason == ""
    fold_bytes = group_network(task, folds).fold_bytes
    monkeypatch.setattr(grouping, "memory_budget", lambda device: 3 * fold_bytes)
    found = group_network(task, folds)
    assert (found.mode, found.at_once) == ("batched", 3)
    assert found.reason == "too little memory is free for 4, so results may differ from those of other machines"


def test_a_network_that_is_large_anywhere_trains_in_small_groups_without_a_word(make_task) -> None:
    large = Footprint(parameters=10, fold_bytes=grouping.CPU_CEILING // 2)
    assert why_fewer(make_task(), large, 68, 2) == ""
    assert why_fewer(replace(make_task(), device="cuda"), Footprint(10, 10), 68, 1) == ""


def test_the_schedule_of_a_network_that_can_be_batched_says_how_many_and_no_reason(make_task, make_folds) -> None:
    found = group_network(make_task(Linear), make_folds([20, 20]))
    assert (found.mode, found.at_once, found.reason) == ("batched", 2, "")
    assert found.parameters == 3 * 784 * 3 + 3
