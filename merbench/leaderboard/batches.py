"""Work on many records, shared out among processes."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TypeVar

from threadpoolctl import threadpool_limits

from merbench.processes import each, end_processes

__all__ = ["end_processes", "in_batches", "uncollected"]

MANY = 250  # records from which on it is worth starting processes
BATCH = 25  # records that a process works on before it answers

T = TypeVar("T")
R = TypeVar("R")


def in_batches(work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> Generator[R, None, None]:
    """Apply `work` to batches of items and yield results in order. Many items use several processes, which stay until
    `end_processes`.

    Raises:
        OutputError: a process was ended from outside.
    """
    if len(items) < MANY:
        with uncollected():
            yield from work(items)
        return
    import joblib

    batches = ((work, items[start : start + BATCH]) for start in range(0, len(items), BATCH))
    advice = "make room and run again"
    jobs = joblib.cpu_count()
    with contextlib.closing(
        each(_in_worker, batches, jobs, does="works on the records", advice=advice, ordered=True, stay=True)
    ) as found:
        for results in found:
            yield from results


def _in_worker(work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
    with uncollected(), threadpool_limits(1):  # the cores are taken
        return work(items)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Turn off the garbage collector: it would scan every record again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
