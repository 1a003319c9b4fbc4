"""Training steps measured in turn, each network in a process of its own."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from tests.benchmarks.row import Row

RELEASED = "released"  # the subject that the others are compared with, where it is there


class Figures(NamedTuple):
    """Of one step: seconds by the clock, without and with the optimiser's part; seconds that all threads together had a
    processor, which other work on the machine disturbs less; and the peak of the process's memory in bytes."""

    computed: float
    whole: float
    processor: float
    peak: int


class Step:
    """A network, its optimiser, and one batch to train it on; in mixed precision with `bf16`."""

    def __init__(
        self, network: nn.Module, optimizer: Optimizer, inputs: Sequence[object], labels: Tensor, *, bf16: bool = False
    ) -> None:
        self.network, self.optimizer = network.train(), optimizer
        self.inputs, self.labels, self.bf16 = inputs, labels, bf16

    def __call__(self) -> tuple[float, float, float]:
        """All but the peak of `Figures`."""
        self.optimizer.zero_grad(set_to_none=True)
        started, had = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = functional.cross_entropy(self.network(*self.inputs), self.labels)
        loss.backward()
        computed = time.perf_counter()
        self.optimizer.step()
        return computed - started, time.perf_counter() - started, time.process_time() - had


def in_turn(subjects: Mapping[str, Callable[[], Step]], *, threads: int, repeats: int) -> dict[str, Figures]:
    """Medians over the rounds, in each of which every subject takes a step, so that a busy moment falls on all.

    The first round does not count.

    Args:
        subjects: name → what builds the step; pickled, and called in the subject's process.
        threads: of torch, for each subject: only one of them runs at a time.
        repeats: rounds that count.
    """
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), begin, (threads,)))
            for name in subjects
        }
        for name, build in subjects.items():
            processes[name].submit(prepare, build).result()
        rounds = [{name: one.submit(step).result() for name, one in processes.items()} for _ in range(repeats + 1)][1:]
        peaks = {name: one.submit(peak).result() for name, one in processes.items()}
    return {name: figures([one[name] for one in rounds], peaks[name]) for name in subjects}


def figures(steps: Sequence[tuple[float, float, float]], most: int) -> Figures:
    """Medians of a subject's steps, with its peak."""
    computed, whole, processor = (median(one) for one in zip(*steps, strict=True))
    return Figures(computed, whole, processor, most)


prepared: list[Step] = []  # in a subject's process, its own


def begin(threads: int) -> None:
    """Settings of a subject's process."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)


def prepare(build: Callable[[], Step]) -> None:
    """Builds the step in the process that will take it."""
    prepared.append(build())


def step() -> tuple[float, float, float]:
    """Takes it."""
    return prepared[0]()


def peak() -> int:
    """Peak of the process's resident memory in bytes, with everything that Python and torch load."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def rows(network: str, measured: Mapping[str, Figures], conditions: str) -> list[Row]:
    """Two lines for each subject: a step's seconds, with how many times the released code's that is, and the peak."""
    conditions = f"{conditions}; in turn, each in a process of its own"
    lines = []
    for name, one in measured.items():
        times = (
            f"{seconds(one.whole)}, forward and backward {seconds(one.computed)}, processor {seconds(one.processor)}"
        )
        if name != RELEASED and (other := measured.get(RELEASED)):
            whole, computed, processor = (
                f"{getattr(other, part) / getattr(one, part):.2f}" for part in ("whole", "computed", "processor")
            )
            times += f": {whole} times as fast as released ({computed}, {processor})"
        lines.append(Row(f"{network} {name}: training step", times, conditions))
        lines.append(Row(f"{network} {name}: peak memory", f"{one.peak / 2**30:.2f} GiB", conditions))
    return lines


def seconds(value: float) -> str:
    """With a unit in which three digits say enough."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"
