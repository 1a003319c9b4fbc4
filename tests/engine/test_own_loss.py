"""Networks with their own training loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from merbench.engine.folds import group_network
from merbench.engine.grouping import PADDED
from merbench.engine.loop import Group, train_group
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import PluginError, TrainingError
from merbench.plugin.specs import Recipe, TorchModel
from merbench.plugin.validation import fault
from merbench.protocols import Fold

HERE = "tests.engine.test_own_loss"


class TwoHeads(nn.Module):
    """Logits, and the mean of the image as a second task."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.mean = nn.Linear(3 * 28 * 28, 3), nn.Linear(3 * 28 * 28, 1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        flat = image.flatten(1)
        return self.classes(flat), (self.mean(flat)[:, 0] - flat.mean(1)).square()


def plain(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    """What the engine computes for a recipe without settings of the loss."""
    losses = functional.cross_entropy(outputs[0], labels, reduction="none")
    return (losses * weights).sum() / weights.sum()


def two_tasks(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    return plain(outputs, labels, weights) + 0.1 * (outputs[1] * weights).sum() / weights.sum()


def pairs(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    """Clips of one class are to have the same logits."""
    apart = torch.cdist(outputs[0], outputs[0])
    counted = (labels[:, None] == labels) * weights[:, None] * weights
    return plain(outputs, labels, weights) + (apart * counted).sum() / counted.sum()


def alike(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    """Supervised contrast that forgets the weights. A clip and its copy, which fills up a batch, are alike anyway."""
    logits = functional.normalize(outputs[0], dim=1)
    itself = torch.eye(len(logits), dtype=torch.bool)
    log_p = functional.log_softmax((logits @ logits.T / 0.01).masked_fill(itself, -1e9), 1)
    same = (labels[:, None] == labels) & ~itself
    return plain(outputs, labels, weights) - ((log_p * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def of_all(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    return functional.cross_entropy(outputs[0], labels)


def for_each_clip(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    return functional.cross_entropy(outputs[0], labels, reduction="none")


def detached(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    return plain(outputs, labels, weights).detach()


def as_number(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> float:
    return plain(outputs, labels, weights).item()


def divided_by_zero(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    return plain(outputs, labels, weights) / 0


def failing(outputs: tuple[Tensor, Tensor], labels: Tensor, weights: Tensor) -> Tensor:
    raise KeyError("aux")


def with_loss(task: Task, name: str) -> Task:
    return replace(task, training_loss=f"{HERE}:{name}")


def trained(task: Task, folds: list[Fold], *, stacked: bool) -> list[FoldOutcome]:
    groups = [folds] if stacked else [[fold] for fold in folds]
    return [one for group in groups for one in train_group(Group(task, group, stacked=stacked))]


class Logits(TwoHeads):
    """The same network without the second task."""

    def forward(self, image: Tensor) -> Tensor:  # type: ignore[override]
        logits: Tensor = self.classes(image.flatten(1))
        return logits


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_the_loss_of_the_engine_as_ones_own_trains_the_same(make_task, make_folds, stacked, class_weights) -> None:
    folds = make_folds([20, 17])
    engines = trained(make_task(Logits, class_weights=class_weights), folds, stacked=stacked)
    own = trained(with_loss(make_task(TwoHeads, class_weights=class_weights), "plain"), folds, stacked=stacked)
    for one, other in zip(engines, own, strict=True):
        np.testing.assert_allclose(other.loss, one.loss, rtol=1e-5)
        np.testing.assert_allclose(other.scores, one.scores, atol=1e-5)


@pytest.mark.parametrize("loss", ["two_tasks", "pairs"])
def test_a_loss_that_counts_no_padding_trains_folds_of_other_sizes_together_as_alone(
    make_task, make_folds, loss
) -> None:
    task, folds = with_loss(make_task(TwoHeads), loss), make_folds([20, 17, 23])
    assert group_network(task, folds).mode == "batched"
    together, alone = (trained(task, folds, stacked=stacked) for stacked in (True, False))
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.loss, other.loss, rtol=1e-4)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-4)
    plainly = trained(with_loss(make_task(TwoHeads), "plain"), folds, stacked=False)
    assert not np.allclose(plainly[0].loss, alone[0].loss, rtol=1e-2)


@pytest.mark.parametrize("loss", ["of_all", "alike"])
def test_a_loss_that_counts_padding_trains_one_fold_at_a_time(make_task, make_folds, loss) -> None:
    task, folds = with_loss(make_task(TwoHeads), loss), make_folds([20, 17])
    begin = np.unique(task.labels, return_index=True)[1]  # the first clips have no two of one class
    folds = [replace(fold, train=np.array([*begin, *np.setdiff1d(fold.train, begin)])) for fold in folds]
    grouping = group_network(task, folds)
    assert (grouping.mode, grouping.reason) == ("sequential", PADDED)


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        ("for_each_clip", r"training_loss at .*test_own_loss.py:\d+ gives a tensor of shape \[8\]; it must give one"),
        ("detached", r"gives a tensor of shape \[\] without a gradient"),
        ("as_number", "training_loss at .* gives a float"),
        ("divided_by_zero", r"training_loss at .*_own_loss.py:\d+ gives a loss that is not finite \(inf\) before any"),
        ("failing", r"training_loss failed at .*test_own_loss.py:\d+ in failing: KeyError: 'aux'"),
    ],
)
def test_a_wrong_loss_is_told_before_training(make_task, make_folds, loss, told) -> None:
    task = replace(with_loss(make_task(TwoHeads), loss), author=replace(make_task().author, modules=("tests",)))
    with pytest.raises(PluginError, match=told):
        group_network(task, make_folds([20]))


class Named(TwoHeads):
    def forward(self, image: Tensor) -> Any:
        return dict(zip(("logits", "error"), super().forward(image), strict=True))


def test_outputs_that_are_no_tuple_are_told_where_logits_are_looked_for(make_task, make_folds) -> None:
    told = r"gives a dict; it must give logits \[clips, 3\], alone or first in a tuple, for clips of shape"
    with pytest.raises(PluginError, match=told):
        group_network(with_loss(make_task(Named), "plain"), make_folds([20]))


def test_a_loss_that_diverges_in_training_is_told_with_its_name(make_task, make_folds) -> None:
    task = with_loss(make_task(TwoHeads, lr=1e30, optimizer="sgd"), "two_tasks")
    with pytest.raises(TrainingError, match=f"fold0 .* or --precision fp32, or look at {HERE}:two_tasks$"):
        trained(task, make_folds([20]), stacked=False)


def test_more_than_logits_without_a_loss_of_its_own_is_refused(make_task, make_folds) -> None:
    with pytest.raises(PluginError, match=r"forward in training mode.* gives a tuple"):
        group_network(make_task(TwoHeads), make_folds([20]))


@pytest.mark.parametrize("setting", ["focal", "label_smoothing", "mixup"])
def test_a_setting_of_the_recipes_loss_is_refused(setting) -> None:
    def of(**settings: Any) -> TorchModel:
        recipes = {"default": Recipe(**settings)}
        return TorchModel(name="m", network="m:Net", features=("x",), training_loss="m:loss", recipes=recipes)

    assert fault(of(), "models") == ""
    assert fault(of(**{setting: 0.5}), "models").endswith("the model has its own training_loss")
