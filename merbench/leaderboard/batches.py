"""Share work on many records among processes."""

from __future__ import annotations

import contextlib
import gc
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from threadpoolctl import threadpool_limits

from merbench.processes import end_with, if_ended, interrupts_later

__all__ = ["end_processes", "in_batches", "uncollected"]

MANY = 100  # with fewer records, starting processes takes longer than it saves
BATCH = 25  # records per task

T = TypeVar("T")
R = TypeVar("R")


def in_batches(work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> Iterator[R]:
    """The results of `work`, in the order of the items. Many items are shared among processes, which wait for more work
    until `end_processes`.

    Raises:
        OutputError: a process was killed.
    """
    if len(items) < MANY:
        with uncollected():
            yield from work(items)
        return
    import joblib

    batches = (items[start : start + BATCH] for start in range(0, len(items), BATCH))
    tasks = (joblib.delayed(_in_worker)(os.getpid(), work, batch) for batch in batches)
    with interrupts_later():
        made = joblib.Parallel(n_jobs=joblib.cpu_count(), return_as="generator")(tasks)
    finished = False
    try:
        with if_ended("works on the records", "make room and run again"):
            for results in made:
                yield from results
        finished = True
    finally:
        if not finished:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about unused results, after an error or Ctrl-C
                made.close()
            end_processes()


def _in_worker(owner: int, work: Callable[[Sequence[T]], list[R]], items: Sequence[T]) -> list[R]:
    if os.getpid() != owner:  # with a single core, joblib starts no process
        end_with(owner)
    with uncollected(), threadpool_limits(1):  # other processes use the other cores
        return work(items)


def end_processes() -> None:
    """End the processes that `in_batches` started."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Turn the garbage collector off. It would visit every record read so far again and again, which takes longer than
    reading them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
