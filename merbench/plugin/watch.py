"""Watches calls into plugins from a thread of its own: names a call that takes long, and ends one that takes too long.

A call that is overdue is interrupted by a signal, which raises in it. Code that does not answer to that for some
seconds ends together with its process: the line that names it is printed, or left for the process that started it.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from merbench.errors import ConfigError, printable
from merbench.plugin.authors import Author, now_at

__all__ = ["REPORT_VARIABLE", "TIMEOUT_VARIABLE", "Call", "Overdue", "last_words", "start", "timeout"]

TIMEOUT_VARIABLE = "MERBENCH_TIMEOUT"  # seconds that one call into a plugin may take
REPORT_VARIABLE = "MERBENCH_REPORT_AFTER"  # seconds after which a call that goes on is named, then each doubling
WORDS_VARIABLE = "MERBENCH_LAST_WORDS"  # the folder in which a worker process leaves the line that it ended with
REPORT_AFTER = 60.0
TICK = 1.0  # seconds between two looks, or less where a shorter time is asked for
GRACE = (1.0, 5.0)  # at least and at most as many seconds may an interrupted call go on
EXIT = 2  # as every expected error

_words_here: list[Path] = []  # folders that this process reads, and so does not write to


class Overdue(BaseException):
    """Raised in a call that takes too long. No `Exception`: the author's `except Exception` must not hold it up."""


class Call:
    """A call that runs.

    Attributes:
        author, function: what is called.
        outer: the call within which it runs.
        age: seconds that the watch has seen it run. Times in which the whole process stood still do not count.
        report_at: the age at which it is named next; 0 before the first time.
        overdue: the line that says that it took too long; empty until then.
    """

    __slots__ = ("age", "author", "function", "outer", "overdue", "report_at")

    def __init__(self, author: Author, function: str) -> None:
        self.author, self.function = author, function
        self.outer: Call | None = None
        self.age = self.report_at = 0.0
        self.overdue = ""

    def chain(self) -> Iterator[Call]:
        """This call, and those within which it runs."""
        call: Call | None = self
        while call is not None:
            yield call
            call = call.outer


def timeout() -> float:
    """Seconds that one call into a plugin may take; infinite where nothing limits it.

    Raises:
        ConfigError: the environment variable MERBENCH_TIMEOUT holds no number above 0.
    """
    text = os.environ.get(TIMEOUT_VARIABLE, "")
    if text and not _seconds(TIMEOUT_VARIABLE, 0):
        raise ConfigError(f"{TIMEOUT_VARIABLE} must be a number of seconds above 0, found {text!r}")
    return _seconds(TIMEOUT_VARIABLE, math.inf)


def _seconds(variable: str, default: float) -> float:
    try:
        value = float(os.environ.get(variable, ""))
    except ValueError:
        return default
    return value if 0 < value < math.inf else default


@contextlib.contextmanager
def last_words() -> Iterator[Callable[[], str]]:
    """For processes that are started in the block: gives the line that one of them ended with, else an empty text."""
    if timeout() == math.inf:
        yield str
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="merbench-") as folder:
        before = os.environ.get(WORDS_VARIABLE)
        os.environ[WORDS_VARIABLE] = folder
        _words_here.append(Path(folder))
        try:
            yield lambda: "".join(path.read_text("utf-8") for path in list(Path(folder).iterdir())[:1])
        finally:
            _words_here.pop()
            os.environ.pop(WORDS_VARIABLE)
            if before is not None:
                os.environ[WORDS_VARIABLE] = before


def start(running: dict[int, Call], busy: frozenset[object]) -> threading.Thread:
    """Starts to watch.

    Args:
        running: the innermost call of each thread, by the thread's number; others keep it.
        busy: the code that changes `running`, which a signal must not interrupt.
    """
    watch = _Watch(running, busy)
    watch.listen()
    thread = threading.Thread(target=watch.run, name="merbench-watch", daemon=True)
    thread.start()
    return thread


