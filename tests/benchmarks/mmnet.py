"""MMNet's training step in its published shape: seconds, and the memory that the process comes to."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import merbench_mmnet
import numpy as np
import torch
from merbench_flow.mirror import images as mirrored
from merbench_mmnet.neighbours import CANDIDATES
from merbench_mmnet.network import MMNet

from merbench.engine.loop import Group
from merbench.engine.task import FoldTask, Task
from tests.benchmarks.row import Row

THREADS = 2
REPEATS = 2
CONDITIONS = f"published recipe with its augmentation, 224x224, batch 24, CPU, {THREADS} threads, fp32"


def run(reference: Path | None) -> list[Row]:
    """Seconds of a step and the peak of resident memory, with everything that Python and torch load."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:  # so that the peak is no other benchmark's
        seconds, peak = fresh.submit(measured).result()
    return [
        Row("MMNet: training step", f"{seconds:.1f} s", f"{CONDITIONS}, median of {REPEATS} after one"),
        Row("MMNet: peak memory", f"{peak / 2**30:.2f} GiB", CONDITIONS),
    ]


def measured() -> tuple[float, int]:
    """Median seconds of an epoch of one step, and the process's peak of resident memory in bytes."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    (model,) = merbench_mmnet.merbench_models()
    recipe = model.recipes["published"]
    clips = np.arange(recipe.batch_size)
    images = np.random.default_rng(0).integers(0, 256, (len(clips), 2, CANDIDATES, 3, 224, 224), np.uint8)
    task = Task(build=MMNet, arrays=(images,), labels=clips % 3, classes=3, recipe=recipe, mirrors=(mirrored,))
    group = Group(task, [FoldTask(name="one", train=clips, evaluate=clips[:1], seed=0)], stacked=False)
    seconds = []
    for epoch in range(REPEATS + 1):
        started = time.perf_counter()
        group.epoch(epoch)
        seconds.append(time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return statistics.median(seconds[1:]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
