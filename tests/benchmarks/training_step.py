"""HTNet's training step in its published shape: merbench's network and, where a clone is named, the authors' own."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from merbench_htnet.network import HTNet
from torch import nn
from torch.nn import functional

from tests.benchmarks.row import Row

BATCH = 220  # clips: half the composite, which two steps an epoch see with the published batch size of 256
THREADS = 2
REPEATS = 7
PUBLISHED = {"image_size": 28, "patch_size": 7, "dim": 256, "heads": 3, "block_repeats": (2, 2, 10)}
CONDITIONS = f"published shape, batch {BATCH}, {THREADS} threads, fused Adam, median of {REPEATS}, measured alternately"


def run(reference: Path | None) -> list[Row]:
    """Milliseconds of a step, without and with the optimiser's part, and how many times the reference's that is."""
    torch.set_num_threads(THREADS)
    subjects = {"merbench fp32": Step(HTNet(**PUBLISHED), bf16=False)}
    if bf16 := torch.ops.mkldnn._is_mkldnn_bf16_supported():
        subjects["merbench bf16"] = Step(subjects["merbench fp32"].network, bf16=True)
    if reference is not None:
        subjects["reference fp32"] = Step(released_network(reference), bf16=False)
        if bf16:
            subjects["reference bf16"] = Step(subjects["reference fp32"].network, bf16=True)
    seconds = alternately(subjects)
    return [row for name in subjects for row in rows(name, seconds)]


class Step:
    """A network with its own Adam, and one batch to train it on."""

    def __init__(self, network: nn.Module, *, bf16: bool) -> None:
        self.network, self.bf16 = network.train(), bf16
        self.optimizer = torch.optim.Adam(network.parameters(), lr=5e-5, fused=True)
        generator = torch.Generator().manual_seed(0)
        self.images = torch.rand(BATCH, 3, 28, 28, generator=generator)
        self.labels = torch.arange(BATCH) % 3

    def __call__(self) -> tuple[float, float]:
        """Seconds of forward and backward, and of these with the optimiser's step."""
        self.optimizer.zero_grad(set_to_none=True)
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        computed = time.perf_counter()
        self.optimizer.step()
        return computed - started, time.perf_counter() - started


def released_network(clone: Path) -> nn.Module:
    """The network of `Model.py` in a clone of the authors' repository; the file needs einops."""
    spec = importlib.util.spec_from_file_location("released_htnet", clone / "Model.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"{clone / 'Model.py'} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network: nn.Module = module.HTNet(**PUBLISHED, num_classes=3, num_hierarchies=3)
    return network


def alternately(subjects: dict[str, Callable[[], tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Medians, each subject in turn, so that a busy moment falls on all; the first round does not count."""
    rounds = [{name: step() for name, step in subjects.items()} for _ in range(REPEATS + 1)][1:]
    return {
        name: (statistics.median(r[name][0] for r in rounds), statistics.median(r[name][1] for r in rounds))
        for name in subjects
    }


def rows(name: str, seconds: dict[str, tuple[float, float]]) -> list[Row]:
    """The lines of one subject; merbench's say how many times the reference in fp32 they are."""
    parts = ("forward and backward", "whole step")
    base = seconds.get("reference fp32") if name.startswith("merbench") else None
    ratios = [f", {base[part] / seconds[name][part]:.1f} times reference fp32" if base else "" for part in (0, 1)]
    return [
        Row(f"HTNet {name}, {parts[part]}", f"{1000 * seconds[name][part]:.0f} ms{ratios[part]}", CONDITIONS)
        for part in (0, 1)
    ]
