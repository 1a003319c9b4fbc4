"""A network that is restored from its weights predicts as it did when its fold was trained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from merbench.engine.kept import predict_kept, untrained
from merbench.engine.loop import Group, train_group
from merbench.errors import ReleaseError


class Normed(nn.Module):
    """A batch norm, whose statistics are learned beside the parameters, and a weight that is used twice."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.head = nn.Linear(3, classes)
        self.same = self.head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.head(self.norm(images).mean((2, 3)))
        return logits


def trained(task, folds, *, stacked):
    return train_group(Group(replace(task, keep_weights=True), folds, stacked=stacked))


@pytest.mark.parametrize("standardize", [False, True])
def test_networks_that_trained_at_once_predict_as_in_their_last_epoch(make_task, make_folds, standardize) -> None:
    task, folds = make_task(standardize=standardize), make_folds([4, 6])
    for fold, outcome in zip(folds, trained(task, folds, stacked=True), strict=True):
        found = predict_kept(task, fold, outcome.weights)
        np.testing.assert_allclose(found, outcome.scores[-1], atol=1e-6)
        assert np.abs(found - outcome.scores[0]).max() > 1e-4


def test_the_statistics_of_a_batch_norm_are_kept_and_a_shared_tensor_only_once(make_task, make_folds) -> None:
    task, (fold,) = make_task(build=Normed), make_folds([5])
    (outcome,) = trained(task, [fold], stacked=False)
    assert sorted(outcome.weights) == [
        *("network.head.bias", "network.head.weight", "network.norm.bias", "network.norm.num_batches_tracked"),
        *("network.norm.running_mean", "network.norm.running_var", "network.norm.weight"),
    ]
    assert np.array_equal(predict_kept(task, fold, outcome.weights), outcome.scores[-1])


def test_weights_are_kept_only_if_they_are_asked_for(make_task, make_folds) -> None:
    task, (fold,) = make_task(), make_folds([5])
    (outcome,) = train_group(Group(task, [fold], stacked=False))
    assert outcome.weights == {}


def test_keeping_weights_changes_no_prediction(make_task, make_folds) -> None:
    task, folds = make_task(), make_folds([4, 6])
    without = train_group(Group(task, folds, stacked=True))
    for one, other in zip(without, trained(task, folds, stacked=True), strict=True):
        assert np.array_equal(one.scores, other.scores)


def test_weights_of_another_network_are_one_line(make_task, make_folds) -> None:
    task, (fold,) = make_task(), make_folds([5])
    fresh = untrained(task)
    name = min(fresh)
    for weights, said in (
        ({**fresh, "network.other": torch.zeros(1)}, "tensor network.other is only in one of both"),
        ({one: tensor for one, tensor in fresh.items() if one != name}, f"tensor {name} is only in one of both"),
        ({**fresh, name: torch.zeros(1, 7)}, rf"{name} has shape \[1, 7\], but the network wants"),
        ({**fresh, name: torch.full_like(fresh[name], torch.nan)}, "class scores that are not finite"),
    ):
        with pytest.raises(ReleaseError, match=said):
            predict_kept(task, fold, weights)


def test_moments_of_another_shape_are_one_line(make_task, make_folds) -> None:
    task, (fold,) = make_task(standardize=True), make_folds([5])
    (outcome,) = trained(task, [fold], stacked=False)
    with pytest.raises(ReleaseError, match=r"mean.0 has shape \[3\], but the network wants \[1, 3, 1, 1\]"):
        predict_kept(task, fold, {**outcome.weights, "mean.0": torch.zeros(3)})
