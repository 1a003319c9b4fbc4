"""Known answers: what the engine trains is what a plain PyTorch loop trains, alone or many folds at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from merbench_htnet.network import HTNet
from merbench_shallow.ststnet import STSTNet

from merbench.engine.draws import KeyedDraws, draw_keys
from merbench.engine.grouping import groups
from merbench.engine.loop import Group, train_group
from merbench.engine.networks import build_network
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import PluginError
from merbench.protocols import Fold

# Probabilities. Only the order of float32 sums differs (batched or single products, a mean or a weighted sum): some
# 1e-7 a step, which a dozen steps of Adam carry on. One step with a wrong clip in it shows in the second digit: see
# test_the_tolerance_would_show_one_wrong_clip.
TOLERANCE = 2e-5

RECIPES: list[dict[str, Any]] = [
    {"optimizer": "adam"},
    {"optimizer": "adam", "order": "by-class", "standardize": True},
    {"optimizer": "adamw", "weight_decay": 0.05, "standardize": True, "schedule": "one-cycle", "label_smoothing": 0.1},
    {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "weight_decay": 1e-3},
    {"optimizer": "sgd", "lr": 0.05, "order": "clip", "schedule": "one-cycle", "standardize": True},
]
NAMES = ["adam", "by-class", "adamw-one-cycle", "sgd", "sgd-one-cycle"]
# What no plain loop below has.
SETTINGS: dict[str, dict[str, Any]] = {
    "weights": {"class_weights": "balanced"},
    "focal": {"focal": 2.0},
    "mixup": {"mixup": 0.4},
    "sampling": {"order": "balanced"},
    "augmentation": {"flip": 0.5, "rotation": 10.0, "crop_padding": 2},
}
SIZES = (20, 17, 24, 23)  # three steps of 8 each, the last of 4, 1, 8 and 7 clips
OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


def by_hand(task: Task, fold: Fold, network_class: Callable[..., torch.nn.Module], **options: Any) -> np.ndarray:
    """Probabilities `[epochs, clips, classes]` as anyone would compute them, one fold and nothing of the engine but the
    random numbers of dropout."""
    recipe = task.recipe
    images, labels = torch.from_numpy(task.arrays[0]), torch.from_numpy(task.labels)
    if recipe.standardize:
        seen = images[fold.train].double()
        images = ((images - seen.mean((0, 2, 3), True)) / seen.std((0, 2, 3), correction=0, keepdim=True)).float()
    torch.manual_seed(derive_seed(fold=fold.seed, purpose="init"))
    network = network_class(classes=3, **options)
    momentum = {"momentum": recipe.momentum} if recipe.optimizer == "sgd" else {}
    optimizer = OPTIMIZERS[recipe.optimizer](
        network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, **momentum
    )
    steps = recipe.epochs * -(-len(fold.train) // recipe.batch_size)
    schedule = None
    if recipe.schedule == "one-cycle":
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=steps)
    torch.manual_seed(derive_seed(fold=fold.seed, purpose="training"))
    probabilities = []
    for epoch in range(recipe.epochs):
        order = fold.train
        if recipe.order == "shuffled":
            order = np.random.default_rng(derive_seed(fold=fold.seed, purpose="order", epoch=epoch)).permutation(order)
        elif recipe.order == "by-class":
            order = np.concatenate([order[task.labels[order] == label] for label in range(3)])
        network.train()
        for start in range(0, len(order), recipe.batch_size):
            batch = order[start : start + recipe.batch_size]
            with KeyedDraws(draw_keys([fold], epoch, start // recipe.batch_size)[0]):
                logits = network(images[batch])
            loss = torch.nn.functional.cross_entropy(logits, labels[batch], label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            if schedule is not None:
                schedule.step()
        network.eval()
        with torch.no_grad():
            probabilities.append(network(images[fold.test]).softmax(-1).numpy())
    return np.stack(probabilities)


def htnet_by_hand(task: Task, fold: Fold) -> np.ndarray:
    return by_hand(task, fold, HTNet, dim=8, block_repeats=(1, 1, 1))


def trained(task: Task, folds: list[Fold], at_once: int, *, stacked: bool = True) -> dict[str, FoldOutcome]:
    outcomes = [train_group(Group(task, group, stacked=stacked)) for group in groups(task, folds, at_once)]
    return {outcome.name: outcome for group in outcomes for outcome in group}


def assert_same(found: FoldOutcome, scores: np.ndarray) -> None:
    assert found.scores.dtype == np.float32
    assert np.abs(found.scores - scores).max() < TOLERANCE
    assert (found.predicted == scores.argmax(-1)).all()


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
def test_htnet_trains_as_a_plain_loop_trains_it(make_task, make_folds, recipe, stacked) -> None:
    task, folds = make_task(**recipe), make_folds(SIZES)
    found = trained(task, folds, len(folds) if stacked else 1, stacked=stacked)
    for fold in folds:
        assert_same(found[fold.name], htnet_by_hand(task, fold))


def test_ststnet_trains_as_a_plain_loop_trains_it_dropout_and_all(make_task, make_folds) -> None:
    task, folds = make_task(lambda: STSTNet(classes=3)), make_folds(SIZES[:2])
    found = trained(task, folds, 1, stacked=False)
    for fold in folds:
        assert_same(found[fold.name], by_hand(task, fold, STSTNet))


@pytest.mark.parametrize("name", SETTINGS)
def test_folds_train_together_as_each_does_alone(make_task, make_folds, name) -> None:
    plain, folds = make_task(optimizer="sgd", lr=0.01), make_folds(SIZES[:2])
    task = replace(plain, recipe=replace(plain.recipe, **SETTINGS[name]), mirrors=(lambda clips: clips.flip(-1),))
    alone, without = trained(task, folds, 1, stacked=False), trained(plain, folds, 2)
    for fold, outcome in trained(task, folds, 2).items():
        assert_same(outcome, alone[fold].scores)
        assert np.abs(outcome.scores - without[fold].scores).max() > 1e-4


def test_grouping_and_order_of_folds_change_nothing(make_task, make_folds) -> None:
    task, folds = make_task(**RECIPES[NAMES.index("adamw-one-cycle")]), make_folds(SIZES)
    alone = trained(task, folds, 1, stacked=False)
    for at_once, some in ((1, folds), (2, folds), (4, folds), (2, folds[::-1]), (3, folds[1:])):
        for name, outcome in trained(task, some, at_once).items():
            assert_same(outcome, alone[name].scores)
            np.testing.assert_allclose(outcome.loss, alone[name].loss, rtol=1e-4)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 28), min_size=2, max_size=4), batch_size=st.integers(1, 12))
def test_folds_of_any_sizes_train_together_as_each_does_alone(make_task, make_folds, sizes, batch_size) -> None:
    # SGD: in it a difference of rounding stays one, where Adam divides a tiny gradient by its own size
    task = make_task(optimizer="sgd", lr=0.01, epochs=1, batch_size=batch_size)
    folds = make_folds(sizes)
    alone = trained(task, folds, 1, stacked=False)
    for name, outcome in trained(task, folds, 4).items():
        assert_same(outcome, alone[name].scores)


def test_the_tolerance_would_show_one_wrong_clip(make_task, make_folds) -> None:
    task, (fold,) = make_task(), make_folds(SIZES[:1])
    right = htnet_by_hand(task, fold)
    wrong = htnet_by_hand(task, replace(fold, train=np.append(fold.train[:-1], fold.test[0])))
    assert np.abs(right - wrong).max() > 100 * TOLERANCE


def test_an_outcome_has_scores_classes_and_losses_of_every_epoch(make_task, make_folds) -> None:
    found = trained(make_task(), make_folds(SIZES[:2]), 2)
    assert list(found) == ["fold0", "fold1"]
    assert found["fold0"].scores.shape == (3, 10, 3)
    assert found["fold1"].scores.shape == (3, 13, 3)
    assert found["fold1"].predicted.shape == (3, 13)
    assert found["fold1"].loss.shape == (3,)
    assert found["fold1"].loss[-1] < found["fold1"].loss[0]
    np.testing.assert_allclose(found["fold0"].scores.sum(-1), 1, atol=1e-6)


def test_lazy_modules_are_refused(make_task) -> None:
    with pytest.raises(PluginError, match="LazyLinear has lazy modules"):
        build_network(make_task(lambda: torch.nn.LazyLinear(3)), 0)
