"""MMNet's training step in its published shape: seconds, and the memory that the process comes to; then the network
alone beside the authors' own, which augments its images elsewhere."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import merbench_mmnet
import numpy as np
import torch
from merbench_flow.mirror import images as mirrored
from merbench_mmnet.neighbours import CANDIDATES
from merbench_mmnet.network import MMNet

from merbench.engine.loop import Group
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.protocols import Fold
from tests.benchmarks.in_turn import RELEASED, Step, in_turn, peak, rows
from tests.benchmarks.released import clone, released, same_tensors
from tests.benchmarks.row import Row

BATCH = 24
THREADS = 2
REPEATS = 2
MACHINE = f"224x224, batch {BATCH}, CPU, {THREADS} threads, fp32"
CONDITIONS = f"published recipe with its augmentation, {MACHINE}"
# The script for 3 classes cannot be run: it asks for a convolution of 3 channels in 2 groups.
ALONE = f"network of the script for 5 classes, {MACHINE}, AdamW (merbench's fused), median of {REPEATS} after one"
OUTPUTS = 5


def run(reference: Path | None) -> list[Row]:
    """Seconds of a step and the peak of resident memory, with everything that Python and torch load."""
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:  # so that the peak is no other benchmark's
        seconds, most = fresh.submit(measured).result()
    augmented = [
        Row("MMNet: training step", f"{seconds:.1f} s", f"{CONDITIONS}, median of {REPEATS} after one"),
        Row("MMNet: peak memory", f"{most / 2**30:.2f} GiB", CONDITIONS),
    ]
    folder = clone(reference, "MMNet")
    if folder is None:
        return augmented
    subjects: dict[str, Callable[[], Step]] = {"alone, merbench": ours, RELEASED: partial(theirs, folder)}
    return augmented + rows("MMNet", in_turn(subjects, threads=THREADS, repeats=REPEATS), ALONE)


def measured() -> tuple[float, int]:
    """Median seconds of an epoch of one step, and the process's peak of resident memory in bytes."""
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    (model,) = merbench_mmnet.merbench_models()
    recipe = model.recipes["published"]
    clips = np.arange(recipe.batch_size)
    images = np.random.default_rng(0).integers(0, 256, (len(clips), 2, CANDIDATES, 3, 224, 224), np.uint8)
    task = Task(
        build=MMNet,
        author=Author.of("model mmnet", "mmnet"),
        arrays=(images,),
        labels=clips % 3,
        classes=3,
        recipe=recipe,
        mirrors=(mirrored,),
    )
    group = Group(task, [Fold(name="one", train=clips, test=clips[:1], seed=0)], stacked=False)
    seconds = []
    for epoch in range(REPEATS + 1):
        started = time.perf_counter()
        group.epoch(epoch)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[1:]), peak()


def network() -> MMNet:
    """As in the authors' script for 5 classes."""
    (model,) = merbench_mmnet.merbench_models()
    return MMNet(OUTPUTS, **model.recipes["published-5"].options)


def ours() -> Step:
    """Merbench's, which sees pixels and normalises them itself."""
    trained = network()
    optimizer = torch.optim.AdamW(trained.parameters(), lr=8e-4, weight_decay=0.6, fused=True)
    return Step(trained, optimizer, [255 * torch.rand(BATCH, 2, 1, 3, 224, 224)], torch.arange(BATCH) % OUTPUTS)


def theirs(folder: Path) -> Step:
    """The authors', which is handed nine normalised frames, looks at the onset and the apex, and has its own AdamW.

    Measured as of commit fd6f41f of CASME2_5.py. At 4143ed7 its constructor names a class that does not exist.
    """
    build = released("MMNet", *(folder / f"{name}.py" for name in ("CASME2_5", "CA_block", "PC_module")))
    trained = same_tensors(build(), network())
    optimizer = torch.optim.AdamW(trained.parameters(), lr=8e-4, weight_decay=0.6)
    onset, apex = torch.randn(2, BATCH, 3, 224, 224)
    frames = [onset, *[None] * 3, apex, *[None] * 4]
    return Step(trained, optimizer, [*frames, False], torch.arange(BATCH) % OUTPUTS)
