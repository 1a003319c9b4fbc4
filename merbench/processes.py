"""Worker processes that neither outlive what started them nor speak when it is interrupted."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from functools import cache

__all__ = ["end_with", "interrupts_later"]


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
