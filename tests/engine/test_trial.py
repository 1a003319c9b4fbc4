"""A network that is at fault is told so in one line before anything is trained: whose, which function, where, why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from merbench.engine.folds import group_network
from merbench.engine.loop import Group, train_group
from merbench.errors import PluginError

HERE = r"at .*test_trial.py:\d+"


class Linear(nn.Module):
    """What the others differ from in one thing."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(2352, 3)

    def forward(self, image: Tensor) -> Any:
        return self.head(image.flatten(1))


class Pair(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image), image


class Forgetful(Linear):
    def forward(self, image: Tensor) -> Any:
        super().forward(image)


class Array(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image).detach().numpy()


class OnlyTraining(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image) if self.training else self.memory[0]


class Squeezing(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image).squeeze()


class Detached(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image).detach()


class Overwriting(Linear):
    def forward(self, image: Tensor) -> Any:
        hidden = super().forward(image).exp()
        result = hidden.sin()
        hidden.zero_()
        return result


class Hollow(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image) / 0


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (Pair, rf"forward in training mode {HERE} gives a tuple; it must give logits \[clips, 3\] for clips of shape"),
        (Forgetful, rf"forward in training mode {HERE} gives None; it must give logits"),
        (Array, rf"forward in training mode {HERE} gives a numpy.ndarray; it must give logits"),
        (OnlyTraining, rf"forward in evaluation mode failed {HERE} in forward: AttributeError: .*'memory'; it must"),
        (Squeezing, rf"forward in evaluation mode {HERE} gives \[3\] for 1 clips; it must give logits \[clips, 3\]"),
        (Detached, rf"forward in training mode {HERE} gives logits that depend on no trained parameter"),
        (Overwriting, r"the backward pass failed: RuntimeError: .*modified by an inplace operation"),
        (Hollow, rf"forward in training mode {HERE} gives logits that are not finite \(-?inf\) before any training"),
        (lambda: None, "what builds the network gives None; it must give a torch.nn.Module$"),
        (lambda: torch.zeros, "what builds the network gives a builtin_function_or_method; it must"),
    ],
)
def test_a_network_at_fault_is_told_before_it_trains(make_task, make_folds, network, says) -> None:
    with pytest.raises(PluginError, match=rf"^model my-net \(plugin mine\): {says}") as caught:
        group_network(make_task(network), make_folds([20, 20]))
    assert "\n" not in str(caught.value)


class Certain(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image).softmax(-1)


@pytest.mark.parametrize(("network", "noted"), [(Certain, True), (Linear, False)])
def test_probabilities_in_place_of_logits_are_noted(make_task, make_folds, network, noted) -> None:
    note = group_network(make_task(network), make_folds([20])).note
    assert note.startswith("the network's outputs look like probabilities") is noted


class Doubling(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image * 2)


class DoublingInPlace(Linear):
    def forward(self, image: Tensor) -> Any:
        return super().forward(image.mul_(2))


@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
@pytest.mark.parametrize("standardize", [True, False])
def test_what_a_network_writes_into_its_clips_is_seen_by_nobody_else(
    make_task, make_folds, flow, stacked, standardize
) -> None:
    before = flow[0].copy()
    (wanted,), (found,) = (
        train_group(Group(make_task(one, standardize=standardize), make_folds([20]), stacked=stacked))
        for one in (Doubling, DoublingInPlace)
    )
    assert np.array_equal(found.scores, wanted.scores)
    assert np.array_equal(flow[0], before)
