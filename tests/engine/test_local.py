"""The executor `local` on a machine with several GPUs, for which processors stand in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from merbench.engine import local
from merbench.engine.device import visible_gpus
from merbench.engine.grouping import Footprint, folds_at_once
from merbench.engine.local import LocalRunner, take_gpu
from merbench.engine.task import FoldOutcome, Task
from merbench.engine.units import Grouping, Unit, Work


@dataclass(frozen=True)
class OnGpu(Work):
    """Tells which GPU the process sees instead of training."""

    @property
    def one_by_one(self) -> bool:
        return True

    def __call__(self, unit: Unit, advance: Callable[[int], None] = lambda fold_epochs: None) -> list[FoldOutcome]:
        seen, nothing = os.environ["CUDA_VISIBLE_DEVICES"], np.zeros(1)
        return [
            FoldOutcome(name=one.name, scores=nothing, predicted=nothing, loss=nothing, seconds=0.0, note=seen)
            for one in unit.folds
        ]


@pytest.fixture
def released():
    """Takes the locks of this process back."""
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    yield
    while local.held:
        local.held.pop().close()
    os.environ.pop("CUDA_VISIBLE_DEVICES", None)
    if before is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = before


def test_each_process_takes_a_gpu_that_no_other_has(released, tmp_path) -> None:
    take_gpu(tmp_path, ["4", "7"])
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4"
    take_gpu(tmp_path, ["4", "7"])
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"
    local.held.pop(0).close()  # the first process ends
    take_gpu(tmp_path, ["4", "7"])
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4"


def test_the_gpus_are_those_that_the_user_lets_cuda_see(released) -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = "2,GPU-5"
    assert visible_gpus() == ["2", "GPU-5"]


@pytest.mark.processes
def test_groups_are_shared_out_among_the_gpus_of_a_machine(make_task, make_folds, monkeypatch) -> None:
    monkeypatch.setattr("merbench.engine.device.visible_gpus", lambda: ["4", "7"])
    task: Task = replace(make_task(), device="cuda")
    folds = make_folds([20, 20, 20, 20])
    units = [Unit(tuple(folds[start : start + 2]), 6, None) for start in (0, 2)]
    advanced: list[int] = []
    found = [
        one for group in LocalRunner().run(OnGpu(task, Grouping("batched", 2)), units, advanced.append) for one in group
    ]
    assert sorted(one.name for one in found) == sorted(fold.name for fold in folds)
    assert {one.note for one in found} <= {"4", "7"}
    assert sum(advanced) == 12


def test_several_gpus_share_the_folds_that_one_would_train_at_once(make_task, monkeypatch) -> None:
    monkeypatch.setattr("merbench.engine.grouping.memory_budget", lambda device: 2**40)
    task = replace(make_task(), device="cuda")
    shares = []
    for gpus in (["0"], ["0", "1"], list("01234567")):
        monkeypatch.setattr("merbench.engine.grouping.visible_gpus", lambda gpus=gpus: gpus)
        shares.append(folds_at_once(task, Footprint(1000, 2**20), 68))
    assert shares == [68, 34, 9]
