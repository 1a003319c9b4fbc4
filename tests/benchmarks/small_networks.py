"""What bounds STSTNet's training step on a CPU: its convolutions alone, and its convolutions written as one product of
matrices, beside the whole step. Each has a process of its own, because memory that one leaves behind slows the others.
"""

from __future__ import annotations

from pathlib import Path

import torch
from merbench_shallow.layout import channels_last
from merbench_shallow.ststnet import KERNELS, STSTNet
from torch import Tensor, nn
from torch.nn import functional

from merbench.processes import keep_freed_memory
from tests.benchmarks.in_turn import Step, in_turn
from tests.benchmarks.row import Row

BATCH, THREADS, REPEATS = 256, 1, 15
SIDE, PATCH = 30, 27  # rows of what the convolutions give; values of a 3x3 patch
FOLDS, EPOCHS, CLIPS, CORES = 68, 800, 435, 2  # of the recipe `published` on the composite; clips of a training side
CONDITIONS = (
    f"batch {BATCH}, {THREADS} thread, processor time, median of {REPEATS} in turn, each in a process of its own"
)


class Convolutions(nn.Module):
    """The three convolutions, and nothing that costs time after them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, sum(KERNELS), 3, padding=2)

    def forward(self, flow: Tensor) -> Tensor:
        """Three numbers of each image `[batch, 3, 28, 28]`, in place of logits."""
        seen: Tensor = self.conv(channels_last(flow))
        return seen.mean((2, 3))[:, :3]


class Unfolded(nn.Module):
    """STSTNet on patches that were cut out before, so that its convolutions are one product."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Linear(PATCH, sum(KERNELS)), nn.BatchNorm2d(sum(KERNELS))
        self.fc = nn.Linear(sum(KERNELS) * 25, 3)

    def forward(self, patches: Tensor) -> Tensor:
        """Logits of patches `[batch, 900, 27]`."""
        seen = functional.relu(self.conv(patches)).unflatten(1, (SIDE, SIDE)).movedim(-1, 1)
        pooled = functional.max_pool2d(self.norm(seen), 3, stride=3, padding=1)
        logits: Tensor = self.fc(functional.avg_pool2d(functional.dropout(pooled), 2).flatten(1))
        return logits


def whole() -> Step:
    """The step as it is trained."""
    return _step(STSTNet(), _flow())


def convolutions() -> Step:
    """The least that any step must compute."""
    return _step(Convolutions(), _flow())


def unfolded() -> Step:
    """The other way to compute the convolutions."""
    return _step(Unfolded(), functional.unfold(_flow(), 3, padding=2).transpose(1, 2).contiguous())


def _flow() -> Tensor:
    return 255 * torch.rand(BATCH, 3, 28, 28)


def _step(network: nn.Module, images: Tensor) -> Step:
    keep_freed_memory()  # as in training
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-5, fused=True)
    return Step(network, optimizer, [images], torch.arange(BATCH) % 3)


def run(reference: Path | None) -> list[Row]:
    """Milliseconds of a step, and of a whole run at that pace; `reference` is not used."""
    measured = in_turn(
        {"STSTNet, training step": whole, "its convolutions alone": convolutions, "with unfolded images": unfolded},
        threads=THREADS,
        repeats=REPEATS,
    )
    steps = FOLDS * EPOCHS * CLIPS / BATCH / CORES
    return [
        Row(name, f"{1000 * one.processor:.0f} ms; a whole run {one.processor * steps / 60:.0f} min", CONDITIONS)
        for name, one in measured.items()
    ]
