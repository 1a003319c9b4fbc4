"""The training loop: standardising, several inputs, precision, what is not finite, and whose randomness is used."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from merbench.engine.grouping import why_not_batched
from merbench.engine.loop import Group, train_group
from merbench.engine.networks import build_network
from merbench.engine.task import Task
from merbench.errors import TrainingError
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

# An image-like and a vector-like input of two clips to train on (0 and 1) and one to evaluate (2), by hand:
# channel 0 of the image has mean 2 and deviation 1 over clips 0 and 1, channel 1 is constant there.
IMAGES = np.array(
    [[[[1.0, 3.0]], [[7.0, 7.0]]], [[[1.0, 3.0]], [[7.0, 7.0]]], [[[4.0, 0.0]], [[9.0, 7.0]]]], np.float32
)
VECTORS = np.array([[10.0, -1.0, 5.0], [30.0, -3.0, 5.0], [40.0, 0.0, 6.0]], np.float32)
STANDARD_IMAGES = [[[[-1, 1]], [[0, 0]]], [[[-1, 1]], [[0, 0]]], [[[2, -2]], [[2, 0]]]]
STANDARD_VECTORS = [[-1, 1, 0], [1, -1, 0], [2, 2, 1]]


class TwoInputs(nn.Module):
    """Logits of an image and a vector."""

    def __init__(self, seen: list[tuple[Tensor, Tensor]] | None = None, pixels: int = 4, values: int = 3) -> None:
        super().__init__()
        self.seen = seen
        self.image, self.vector = nn.Linear(pixels, 3), nn.Linear(values, 3)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        if self.seen is not None:
            self.seen.append((image.clone(), vector.clone()))
        logits: Tensor = self.image(image.flatten(1)) + self.vector(vector)
        return logits


def test_standardising_takes_mean_and_deviation_of_the_folds_training_clips_alone() -> None:
    seen: list[tuple[Tensor, Tensor]] = []
    task = Task(
        build=lambda: TwoInputs(seen),
        author=Author.of("model my-net", "mine"),
        arrays=(IMAGES, VECTORS),
        labels=np.array([0, 1, 2]),
        classes=3,
        recipe=Recipe(epochs=1, batch_size=2, order="clip", standardize=True),
    )
    train_group(Group(task, [Fold(name="f", train=np.array([0, 1]), test=np.array([2]), seed=0)], stacked=False))
    images, vectors = (torch.cat(parts) for parts in zip(*seen, strict=True))
    assert images.tolist() == STANDARD_IMAGES
    assert vectors.tolist() == STANDARD_VECTORS


def test_folds_of_a_group_are_standardised_each_by_its_own_clips(make_task, make_folds, flow) -> None:
    folds = make_folds([20, 17])
    group = Group(make_task(standardize=True), folds, stacked=True)
    for (mean, deviation), array in zip(group.moments, (flow[0],), strict=True):
        for index, fold in enumerate(folds):
            seen = array[fold.train].astype(np.float64)
            np.testing.assert_allclose(mean[index, 0, :, 0, 0], seen.mean((0, 2, 3)), atol=1e-5)
            np.testing.assert_allclose(deviation[index, 0, :, 0, 0], seen.std((0, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("standardize", [True, False])
def test_two_inputs_of_any_shape_train_together_as_alone(flow, make_task, make_folds, standardize) -> None:
    images, vectors = flow[0][:, :2, :5, :9], flow[0][:, 0, :4, 3].copy()
    build = partial(TwoInputs, pixels=90, values=4)
    task, folds = make_task(build, arrays=(images, vectors), standardize=standardize), make_folds([20, 17, 23])
    assert why_not_batched(task, folds[0]) == ""
    for fold, found in zip(folds, train_group(Group(task, folds, stacked=True)), strict=True):
        (alone,) = train_group(Group(task, [fold], stacked=False))
        np.testing.assert_allclose(found.scores, alone.scores, atol=2e-5)


def test_bf16_runs_on_the_cpu_and_stays_close_to_fp32(make_task, make_folds) -> None:
    folds = make_folds([20, 17])
    exact, coarse = (
        train_group(Group(make_task(standardize=True, epochs=1, precision=precision), folds, stacked=True))
        for precision in ("fp32", "bf16")
    )
    for one, other in zip(exact, coarse, strict=True):
        assert other.scores.dtype == np.float32
        assert not np.array_equal(one.scores, other.scores)
        # bfloat16 keeps 8 bits: logits of about 1 err by 2**-8, and three steps of 1e-3 on each parameter hardly add
        assert np.abs(one.scores - other.scores).max() < 0.02


@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_loss_that_is_not_finite_stops_with_fold_epoch_and_advice(make_task, make_folds, stacked, optimizer) -> None:
    group = Group(make_task(lr=1e30, optimizer=optimizer), make_folds([20]), stacked=stacked)
    with pytest.raises(TrainingError) as caught:
        train_group(group)
    says = str(caught.value)
    assert "fold0" in says
    assert "epoch 1;" in says
    assert "--set lr=1e+29" in says
    assert "finished folds are kept" in says
    assert "\n" not in says


def test_the_epoch_and_the_fold_named_are_those_that_failed(make_task, make_folds) -> None:
    group, done = Group(make_task(), make_folds([20, 17]), stacked=True), []

    def break_the_second(folds: int) -> None:
        done.append(folds)
        if len(done) == 2:
            with torch.no_grad():
                next(iter(dict(group.network.named_parameters()).values()))[1].fill_(float("nan"))

    with pytest.raises(TrainingError, match=r"the loss of fold fold1 is nan in epoch 3"):
        train_group(group, break_the_second)
    assert done == [2, 2]


def test_a_last_step_that_ruins_the_network_is_found_in_its_scores(make_task, make_folds) -> None:
    group = Group(make_task(lr=1e38, optimizer="sgd", epochs=1, batch_size=20), make_folds([20]), stacked=True)
    with pytest.raises(TrainingError, match=r"class scores of fold fold0 are not finite after epoch 1"):
        train_group(group)


def test_initial_parameters_depend_on_the_seed_alone(make_task, make_folds) -> None:
    task, folds = make_task(), make_folds([20, 17, 23])
    group = Group(task, folds, stacked=True)
    torch.rand(7)
    for index, fold in enumerate(folds):
        for name, parameter in build_network(task, fold.seed).named_parameters():
            assert torch.equal(group.network.stacked[name][index], parameter)
        (alone,) = (Group(task, [replace(fold, name="other")], stacked=False),)
        for name, parameter in alone.network.named_parameters():
            assert torch.equal(parameter, group.network.stacked[name][index])


@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
def test_training_leaves_the_callers_randomness_as_it_was(make_task, make_folds, stacked) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    np.random.seed(5)
    state = np.random.get_state()[1].copy()
    train_group(Group(make_task(epochs=1), make_folds([20]), stacked=stacked))
    assert torch.equal(torch.rand(3), wanted)
    assert (np.random.get_state()[1] == state).all()


def test_dropout_does_not_depend_on_what_was_drawn_or_trained_before(make_task, make_folds) -> None:
    task = make_task(lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2352, 3)))
    folds = make_folds([20, 17])
    first, second = (Group(task, [fold], stacked=False) for fold in folds)  # both set up before either trains
    torch.rand(9)
    (one,), (two,) = train_group(first), train_group(second)
    torch.manual_seed(1)
    (again,) = train_group(Group(task, folds[1:], stacked=False))
    assert np.array_equal(two.scores, again.scores)
    assert np.array_equal(two.loss, again.loss)
    assert one.name != two.name


def test_every_epoch_of_every_fold_is_told(make_task, make_folds) -> None:
    told: list[int] = []
    train_group(Group(make_task(), make_folds([20, 17]), stacked=True), told.append)
    assert told == [2, 2, 2]


def test_a_network_never_sees_an_evaluated_clip_in_training_mode(make_task, make_folds, flow) -> None:
    shown: list[Tensor] = []

    class Watching(nn.Sequential):
        def forward(self, image: Tensor) -> Tensor:
            if self.training:
                shown.append(image.clone())
            logits: Tensor = super().forward(image)
            return logits

    (fold,) = make_folds([20])
    task = make_task(lambda: Watching(nn.Flatten(), nn.Linear(2352, 3)))
    train_group(Group(task, [fold], stacked=False))
    clips = {tuple(image[0, 0].tolist()) for image in torch.cat(shown)}
    assert clips == {tuple(image[0, 0].tolist()) for image in flow[0][fold.train]}
    assert len(torch.cat(shown)) == 3 * 20


def test_the_truth_of_evaluated_clips_changes_nothing(make_task, make_folds) -> None:
    task, folds = make_task(), make_folds([20])
    labels = task.labels.copy()
    labels[folds[0].test] = (labels[folds[0].test] + 1) % 3
    (one,), (other,) = (
        train_group(Group(replace(task, labels=truth), folds, stacked=True)) for truth in (task.labels, labels)
    )
    assert np.array_equal(one.scores, other.scores)
