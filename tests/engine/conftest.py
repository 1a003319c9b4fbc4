"""A small task, and folds of unequal sizes, for all tests of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from merbench.engine.build import Build
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

AUTHOR = Author.of("model my-net", "mine", "tests")
HTNET = Build("merbench_htnet.network:HTNet", {"classes": 3, "dim": 8, "block_repeats": (1, 1, 1)}, AUTHOR)
STSTNET = Build("merbench_shallow.ststnet:STSTNet", {"classes": 3}, AUTHOR)
CLIPS = 30

MakeTask = Callable[..., Task]
MakeFolds = Callable[[Sequence[int]], list[Fold]]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """The networks are so small that a second thread only costs time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def flow() -> tuple[np.ndarray, np.ndarray]:
    """Images `[30, 3, 28, 28]` that can be learned, of another scale in each channel, and their labels."""
    random = np.random.default_rng(0)
    labels = random.permutation(np.arange(CLIPS) % 3)
    images = random.normal(size=(CLIPS, 3, 28, 28))
    images[np.arange(CLIPS), labels, 7:14, 7:21] += 1
    scaled = images * np.array([1.0, 3.0, 0.2])[:, None, None] + np.array([0.0, 2.0, -1.0])[:, None, None]
    return scaled.astype(np.float32), labels.astype(np.int64)


@pytest.fixture
def make_task(flow: tuple[np.ndarray, np.ndarray]) -> MakeTask:
    """A task on the images; takes what is to differ from 3 epochs of a small HTNet, batches of 8, Adam."""

    def make(build: Callable[[], Any] = HTNET, arrays: tuple[np.ndarray, ...] | None = None, **settings: Any) -> Task:
        precision = settings.pop("precision", "fp32")
        recipe = Recipe(**{"epochs": 3, "batch_size": 8, "lr": 1e-3, **settings})
        return Task(
            build=build,
            author=AUTHOR,
            arrays=arrays or flow[:1],
            labels=flow[1],
            classes=3,
            recipe=recipe,
            precision=precision,
        )

    return make


@pytest.fixture
def make_folds() -> MakeFolds:
    """Folds with so many training clips each; they are evaluated on all others."""

    def make(sizes: Sequence[int]) -> list[Fold]:
        folds = []
        for index, size in enumerate(sizes):
            shuffled = np.random.default_rng([index, size]).permutation(CLIPS)
            train, evaluate = np.sort(shuffled[:size]), np.sort(shuffled[size:])
            folds.append(Fold(name=f"fold{index}", train=train, test=evaluate, seed=1000 + index))
        return folds

    return make
