"""What a run is said to take before it starts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from merbench.engine.build import Build
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold
from merbench.runs.estimate import estimate

AUTHOR = Author.of("model ststnet", "shallow")
STSTNET = Build("merbench_shallow.ststnet:STSTNet", {"classes": 3}, AUTHOR)


@pytest.mark.parametrize(("cores", "free", "at_work"), [(8, 2**40, 3), (2, 2**40, 2), (8, 0, 1)])
def test_memory_is_that_of_all_processes_that_work_at_once(monkeypatch, cores: int, free: int, at_work: int) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    monkeypatch.setattr("merbench.engine.device.free_memory", lambda: free)
    flow = np.zeros((12, 3, 28, 28), np.float32)
    recipe = Recipe(epochs=1, batch_size=4)
    task = Task(build=STSTNET, author=AUTHOR, arrays=(flow,), labels=np.arange(12) % 3, classes=3, recipe=recipe)
    folds = [Fold(name=str(one), train=np.arange(8), test=np.arange(8, 12), seed=one) for one in range(3)]
    plan = SimpleNamespace(kind="torch", epoch_policy="last")
    found = estimate(SimpleNamespace(plan=plan, weights=None, task=task, folds=folds))
    assert found.schedule.mode == "sequential"
    assert found.memory == at_work * found.schedule.fold_bytes > 0
