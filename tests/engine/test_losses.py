"""What a step minimises, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from merbench.engine.losses import Mixing, class_weights, clip_losses, draw_mixing, step_losses
from merbench.plugin.specs import Recipe

HALF = math.log(2)  # the cross-entropy of a clip whose true class has probability 1/2
LOGITS = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]))
LABELS = torch.tensor([0, 1])


def test_plain_loss_is_minus_the_logarithm_of_the_true_classs_probability() -> None:
    assert clip_losses(LOGITS, LABELS, Recipe()).tolist() == pytest.approx([HALF, -math.log(0.8)])


def test_focal_loss_makes_little_of_what_is_known_well() -> None:
    found = clip_losses(LOGITS, LABELS, Recipe(focal=2.0))
    assert found.tolist() == pytest.approx([0.25 * HALF, 0.04 * -math.log(0.8)])


def test_label_smoothing_gives_every_class_a_share_of_the_truth() -> None:
    logs = [-math.log(p) for p in (0.5, 0.25, 0.25)]
    wanted = 0.9 * logs[0] + 0.1 * sum(logs) / 3
    assert clip_losses(LOGITS[:1], LABELS[:1], Recipe(label_smoothing=0.1)).item() == pytest.approx(wanted)


@pytest.mark.parametrize("focal", [0.5, 1.0, 2.0])
def test_focal_loss_of_a_certain_clip_is_zero_with_a_finite_slope(focal) -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
    loss = clip_losses(logits, torch.tensor([0]), Recipe(focal=focal))
    torch.autograd.backward(loss.sum())
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_balanced_weights_give_every_class_of_a_fold_the_same_say(make_task, make_folds) -> None:
    task, (fold,) = make_task(class_weights="balanced"), make_folds((20,))
    (found,) = class_weights(task, [fold])
    counts = np.bincount(task.labels[fold.train], minlength=3)
    assert (found.numpy() * counts).tolist() == pytest.approx([20 / 3] * 3)
    assert class_weights(make_task(), [fold]).tolist() == [[1, 1, 1]]


def test_a_class_that_a_fold_lacks_has_no_weight(make_task, make_folds) -> None:
    task, (fold,) = make_task(class_weights="balanced"), make_folds((20,))
    without = replace(fold, train=fold.train[task.labels[fold.train] != 1])
    (found,) = class_weights(task, [without])
    assert found[1] == 0
    assert found.isfinite().all()


def test_the_loss_of_a_step_is_the_mean_by_class_weight_and_padding_counts_nothing() -> None:
    logits = torch.stack([LOGITS, LOGITS])
    weights = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    by_class = torch.tensor([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]])
    found = step_losses(logits, torch.stack([LABELS, LABELS]), weights, by_class, None, Recipe())
    assert found.tolist() == pytest.approx([(3 * HALF - math.log(0.8)) / 4, HALF])


def test_mixed_clips_are_shares_of_two_and_answer_for_both_classes() -> None:
    mixing = Mixing(torch.tensor([0.7]), torch.tensor([[1, 0]]))
    values = torch.tensor([[[10.0], [20.0]]])
    assert mixing.mixed(values).flatten().tolist() == pytest.approx([13.0, 17.0])
    losses = -LOGITS[0]
    found = step_losses(
        LOGITS[None, :1].repeat(1, 2, 1), LABELS[None], torch.ones(1, 2), torch.ones(1, 3), mixing, Recipe()
    )
    first = 0.7 * losses[0] + 0.3 * losses[1]
    second = 0.7 * losses[1] + 0.3 * losses[0]
    assert found.item() == pytest.approx(float(first + second) / 2)


def test_mixing_is_drawn_for_each_fold_alone_and_never_with_padding(make_folds) -> None:
    folds = make_folds((20, 17))
    weights = np.array([[1, 1, 1, 1], [1, 1, 1, 0]], np.float32)
    both = draw_mixing(Recipe(mixup=0.4), folds, weights, epoch=1, step=2)
    alone = draw_mixing(Recipe(mixup=0.4), folds[1:], weights[1:], epoch=1, step=2)
    assert torch.equal(both.partner[1], alone.partner[0])
    assert both.share[1] == alone.share[0]
    assert sorted(both.partner[0].tolist()) == [0, 1, 2, 3]
    assert sorted(both.partner[1, :3].tolist()) == [0, 1, 2]
    assert both.partner[1, 3] == 3
    assert ((both.share > 0) & (both.share < 1)).all()


def test_small_mixup_mixes_little_and_1_draws_any_share_alike(make_folds) -> None:
    (fold,) = make_folds((20,))
    weights = np.ones((1, 4), np.float32)

    def shares(alpha: float) -> np.ndarray:
        return np.array(
            [draw_mixing(Recipe(mixup=alpha), [fold], weights, 0, step).share.item() for step in range(200)]
        )

    assert (
        np.mean(np.minimum(shares(0.05), 1 - shares(0.05))) < 0.06 < 0.2 < np.mean(np.minimum(shares(1), 1 - shares(1)))
    )
