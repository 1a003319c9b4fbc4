"""Starts worker processes. They end with their owner, and print nothing when the owner is interrupted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from merbench.errors import OutputError, PluginError
from merbench.plugin.watch import last_words

__all__ = ["each", "end_processes", "keep_freed_memory"]

R = TypeVar("R")

# How joblib describes a process that was not ended from outside: a fault in native code, or an exit of its own.
CRASHED = re.compile(r"SIG(?!KILL|TERM)|EXIT\([^0]")
# Of mallopt(3), for the C library glibc.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


def each(
    function: Callable[..., R],
    arguments: Iterable[tuple[Any, ...]],
    jobs: int,
    *,
    does: str,
    advice: str,
    begin: Callable[[], None] | None = None,
    ordered: bool = False,
    stay: bool = False,
) -> Generator[R, None, None]:
    """Calls `function` with each tuple of arguments in `jobs` processes, or in this process if `jobs` is 1.

    Args:
        function: called in the processes. Large arrays among its arguments are shared through files; a process does
            not see the writes of another.
        arguments: consumed as processes become free.
        jobs: number of processes.
        does: completes "a process that ..." in errors.
        advice: for errors: what to do if a process is ended from outside.
        begin: called once in each process, before the first task.
        ordered: whether results are yielded in the order of the arguments, instead of as they are ready.
        stay: whether the processes wait for more work until `end_processes`. An error ends them at once.

    Raises:
        OutputError: a process was ended from outside, most often because memory ran out.
        PluginError: a process ended itself, because a call into a plugin took longer than the limit.
    """
    if jobs == 1:
        for one in arguments:
            yield function(*one)
        return
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator" if ordered else "generator_unordered",
        mmap_mode="c",  # torch wants writable arrays
        initializer=_begin,  # not with the first task: a process without a task would not end with its owner
        initargs=(os.getpid(), begin),
    )
    finished = False
    with contextlib.nullcontext(str) if stay else last_words() as words:
        try:
            with _interrupts_later():
                results = parallel(joblib.delayed(function)(*one) for one in arguments)
            with contextlib.closing(_quiet(results)) as results:
                yield from results
            finished = True
        except TerminatedWorkerError as error:
            if line := words():
                raise PluginError(line) from error
            if CRASHED.search(str(error)):
                raise
            raise OutputError(
                f"a process that {does} was ended from outside, most likely because memory ran out; {advice}"
            ) from error
        finally:
            # Idle processes would hold memory, and threads of one library that another library may wait for.
            if not (stay and finished):
                end_processes()


def _quiet(results: Generator[R, None, None]) -> Generator[R, None, None]:
    """Yields the results; hides joblib's warning about unfinished tasks if the caller stops early."""
    try:
        for result in results:  # noqa: UP028  `yield from` would close them before the `finally`
            yield result
    finally:
        with warnings.catch_warnings(action="ignore"):
            results.close()


def end_processes() -> None:
    """Ends the processes that `each` started."""
    if loky := sys.modules.get("joblib.externals.loky"):  # else there are none, and importing it takes half a second
        loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _begin(owner: int, begin: Callable[[], None] | None) -> None:
    _end_with(owner)
    if begin:
        begin()


def _end_with(owner: int) -> None:
    """Ends this process when its parent is no longer `owner`: an orphan would hold memory and cores.

    Ignores Ctrl-C: the owner ends its processes, and each process would print a traceback.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Delays Ctrl-C while joblib starts processes. They inherit the blocked signal, so only their owner receives it.

    Otherwise a process that is still importing modules would print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from joblib.externals.loky.backend import resource_tracker

    with _silent_interpreters():  # the tracker warns of files that a process left which failed: nobody can act on it
        resource_tracker.ensure_running()  # now: starting it unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _silent_interpreters() -> Iterator[None]:
    """Interpreters that start meanwhile print no warnings."""
    before = sys.warnoptions
    sys.warnoptions = [*before, "ignore"]
    try:
        yield
    finally:
        sys.warnoptions = before


def keep_freed_memory() -> None:
    """Makes this process reuse freed memory instead of returning it to the system, if the C library can.

    Otherwise the system clears new pages for each tensor of some hundred kB: up to a third of a small network's step.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
