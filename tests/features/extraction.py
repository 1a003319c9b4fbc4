"""What tests of extraction share: the features of the toys, here and in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from merbench.data.datasets import OpenDataset, open_dataset
from merbench.features.compute import compute
from merbench.features.resolve import resolve
from merbench.features.store import store_path
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent

TOYS = Path(__file__).parent / "toys.py"
Lay = Callable[..., Path]
Told = Callable[[], list[str]]


class Notes(Silent):
    """Progress that can be looked at afterwards."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.units = self.finished = self.done = 0

    def start(self, units: int, finished: int) -> None:
        self.units, self.finished, self.done = units, finished, 0

    def advance(self, units: int) -> None:
        self.done += units

    def note(self, text: str) -> None:
        self.notes.append(text)


def opened() -> tuple[OpenDataset, Registry]:
    registry = Registry(load(files=[TOYS]))
    return open_dataset(registry, "toys"), registry


def found(*references: str, jobs: int = 1, progress: Silent | None = None) -> tuple[np.ndarray, ...]:
    """These features of all toys."""
    dataset, registry = opened()
    resolved = [resolve(one, registry, dataset.provides, "toys", "test") for one in references]
    return compute(dataset, resolved, jobs=jobs, progress=progress)


def found_elsewhere(reference: str, *, jobs: int = 1, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own; it prints the digest."""
    return subprocess.run(command(reference, jobs), env={**os.environ, **environment}, capture_output=True, text=True)


def command(reference: str, jobs: int = 1) -> list[str]:
    code = (
        "import os, sys; sys.path[:0] = sys.argv[1:2]; os.environ['TOYS_RUN'] = str(os.getpid())\n"
        "from extraction import found\n"
        "from merbench.features.compute import arrays_digest\n"
        "print(arrays_digest(found(sys.argv[2], jobs=int(sys.argv[3]))))"
    )
    return [sys.executable, "-c", code, str(TOYS.parent), reference, str(jobs)]


def files(kind: str) -> list[Path]:
    return sorted(store_path().glob(f"**/*.{kind}"))
