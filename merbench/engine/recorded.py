"""Calls that the device repeats from a recording (a CUDA graph), without the host's work for each operation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from merbench.engine.generators import drawn_so_far
from merbench.engine.task import Task
from merbench.errors import PluginError, one_line

__all__ = ["Recordings", "own_stream", "why_not_recorded"]

Work = Callable[..., Tensor]
WARM_UP = 3  # calls of each shape before it is recorded: torch prepares its libraries and the optimiser in them


class Recordings:
    """Calls of a group's work: the first ones as they are, and later ones from a recording for each shape of tensors.

    A recording repeats the operations on the device, not the Python code. So it is not used if the code draws from
    Python's or NumPy's generator, and given up if torch cannot record the code; `reason` then says why. The work must
    keep everything that it changes on the device.

    Args:
        reason: why nothing is recorded; empty if it is to be tried.
    """

    def __init__(self, reason: str) -> None:
        self.reason, self.refused = reason, False
        self.calls: Counter[object] = Counter()
        self.made: dict[object, tuple[list[Tensor | None], Callable[[], Tensor]]] = {}
        self.pool: Any = None  # torch does not export the type

    def call(self, work: Work, *tensors: Tensor | None) -> Tensor:
        """The result of `work(*tensors)`, a new tensor."""
        if self.reason:
            return work(*tensors)
        key = work, *(one if one is None else one.shape for one in tensors)
        self.calls[key] += 1
        if self.calls[key] <= WARM_UP:
            return self._warm_up(work, tensors)
        if key not in self.made and not self._record(key, work, tensors):
            return work(*tensors)
        kept, repeat = self.made[key]
        for there, new in zip(kept, tensors, strict=True):
            if there is not None and new is not None:
                there.copy_(new)
        return repeat()

    def _warm_up(self, work: Work, tensors: Sequence[Tensor | None]) -> Tensor:
        before = drawn_so_far()
        result = work(*tensors)
        if drawn_so_far() != before:
            self._refuse("the network draws from Python's or NumPy's generator")
        return result

    def _record(self, key: object, work: Work, tensors: Sequence[Tensor | None]) -> bool:
        kept = [one if one is None else one.clone() for one in tensors]
        try:
            self.pool = self.pool or torch.cuda.graph_pool_handle()
            self.made[key] = kept, record(work, kept, self.pool)
        except (RuntimeError, PluginError) as error:  # whatever a network does that torch cannot record
            self._refuse(one_line(error)[:200])
        return not self.refused

    def _refuse(self, reason: str) -> None:
        self.reason, self.refused = reason, True
        self.made.clear()


def record(work: Work, tensors: Sequence[Tensor | None], pool: Any) -> Callable[[], Tensor]:
    """Record `work(*tensors)` on the current stream of the current CUDA device; return what repeats it.

    Recording runs nothing on the device. Recordings share the memory of `pool`: the result of each is copied before
    another one runs.

    Raises:
        RuntimeError, PluginError: the work cannot be recorded.
    """
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool, torch.cuda.current_stream(), capture_error_mode="thread_local"):
        result = work(*tensors)

    def repeat() -> Tensor:
        graph.replay()
        return result.clone()

    return repeat


@contextmanager
def own_stream(device: str) -> Iterator[None]:
    """Queue the work of the block on a stream of its own, because torch's first stream cannot be recorded."""
    if device != "cuda":
        yield
        return
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream().wait_stream(stream)


def why_not_recorded(task: Task, resident: bool) -> str:
    """Say in a few words why the steps of a task cannot be recorded; empty if it can be tried.

    Args:
        task: what the folds share.
        resident: whether all clips are on the device.
    """
    if task.device != "cuda":
        return "only a CUDA device records steps"
    if not resident:
        return "the clips of each step are read from a file"
    if task.recipe.schedule == "one-cycle":
        return "the one-cycle schedule changes the optimiser's momentum in every step"
    return ""
