"""HSTA's training step in its published shape: seconds, and the memory that the process comes to."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import merbench_hsta
import torch
from merbench_hsta import blocks
from merbench_hsta.network import HSTA
from torch.nn import functional

from tests.benchmarks.row import Row

BATCH = 2  # clips
PICTURES = 8  # 6 frames, onset and apex
THREADS = 2
REPEATS = 3
CONDITIONS = f"published recipe, 6+2 frames of 224x224, batch {BATCH}, CPU, {THREADS} threads, fp32, fused AdamW"


def run(reference: Path | None) -> list[Row]:
    """Seconds of a step and the peak of resident memory, with everything that Python and torch load; then both with
    attention as plain products, which is how the released code attends."""
    return [row for plain in (False, True) for row in rows(plain)]


def rows(plain: bool) -> list[Row]:
    """The figures of a process of its own, so that the peak is no other benchmark's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        seconds, peak = fresh.submit(measured, plain).result()
    name = "HSTA, attention as plain products" if plain else "HSTA"
    return [
        Row(f"{name}: training step", f"{seconds:.1f} s", f"{CONDITIONS}, median of {REPEATS} after one"),
        Row(f"{name}: peak memory", f"{peak / 2**30:.2f} GiB", CONDITIONS),
    ]


def measured(plain: bool) -> tuple[float, int]:
    """Median seconds of a step, and the process's peak of resident memory in bytes."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    if plain:
        blocks.FEW_TOKENS = sys.maxsize
    (model,) = merbench_hsta.merbench_models()
    recipe = model.recipes["published"]
    network = HSTA(classes=3, **recipe.options).train()
    optimizer = torch.optim.AdamW(network.parameters(), recipe.lr, weight_decay=recipe.weight_decay, fused=True)
    video, labels = 255 * torch.rand(BATCH, PICTURES, 3, 224, 224), torch.arange(BATCH)
    seconds = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(network(video), labels).backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return statistics.median(seconds[1:]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
