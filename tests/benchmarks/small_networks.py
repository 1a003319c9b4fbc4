"""What bounds the training steps of STSTNet and Dual-Inception on a CPU.

STSTNet: beside the whole step, the step without the freed memory that a training process keeps, its convolutions alone,
its convolutions written as one product of matrices, and the maximum taken before the batch norm. Dual-Inception: beside
the whole step, the bytes that it must move at least. Each has a process of its own, because memory that one leaves
behind slows the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch
from merbench_shallow.dual_inception import DualInception
from merbench_shallow.layout import channels_last
from merbench_shallow.recipes import RECIPES
from merbench_shallow.ststnet import KERNELS, STSTNet
from torch import Tensor, nn
from torch.nn import functional

from merbench import Recipe
from merbench.processes import keep_freed_memory
from tests.benchmarks.in_turn import Step, in_turn
from tests.benchmarks.row import Row

THREADS, REPEATS = 1, 15
SIDE, PATCH = 30, 27  # rows of what the convolutions give; values of a 3x3 patch
FOLDS, CLIPS, CORES = 68, 435, 2  # of the composite; clips of a training side
STST, OTHER = (RECIPES[name]["published"] for name in ("ststnet", "dual-inception"))
# A step must read the weights to compute forwards and backwards, write their gradients, and read and write for Adam:
# weights, gradients and two moments are read, weights and moments are written.
PASSES = 10
CONDITIONS = f"{THREADS} thread, processor time, median of {REPEATS} in turn, each in a process of its own"


class Convolutions(nn.Module):
    """The three convolutions as torch computes them, and one mean."""

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


class PooledFirst(nn.Module):
    """STSTNet whose batch norm is applied after the maximum, to a ninth of the values: the same outputs as long as the
    weights of the batch norm are positive. Its mean and variance are still those of all values.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, sum(KERNELS), 3, padding=2), nn.BatchNorm2d(sum(KERNELS))
        self.fc = nn.Linear(sum(KERNELS) * 25, 3)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits of images `[batch, 3, 28, 28]`."""
        seen = functional.relu(self.conv(channels_last(flow)))
        variance, mean = torch.var_mean(seen, (0, 2, 3), correction=0, keepdim=True)
        pooled = functional.max_pool2d(seen, 3, stride=3, padding=1)
        scale = self.norm.weight.view(1, -1, 1, 1) * (variance + self.norm.eps).rsqrt()
        normed = (pooled - mean) * scale + self.norm.bias.view(1, -1, 1, 1)
        logits: Tensor = self.fc(functional.avg_pool2d(functional.dropout(normed), 2).flatten(1))
        return logits


class Moved(Step):
    """As many bytes read and written as a step of a network must move at least, and no computation."""

    def __init__(self, network: nn.Module) -> None:
        size = sum(one.numel() for one in network.parameters())
        self.ends = torch.zeros(size), torch.zeros(size)

    def __call__(self) -> tuple[float, float, float]:
        """All but the peak of `Figures`."""
        started, had = time.perf_counter(), time.process_time()
        for _ in range(PASSES // 2):  # a copy reads and writes
            self.ends[0].copy_(self.ends[1])
        taken = time.perf_counter() - started
        return taken, taken, time.process_time() - had


def whole() -> Step:
    """The step as it is trained."""
    return _step(STSTNet(), _flow())


def given_back() -> Step:
    """The same step in a process that gives freed memory back to the system."""
    return _step(STSTNet(), _flow(), keep=False)


def convolutions() -> Step:
    """The convolutions as torch computes them."""
    return _step(Convolutions(), _flow())


def unfolded() -> Step:
    """The other way to compute the convolutions."""
    return _step(Unfolded(), functional.unfold(_flow(), 3, padding=2).transpose(1, 2).contiguous())


def pooled_first() -> Step:
    """The other place of the batch norm."""
    return _step(PooledFirst(), _flow())


def other() -> Step:
    """Dual-Inception's step as it is trained."""
    return _step(DualInception(), _flow(OTHER.batch_size))


def moved() -> Step:
    """What its weights alone make the processor read and write."""
    return Moved(DualInception())


def _flow(batch: int = STST.batch_size) -> Tensor:
    return 255 * torch.rand(batch, 3, 28, 28)


def _step(network: nn.Module, images: Tensor, *, keep: bool = True) -> Step:
    if keep:  # as in training
        keep_freed_memory()
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-5, fused=True)
    return Step(network, optimizer, [images], torch.arange(len(images)) % 3)


def run(reference: Path | None) -> list[Row]:
    """Milliseconds of a step, and of a whole run at that pace; `reference` is not used."""
    subjects: dict[str, Callable[[], Step]] = {
        "STSTNet, training step": whole,
        "the same without the freed memory that a process keeps": given_back,
        "its convolutions alone": convolutions,
        "with unfolded images": unfolded,
        "with the maximum before the batch norm": pooled_first,
    }
    others = {"Dual-Inception, training step": other, "reading and writing what it must": moved}
    return [*_rows(subjects, STST), *_rows(others, OTHER)]


def _rows(subjects: dict[str, Callable[[], Step]], recipe: Recipe) -> list[Row]:
    batch = recipe.batch_size
    steps = FOLDS * recipe.epochs * CLIPS / batch / CORES
    return [
        Row(
            name,
            f"{1000 * one.processor:.0f} ms; computed for a whole run: {one.processor * steps / 60:.0f} min",
            f"batch {batch}, {CONDITIONS}; a run on {CORES} cores",
        )
        for name, one in in_turn(subjects, threads=THREADS, repeats=REPEATS).items()
    ]
