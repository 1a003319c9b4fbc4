"""Worker processes: they do not outlive their owner, say nothing when it is interrupted, and keep their memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from functools import cache

from merbench.errors import OutputError, PluginError
from merbench.plugin.watch import last_words

__all__ = ["end_with", "if_ended", "interrupts_later", "keep_freed_memory"]

# How the end of a process is told that nobody outside ended: a fault in native code, or an exit of its own.
CRASHED = re.compile(r"SIG(?!KILL|TERM)|EXIT\([^0]")
# Of mallopt(3), for the C library glibc.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


@cache
def end_with(owner: int) -> None:
    """Ends this process once its parent is no longer `owner`: an orphan would hold memory, and cores of a new run.

    Until then Ctrl-C is left to the owner, who ends its processes: they would answer with a traceback each.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def if_ended(what: str, advice: str) -> Iterator[None]:
    """Turns the end of one of joblib's processes into one line: most often a system without memory ended it.

    Args:
        what: the process does, as in "a process that trains".
        advice: how things stand, and what to do.

    Processes must be started within the block.

    Raises:
        OutputError: a process was ended so while the block ran.
        PluginError: a process ended itself, because a call into a plugin in it was overdue.
    """
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    with last_words() as words:
        try:
            yield
        except TerminatedWorkerError as error:
            if line := words():
                raise PluginError(line) from error
            if CRASHED.search(str(error)):
                raise
            raise OutputError(
                f"a process that {what} was ended from outside, most likely for want of memory; {advice}"
            ) from error


@contextlib.contextmanager
def interrupts_later() -> Iterator[None]:
    """Holds Ctrl-C back while joblib starts processes, which inherit that: it reaches their owner alone, who ends them.
    One that was just importing something would answer with a traceback.
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
    """Has this process use the memory that it frees again, in place of giving it back, where the C library can.

    Else each tensor of some hundred kB is new memory, cleared page by page: up to a third of a small network's step.
    """
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None:
        mallopt(MMAP_MAX, 0)
        mallopt(TRIM_THRESHOLD, 2**31 - 1)
