"""Learning rates by step and by layer, and what weight decay acts on."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from merbench.engine.optimizers import Rates, make_optimizer, rate
from merbench.errors import PluginError
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe

STEPS = 4  # an epoch


class Layered(nn.Module):
    """Three layers, and a method that says which parameter is in which."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3))

    def layer_of(self, parameter: str) -> int:
        return int(parameter.split(".")[1])


AUTHOR = Author.of("model my-net", "mine", __name__)


def optimizer_of(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    return make_optimizer(recipe, network, network.named_parameters(), STEPS, "cpu", AUTHOR)[0]


def factors(recipe: Recipe) -> list[float]:
    factor = rate(recipe, STEPS)
    return [factor(step) for step in range(recipe.epochs * STEPS)]


def test_steps_fall_after_as_many_epochs_and_stop_falling_where_told() -> None:
    found = factors(Recipe(schedule="step", decay=0.5, decay_every=2, epochs=6))
    assert found[::STEPS] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert found[: 2 * STEPS] == [1] * 8
    found = factors(Recipe(schedule="step", decay=0.5, decay_epochs=2, epochs=5))
    assert found[::STEPS] == [1, 0.5, 0.25, 0.25, 0.25]


def test_steps_count_their_epochs_from_the_end_of_the_warm_up() -> None:
    found = factors(Recipe(schedule="step", decay=0.5, decay_epochs=2, warmup_epochs=2, epochs=6))
    assert found[: 2 * STEPS] == pytest.approx([n / 8 for n in range(1, 9)])
    assert found[2 * STEPS :: STEPS] == [1, 0.5, 0.25, 0.25]


def test_a_warm_up_grows_in_a_line_and_reaches_the_rate_with_its_last_step() -> None:
    found = factors(Recipe(warmup_epochs=2, epochs=4))
    assert found[:8] == pytest.approx([n / 8 for n in range(1, 9)])
    assert found[8:] == [1] * 8


def test_a_cosine_falls_from_the_rate_to_nearly_nothing_behind_the_warm_up() -> None:
    found = factors(Recipe(schedule="cosine", warmup_epochs=1, epochs=3))
    assert found[4] == 1
    assert found[8] == pytest.approx(0.5)
    assert found[-1] == pytest.approx(0.5 * (1 + math.cos(math.pi * 7 / 8)))


def test_the_schedule_is_followed_step_by_step() -> None:
    network = Layered()
    recipe = Recipe(lr=0.1, schedule="step", decay=0.1, epochs=2)
    optimizer, schedule = make_optimizer(recipe, network, network.named_parameters(), STEPS, "cpu", AUTHOR)
    assert schedule is not None
    rates = []
    for _ in range(2 * STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates == pytest.approx([0.1] * 4 + [0.01] * 4)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_a_layer_below_learns_more_slowly_by_the_same_share(schedule) -> None:
    optimizer = optimizer_of(Recipe(lr=1.0, layer_decay=0.5, schedule=schedule, epochs=2), Layered())
    peaks = [group.get("max_lr", group.get("initial_lr", group["lr"])) for group in optimizer.param_groups]
    assert peaks == [0.25, 0.5, 1.0]
    assert [len(group["params"]) for group in optimizer.param_groups] == [2, 2, 2]


def test_biases_can_be_spared_from_weight_decay_stacked_or_not() -> None:
    recipe, network = Recipe(weight_decay=0.1, decay_vectors=False), Layered()
    stacked = [(name, torch.zeros(5, *value.shape, requires_grad=True)) for name, value in network.named_parameters()]
    for tensors in (list(network.named_parameters()), stacked):
        groups = make_optimizer(recipe, network, tensors, STEPS, "cpu", AUTHOR)[0].param_groups
        assert {group["weight_decay"]: len(group["params"]) for group in groups} == {0.1: 3, 0.0: 3}


def test_without_such_settings_all_parameters_are_one_group() -> None:
    (group,) = optimizer_of(Recipe(weight_decay=0.1), Layered()).param_groups
    assert len(group["params"]) == 6


def test_a_layer_decay_needs_a_network_that_tells_its_layers() -> None:
    with pytest.raises(PluginError, match=r"no method layer_of.*--set layer_decay=1"):
        optimizer_of(Recipe(layer_decay=0.9), nn.Linear(2, 3))


def test_a_network_of_which_nothing_can_be_trained_is_refused() -> None:
    with pytest.raises(PluginError, match="no parameter that can be trained"):
        optimizer_of(Recipe(), Layered().requires_grad_(False))


@pytest.mark.parametrize("schedule", ["cosine", "step", "constant"])
def test_rates_on_the_device_follow_the_same_schedule(schedule) -> None:
    recipe, network = Recipe(lr=0.1, schedule=schedule, decay=0.1, epochs=3, warmup_epochs=1), Layered()
    optimizer, wanted = make_optimizer(recipe, network, network.named_parameters(), STEPS, "cpu", AUTHOR)
    other = torch.optim.Adam(network.parameters(), lr=0.1)
    rates = Rates(other, rate(recipe, STEPS), 3 * STEPS, "cpu")
    for _ in range(3 * STEPS):
        assert other.param_groups[0]["lr"].item() == pytest.approx(optimizer.param_groups[0]["lr"])
        rates.step()
        if wanted is not None:
            optimizer.step()
            wanted.step()


def test_an_optimiser_reads_its_rate_from_the_device() -> None:
    one, other = (nn.Parameter(torch.ones(3)) for _ in range(2))
    plain, reading = torch.optim.Adam([one], lr=0.25, fused=True), torch.optim.Adam([other], lr=1.0, fused=True)
    rates = Rates(reading, lambda step: 0.25, 2, "cpu")
    for _ in range(3):
        for parameter, optimizer in ((one, plain), (other, reading)):
            parameter.grad = torch.tensor([1.0, -2.0, 3.0])
            optimizer.step()
        rates.step()
    assert torch.equal(one, other)
