"""What the benchmark of GPUs trains: random clips in the shape of the composite, and how large the networks are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import numpy as np
import torch

from merbench import Recipe
from merbench.engine.build import Build
from merbench.engine.device import choose_precision
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.protocols import Fold

HTNET = "merbench_htnet.network:HTNet"
AUTHOR = Author.of("a benchmark", "tests")


@dataclass(frozen=True)
class Sizes:
    """How much is measured, and where."""

    device: str
    clips: int
    folds: int
    batch: int
    at_once: tuple[int, ...]
    precisions: tuple[str, ...]
    repeats: int
    epochs: int
    others: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


# The composite: 442 clips, 68 subjects; the released script's batches and blocks.
PUBLISHED = Sizes(
    device="cuda",
    clips=442,
    folds=68,
    batch=256,
    at_once=(1, 4, 16, 34, 68),
    precisions=("fp32", "tf32", "bf16"),
    repeats=5,
    epochs=8,
    others=("STSTNet", "RCN", "OFF-ApexNet", "HSTA", "MMNet"),
    options={"block_repeats": (2, 2, 10)},
)
TINY = Sizes(
    device="cpu",
    clips=12,
    folds=3,
    batch=8,
    at_once=(1, 3),
    precisions=("fp32", "bf16"),
    repeats=1,
    epochs=1,
    others=("STSTNet", "OFF-ApexNet"),
    options={"dim": 8, "block_repeats": (1, 1, 1)},
)


def task(sizes: Sizes, network: str = HTNET, shape: tuple[int, ...] = (3, 28, 28), **settings: Any) -> Task:
    """A task on random clips of a shape; the settings are the recipe's, and `precision`."""
    precision = settings.pop("precision", "fp32")
    options = settings.pop("options", sizes.options)
    random = np.random.default_rng(0)
    recipe = Recipe(**{"optimizer": "adam", "lr": 5e-5, "batch_size": sizes.batch, "epochs": 2, **settings})
    return Task(
        build=Build(network, {"classes": 3, **options}, AUTHOR),
        author=AUTHOR,
        arrays=(random.random((sizes.clips, *shape), np.float32),),
        labels=np.arange(sizes.clips) % 3,
        classes=3,
        recipe=recipe,
        device=sizes.device,
        precision=precision,
    )


def folds(sizes: Sizes, most: int | None = None) -> list[Fold]:
    """Folds that each leave out some clips, as many as a subject has on average."""
    every = np.arange(sizes.clips)
    parts = np.array_split(every, sizes.folds)
    return [
        Fold(name=f"fold{number}", train=np.setdiff1d(every, part), test=part, seed=number)
        for number, part in enumerate(parts[:most])
    ]


def on(task: Task, sizes: Sizes) -> Task:
    """The task with its precision set in torch, if its device has it."""
    choose_precision(task.precision, sizes.device)
    return replace(task, device=sizes.device)


def seconds(work: Callable[[], object], sizes: Sizes, warm_up: int = 4) -> float:
    """Median time of a call, until the device has done it. Steps are recorded within the calls that do not count."""
    for _ in range(warm_up):
        work()
    return median(_timed(work, sizes) for _ in range(sizes.repeats))


def _timed(work: Callable[[], object], sizes: Sizes) -> float:
    wait(sizes)
    started = time.perf_counter()
    work()
    wait(sizes)
    return time.perf_counter() - started


def wait(sizes: Sizes) -> None:
    """Until the device has done what is queued."""
    if sizes.device == "cuda":
        torch.cuda.synchronize()
