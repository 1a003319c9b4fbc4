"""Worker processes: one way to start them. They do not outlive their owner and stay silent when it is interrupted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from merbench.errors import OutputError, PluginError
from merbench.plugin.watch import last_words

__all__ = ["each", "end_processes", "keep_freed_memory"]

R = TypeVar("R")

# How joblib names the end of a process that nobody outside ended: a fault in native code, or an exit of its own.
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
    """What `function` returns for each tuple of arguments, computed in `jobs` processes; for 1 in this process.

    Args:
        function: called in the processes. Large arrays among its arguments are shared through files; a write to them
            stays in the process.
        arguments: taken as processes become free.
        jobs: how many processes.
        does: what a process does, as in "a process that trains"; for errors.
        advice: what to do when a process is ended from outside; for errors.
        begin: called once in each process, before anything else.
        ordered: whether results come in the order of the arguments, not as they are ready.
        stay: whether the processes wait for more work until `end_processes`. An error ends them at once.

    Raises:
        OutputError: a process was ended from outside, most often because memory ran out.
        PluginError: a process ended itself, because a call into a plugin took longer than the limit.
    """
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator" if ordered else "generator_unordered",
        mmap_mode="c",  # torch wants writable arrays
        initializer=_begin,  # and not with the first task: a worker that never got one would be left behind
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
            # Idle processes would hold memory, and threads of a library that another may wait for.
            if not (stay and finished):
                end_processes()


def _quiet(results: Generator[R, None, None]) -> Generator[R, None, None]:
    """The results; if they are not wanted to the end, joblib's warning about tasks under way is not shown."""
    try:
        for result in results:  # noqa: UP028  `yield from` would close them outside of the `finally`
            yield result
    finally:
        with warnings.catch_warnings(action="ignore"):
            results.close()


def end_processes() -> None:
    """Ends the processes that `each` started, if there are any."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _begin(owner: int, begin: Callable[[], None] | None) -> None:
    _end_with(owner)
    if begin:
        begin()


def _end_with(owner: int) -> None:
    """Ends this process once its parent is no longer `owner`: an orphan would hold memory, and cores of a new run.

    Ctrl-C is left to the owner, who ends its processes: each would answer with a traceback.
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
    """Holds Ctrl-C back while joblib starts processes, which inherit that: only their owner receives it.

    A process that is still importing something would answer with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from joblib.externals.loky.backend import resource_tracker

    resource_tracker.ensure_running()  # now: it takes the signals from the list again when it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def keep_freed_memory() -> None:
    """Lets this process use freed memory again instead of giving it back, if the C library can.

    Else each tensor of some hundred kB is new memory, cleared page by page: up to a third of a small network's step.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
