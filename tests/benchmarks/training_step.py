"""HTNet's training step in its published shape: merbench's network and, where a clone is there, the authors' own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from merbench_htnet.network import HTNet
from torch import nn

from tests.benchmarks.in_turn import RELEASED, Step, in_turn, rows
from tests.benchmarks.released import clone, released, same_tensors
from tests.benchmarks.row import Row

BATCH = 220  # clips: half the composite, which two steps an epoch see with the published batch size of 256
THREADS = 2
REPEATS = 4
PUBLISHED = {"image_size": 28, "patch_size": 7, "dim": 256, "heads": 3, "block_repeats": (2, 2, 10)}
CONDITIONS = (
    f"published shape, batch {BATCH}, CPU, {THREADS} threads, Adam (merbench's fused), median of {REPEATS} after one"
)


def run(reference: Path | None) -> list[Row]:
    """Seconds of a step, without and with the optimiser's part, and the peak of resident memory."""
    folder = clone(reference, "HTNet")
    subjects: dict[str, Callable[[], Step]] = {"merbench": partial(ours, bf16=False)}
    if folder is not None:
        subjects[RELEASED] = partial(theirs, folder, bf16=False)
    if torch.ops.mkldnn._is_mkldnn_bf16_supported():
        subjects["merbench bf16"] = partial(ours, bf16=True)
        if folder is not None:
            subjects["released, bf16"] = partial(theirs, folder, bf16=True)
    return rows("HTNet", in_turn(subjects, threads=THREADS, repeats=REPEATS), CONDITIONS)


def ours(*, bf16: bool) -> Step:
    """Merbench's."""
    return step(HTNet(**PUBLISHED), bf16=bf16, fused=True)


def theirs(folder: Path, *, bf16: bool) -> Step:
    """The authors', which needs einops."""
    build = released("HTNet", folder / "Model.py")
    trained = same_tensors(build(**PUBLISHED, num_classes=3, num_hierarchies=3), HTNet(**PUBLISHED))
    return step(trained, bf16=bf16, fused=None)


def step(trained: nn.Module, *, bf16: bool, fused: bool | None) -> Step:
    """With the published optimiser."""
    optimizer = torch.optim.Adam(trained.parameters(), lr=5e-5, fused=fused)
    return Step(trained, optimizer, [torch.rand(BATCH, 3, 28, 28)], torch.arange(BATCH) % 3, bf16=bf16)
