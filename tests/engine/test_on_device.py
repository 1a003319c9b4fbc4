"""Training on an accelerator: a step needs nothing of the host, and the host waits for nothing in a step.

Torch's device `meta`, whose tensors have shapes and no values, stands for a GPU: an operation that asks for a value, or
for the number of values, fails, and what passes between this device and the CPU is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from merbench.engine.loop import Group
from merbench.engine.steps import epoch_steps
from merbench.errors import PluginError

RECIPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "augmented": {"flip": 0.5, "rotation": 5.0, "crop_padding": 2, "order": "balanced"},
    "mixed": {"mixup": 0.4, "label_smoothing": 0.1, "focal": 2.0, "class_weights": "balanced"},
    "scheduled": {"schedule": "cosine", "optimizer": "adamw", "warmup_epochs": 1},
    "momentum": {"optimizer": "sgd", "schedule": "one-cycle"},
}


class Dropping(nn.Module):
    """Drops out by keyed numbers."""

    def __init__(self, body: Callable[[Tensor], Tensor] = lambda x: x) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(2352, 3)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(functional.dropout(image.flatten(1), 0.5, self.training)))
        return logits


class Copies(TorchDispatchMode):
    """Counts operations on tensors of both devices: copies, and whatever would need a copy first.

    Torch takes numbers, which are tensors of the CPU without axes, to another device together with the operation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        flat = [one for given in (*args, result) for one in (given if isinstance(given, list | tuple) else [given])]
        if len({one.device for one in flat if isinstance(one, Tensor) and one.ndim}) > 1:
            self.counted[str(func)] += 1
        return result


def group_of(make_task: Any, make_folds: Any, build: Any, stacked: bool, **recipe: Any) -> Group:
    task = make_task(build, **recipe)
    elsewhere = replace(task, device="meta", mirrors=(lambda clips: clips.flip(-1),))
    return Group(elsewhere, make_folds([20, 17] if stacked else [20]), stacked=stacked)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
def test_a_step_and_a_prediction_neither_wait_nor_copy(make_task, make_folds, recipe, stacked) -> None:
    group = group_of(make_task, make_folds, Dropping, stacked, **recipe)
    group.scores()  # brings the positions of the evaluated clips
    batches = epoch_steps(group.task, group.folds, 0)
    group.network.mode(True)
    with Copies() as copies:
        losses = [group.step(batch) for batch in batches]
        scores = group.scores()
    assert {one.device.type for one in (*losses, scores)} == {"meta"}
    assert copies.counted == {}


@pytest.mark.parametrize("batch_size", [5, 16])
def test_an_epoch_copies_each_kind_of_number_once_however_many_steps_it_has(make_task, make_folds, batch_size) -> None:
    group = group_of(make_task, make_folds, Dropping, True, batch_size=batch_size, flip=0.5, mixup=0.4)
    with Copies() as copies:
        group.epoch(0)
    assert copies.counted == {"aten._to_copy.default": 3}  # whole numbers, floats, and what augmentation draws


def test_these_tests_would_see_a_network_that_waits(make_task, make_folds) -> None:
    def doubling(x: Tensor) -> Tensor:
        return x if x.sum().item() > 0 else 2 * x

    group = group_of(make_task, make_folds, lambda: Dropping(doubling), False)
    with pytest.raises(PluginError, match="meta"):
        group.epoch(0)


def test_these_tests_would_see_a_network_that_copies(make_task, make_folds) -> None:
    ones = torch.ones(2352)
    group = group_of(make_task, make_folds, lambda: Dropping(lambda x: x + ones.to(x.device)), False, batch_size=5)
    with Copies() as copies:
        group.epoch(0)
    assert copies.counted == {"aten._to_copy.default": 2 + 4}  # two for the epoch, and one for each step
