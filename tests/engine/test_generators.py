"""Python's, NumPy's and torch's generators: what a plugin draws follows from the fold's seed, in every process."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

try:
    import cloudpickle
except ImportError:  # joblib before 1.6 has one of its own
    from joblib.externals import cloudpickle

from merbench.engine.estimators import fit_fold
from merbench.engine.folds import Grouping, compute_folds, group_estimator, group_network
from merbench.engine.generators import drawn_so_far, seeded
from merbench.engine.loop import Group, train_group
from merbench.errors import PluginError

DRAWS = [random.random, np.random.random, lambda: float(torch.rand(()))]
NAMES = ["python", "numpy", "torch"]


def draw() -> list[float]:
    return [float(one()) for one in DRAWS]


def test_the_same_seed_draws_the_same_and_the_callers_own_draws_go_on() -> None:
    first = draw()
    with seeded(1):
        one = draw()
    with seeded(1):
        again = draw()
    with seeded(2):
        other = draw()
    assert one == again
    assert not set(one) & {*other, *first}
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    wanted = [draw(), draw()]
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    found = [draw()]
    with pytest.raises(KeyError), seeded(1):
        {}[str(draw())]
    assert [*found, draw()] == wanted


@pytest.mark.parametrize("place", [0, 1])
def test_a_draw_from_python_or_numpy_is_seen(place) -> None:
    before = drawn_so_far()
    assert drawn_so_far() == before
    DRAWS[place]()
    assert drawn_so_far() != before


class Chance:
    """Draws as it is built, fitted and asked."""

    def __init__(self, one: Any) -> None:
        self.one, self.drawn = one, [one()]

    def fit(self, X: np.ndarray, y: np.ndarray) -> None:
        self.drawn.append(self.one())

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.zeros(len(X), int)

    def decision_function(self, X: np.ndarray) -> np.ndarray:
        return np.tile(np.abs([*self.drawn, self.one()])[::-1], (len(X), 1)) - [[-5.0, 0.0, 0.0]]


class Noise(nn.Module):
    """Draws as it is built and in every forward pass."""

    def __init__(self, one: Any) -> None:
        super().__init__()
        self.one, self.head = one, nn.Linear(2352, 3)
        self.scale = nn.Parameter(torch.full((), one()))

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(image.flatten(1)) * self.scale + self.one()
        return logits * (1 + self.one())


def build(kind: type, place: int) -> Any:
    return lambda: kind(DRAWS[place])


@pytest.mark.parametrize("place", range(3), ids=NAMES)
def test_an_estimator_that_draws_gives_the_same_again_and_leaves_the_generators(make_task, make_folds, place) -> None:
    task, (fold, other) = make_task(build(Chance, place)), make_folds([20, 20])
    before, torchs = drawn_so_far(), torch.get_rng_state()
    one = fit_fold(task, fold)
    assert drawn_so_far() == before
    assert torch.equal(torch.get_rng_state(), torchs)
    DRAWS[place]()
    assert np.array_equal(fit_fold(task, fold).scores, one.scores)
    assert not np.array_equal(fit_fold(task, replace(fold, seed=other.seed)).scores, one.scores)


@pytest.mark.parametrize("place", range(3), ids=NAMES)
def test_a_network_that_draws_gives_the_same_again_and_leaves_the_generators(make_task, make_folds, place) -> None:
    task, folds = make_task(build(Noise, place), epochs=2), make_folds([20, 20])
    before, torchs = drawn_so_far(), torch.get_rng_state()
    grouping = group_network(task, folds)
    assert grouping.mode == "sequential"

    def scores(done: set[str]) -> dict[str, Any]:
        return {one.name: one.scores for (one,) in compute_folds(task, folds, grouping, done, lambda units: None)}

    whole = scores(set())
    assert drawn_so_far() == before
    assert torch.equal(torch.get_rng_state(), torchs)
    DRAWS[place]()
    assert np.array_equal(scores({"fold0"})["fold1"], whole["fold1"])
    assert not np.array_equal(whole["fold0"], whole["fold1"])


@pytest.fixture
def by_value() -> Iterator[None]:
    """Where merbench is installed, its processes cannot import this file: its classes are handed to them whole."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.processes
@pytest.mark.usefixtures("by_value")
@pytest.mark.parametrize(("kind", "grouping"), [(Chance, group_estimator()), (Noise, Grouping("sequential"))])
def test_other_processes_draw_what_this_one_draws(make_task, make_folds, monkeypatch, kind, grouping) -> None:
    def mixed() -> Any:
        return kind(lambda: random.random() + np.random.random() + float(torch.rand(())))

    task, folds = make_task(mixed, epochs=1), make_folds([20, 17])
    found = {}
    for cores in (1, 2):
        monkeypatch.setattr("joblib.cpu_count", lambda cores=cores: cores)
        outcomes = compute_folds(task, folds, grouping, set(), lambda units: None)
        found[cores] = {one.name: one.scores for (one,) in outcomes}
    for name, scores in found[1].items():
        assert np.array_equal(found[2][name], scores)


@pytest.mark.parametrize("place", [0, 1], ids=NAMES[:2])
def test_a_network_that_draws_beside_torch_is_not_batched(make_task, make_folds, place) -> None:
    reason = group_network(make_task(build(Noise, place)), make_folds([20, 20])).reason
    assert reason == "it draws from Python's or NumPy's generator, which all folds that train at once share"


def test_a_batched_network_that_draws_only_later_is_refused(make_task, make_folds) -> None:
    task, folds = make_task(build(Noise, 1), epochs=1), make_folds([20, 20])
    with pytest.raises(PluginError, match=r"forward draws from Python's or NumPy's .*, but did not when it was tried"):
        train_group(Group(task, folds, stacked=True))