class _Watch:
    def __init__(self, running: dict[int, Call], busy: frozenset[object]) -> None:
        self.running, self.busy = running, busy
        self.signals: tuple[signal.Signals, ...] = ()
        self.alarmed, self.processor = False, 0.0  # seconds of processor time at the last look
        self.grace = GRACE[1]

    def listen(self) -> None:
        """Takes over signals that nobody uses: one to interrupt a call with, one for code that lets no thread run."""
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
            return
        wanted = (signal.SIGURG, signal.SIGALRM)
        self.signals = tuple(one for one in wanted if signal.getsignal(one) is signal.SIG_DFL)
        for one in self.signals:
            signal.signal(one, self.raise_overdue)

    def run(self) -> None:
        """Looks, again and again."""
        last = time.monotonic()
        while True:
            limit, report = _seconds(TIMEOUT_VARIABLE, math.inf), _seconds(REPORT_VARIABLE, REPORT_AFTER)
            self.grace = min(max(limit, GRACE[0]), GRACE[1])
            self._put_off(limit)
            step = min(TICK, limit / 5, report / 5)
            time.sleep(step)
            last, before = time.monotonic(), last
            for thread, call in list(self.running.items()):
                # A process that was stopped for an hour (Ctrl-Z, a laptop that sleeps) has not run for an hour.
                self._look(thread, call, min(last - before, step + TICK), limit, report)

    def _look(self, thread: int, innermost: Call, spent: float, limit: float, report: float) -> None:
        due = False
        for call in innermost.chain():
            call.age += spent
            if call.age >= limit and not due:
                due = True
                self._end(thread, call, limit)
            elif call.age >= (call.report_at or report):
                call.report_at = 2 * (call.report_at or report)
                if not due:
                    self._report(thread, call)
                due = True

    def _report(self, thread: int, call: Call) -> None:
        if frame := sys._current_frames().get(thread):
            advice = "" if _seconds(TIMEOUT_VARIABLE, 0) else "; --timeout SECONDS ends such a call"
            _say(
                f"{call.author}: {call.function} has been running for {call.report_at / 2:g} s, "
                f"now{now_at(frame, call.author)}{advice}"
            )

    def _end(self, thread: int, call: Call, limit: float) -> None:
        if call.overdue and call.age >= limit + self.grace and self._still(thread, call):
            _leave(call.overdue)
        elif not call.overdue and (frame := sys._current_frames().get(thread)) and self._still(thread, call):
            call.overdue = _overdue(call, frame, limit)
            if thread == threading.main_thread().ident and signal.SIGURG in self.signals:
                signal.pthread_kill(thread, signal.SIGURG)

    def _still(self, thread: int, call: Call) -> bool:
        innermost = self.running.get(thread)
        return innermost is not None and call in innermost.chain()

    def _put_off(self, limit: float) -> None:
        """Code that lets no other thread run, this one included, meets an alarm that is put off at every look."""
        if self.signals[1:] and (self.alarmed or limit < math.inf):
            self.alarmed, self.processor = limit < math.inf, time.process_time()
            signal.setitimer(signal.ITIMER_REAL, limit + self.grace if self.alarmed else 0)

    def raise_overdue(self, number: int, frame: FrameType | None) -> None:
        """Raises in the main thread's call, where one is overdue."""
        innermost = self.running.get(threading.get_ident())
        if innermost is None or frame is None or frame.f_code in self.busy:
            return
        if number == signal.SIGALRM and time.process_time() - self.processor > GRACE[0] / 2:
            innermost.overdue = innermost.overdue or _overdue(innermost, frame, _seconds(TIMEOUT_VARIABLE, math.inf))
        if any(call.overdue for call in innermost.chain()):
            raise Overdue


def _overdue(call: Call, frame: FrameType, limit: float) -> str:
    return (
        f"{call.author}: {call.function} did not end within {limit:g} s (--timeout or {TIMEOUT_VARIABLE}); "
        f"it was{now_at(frame, call.author)}"
    )


def _leave(line: str) -> None:
    """Ends this process, from a thread that is not the one that hangs."""
    folder = os.environ.get(WORDS_VARIABLE)
    if folder and not _words_here:
        with contextlib.suppress(OSError):
            (Path(folder) / f"{os.getpid()}").write_text(line, "utf-8")
    else:
        _say(f"error: {line}")
    os._exit(EXIT)


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # stderr is closed
        print(f"merbench: {printable(line)}", file=sys.stderr, flush=True)
