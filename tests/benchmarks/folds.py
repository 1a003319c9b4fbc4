"""Four folds at once beside the same four one after another: which networks gain on a CPU, and which lose."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from merbench import TorchModel
from merbench.engine.build import Build
from merbench.engine.loop import Group
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.protocols import Fold
from tests.benchmarks.row import Row

FOLDS, CLIPS, REPEATS = 4, 192, 5
SHAPES = {"hsta": ((8, 3, 28, 28), (2, 28, 28))}  # of one clip; else one small flow image
FLOW = ((3, 28, 28),)
CONDITIONS = f"quick, {FOLDS} folds, {CLIPS} clips, 1 thread, median CPU time of {REPEATS} epochs, in turn"


def run(reference: Path | None) -> list[Row]:
    """For each network, how many times as long an epoch of all folds takes when they train at once."""
    torch.set_num_threads(1)
    return [row(model) for model in models()]


def models() -> Sequence[TorchModel]:
    """Networks without batch norm."""
    plugins = ("merbench_htnet", "merbench_hsta", "merbench_shallow")
    found = {model.name: model for plugin in plugins for model in import_module(plugin).merbench_models()}
    transformer = import_module("merbench_timm.architectures").member("vit_tiny_patch16_224")
    return [*(found[name] for name in ("htnet", "hsta", "off-apexnet", "dual-inception")), transformer]


def row(model: TorchModel) -> Row:
    """Both ways in turn; the first epoch does not count."""
    task = quick(model)
    train = np.arange(CLIPS)
    folds = [Fold(name=str(seed), train=train, test=train[:1], seed=seed) for seed in range(FOLDS)]
    together, apart = (
        [Group(task, folds, stacked=True)],
        [Group(task, [fold], stacked=False) for fold in folds],
    )
    rounds = [(seconds(together, epoch), seconds(apart, epoch)) for epoch in range(REPEATS + 1)][1:]
    at_once, in_turn = (statistics.median(one) for one in zip(*rounds, strict=True))
    figure = f"{at_once:.2f} s at once, {in_turn:.2f} s in turn: {at_once / in_turn:.2f} times as long"
    return Row(model.name, figure, CONDITIONS)


def quick(model: TorchModel) -> Task:
    """Its quick recipe on random clips."""
    recipe = model.recipes["quick"]
    random = np.random.default_rng(0)
    arrays = tuple(random.random((CLIPS, *shape), np.float32) for shape in SHAPES.get(model.name, FLOW))
    author = Author.of(f"model {model.name}", model.name)
    build = Build(model.network, {"classes": 3, **recipe.options}, author)
    plain = replace(recipe, epochs=REPEATS + 1, flip=0.0)  # random clips have no mirror
    return Task(build=build, author=author, arrays=arrays, labels=np.arange(CLIPS) % 3, classes=3, recipe=plain)


def seconds(groups: Sequence[Group], epoch: int) -> float:
    """CPU time of an epoch of all folds."""
    started = time.process_time()
    for group in groups:
        group.epoch(epoch)
    return time.process_time() - started
