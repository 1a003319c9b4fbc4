"""Recorded steps: when a recording is made and used, and what happens where none can be made.

Only a CUDA device can record. Here what is recorded is called again instead, with the tensors of the recording: this is
what the device would do.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from merbench.engine import loop, recorded
from merbench.engine.loop import Group, train_group
from merbench.engine.recorded import WARM_UP, Recordings, why_not_recorded

made: list[tuple[Any, ...]] = []


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(recorded, "record", again)


def again(work: Callable[..., Tensor], tensors: Sequence[Tensor | None], pool: Any) -> Callable[[], Tensor]:
    made.append(tuple(one if one is None else one.shape for one in tensors))
    return lambda: work(*tensors)


def refusing(work: Callable[..., Tensor], tensors: Sequence[Tensor | None], pool: Any) -> Callable[[], Tensor]:
    raise RuntimeError("operation not permitted when stream is capturing\nmore")


def test_each_shape_is_recorded_once_after_it_has_warmed_up() -> None:
    recordings = Recordings("")
    for _ in range(WARM_UP + 2):
        for size in (4, 3):
            recordings.call(torch.neg, torch.ones(size))
    assert made == [((4,),), ((3,),)]


def test_a_recording_is_repeated_with_the_tensors_of_each_call() -> None:
    recordings = Recordings("")

    def work(one: Tensor, other: Tensor | None) -> Tensor:
        return 2 * one if other is None else one + other

    for number in range(WARM_UP + 3):
        assert recordings.call(work, torch.tensor([number]), None).tolist() == [2 * number]
        assert recordings.call(work, torch.tensor([number]), torch.tensor([1])).tolist() == [number + 1]
    assert len(made) == 2


def test_what_cannot_be_recorded_runs_as_it_is_and_the_reason_is_kept(monkeypatch) -> None:
    monkeypatch.setattr(recorded, "record", refusing)
    recordings = Recordings("")
    for number in range(WARM_UP + 3):
        assert recordings.call(torch.neg, torch.tensor([number])).tolist() == [-number]
    assert recordings.refused
    assert recordings.reason == "operation not permitted when stream is capturing more"


def test_work_that_draws_from_pythons_generator_is_never_recorded() -> None:
    recordings = Recordings("")
    drawn = [recordings.call(lambda x: x * random.random(), torch.ones(1)).item() for _ in range(WARM_UP + 3)]
    assert len(set(drawn)) == len(drawn)
    assert not made
    assert "draws from Python's" in recordings.reason


@pytest.mark.parametrize(
    ("device", "resident", "schedule", "why"),
    [
        ("cpu", True, "constant", "only a CUDA device"),
        ("cuda", False, "constant", "read from a file"),
        ("cuda", True, "one-cycle", "momentum"),
        ("cuda", True, "cosine", ""),
    ],
)
def test_steps_are_recorded_only_where_a_recording_can_be_right(make_task, device, resident, schedule, why) -> None:
    found = why_not_recorded(replace(make_task(schedule=schedule), device=device), resident)
    assert why in found
    assert bool(found) == bool(why)


def network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2352, 3))


RECIPE = {"epochs": 6, "flip": 0.5, "mixup": 0.4, "schedule": "cosine"}


@pytest.mark.parametrize("stacked", [True, False], ids=["batched", "alone"])
def test_recorded_steps_train_as_others_do(make_task, make_folds, monkeypatch, stacked) -> None:
    task = replace(make_task(network, **RECIPE), mirrors=(lambda clips: clips.flip(-1),))
    folds = make_folds([20, 17] if stacked else [20])
    wanted = train_group(Group(task, folds, stacked=stacked))
    monkeypatch.setattr(loop, "why_not_recorded", lambda task, resident: "")
    found = train_group(Group(task, folds, stacked=stacked))
    assert len(made) == 3  # full batches, the last batch, and the prediction
    for one, other in zip(found, wanted, strict=True):
        assert np.array_equal(one.scores, other.scores)
        assert np.array_equal(one.loss, other.loss)
        assert one.note == ""


def test_a_run_says_that_its_steps_could_not_be_recorded(make_task, make_folds, monkeypatch) -> None:
    monkeypatch.setattr(recorded, "record", refusing)
    monkeypatch.setattr(loop, "why_not_recorded", lambda task, resident: "")
    (outcome,) = train_group(Group(make_task(network, epochs=6), make_folds([20]), stacked=False))
    assert outcome.note.endswith("operation not permitted when stream is capturing more")
