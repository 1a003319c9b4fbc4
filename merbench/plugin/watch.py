"""Watch calls into plugins from a separate thread: report a call that takes long, and end one that takes too long.

An overdue call is interrupted by a signal, which raises an exception in it. If the code does not react within some
seconds, its process ends; the line that names the call is printed, or left for the parent process.
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
REPORT_VARIABLE = "MERBENCH_REPORT_AFTER"  # seconds after which a running call is reported; the time then doubles
WORDS_VARIABLE = "MERBENCH_LAST_WORDS"  # the folder in which a worker process leaves its last line
REPORT_AFTER = 60.0
TICK = 1.0  # seconds between two checks, or less if a shorter time is asked for
GRACE = (1.0, 5.0)  # smallest and largest number of seconds that an interrupted call may continue
EXIT = 2  # the exit code of every expected error

_words_here: list[Path] = []  # folders that this process reads, so that it does not write to them


class Overdue(BaseException):
    """Raised in a call that takes too long. Not an `Exception`, so that `except Exception` cannot catch it."""


class Call:
    """A running call.

    Attributes:
        author, function: the called code.
        outer: the call that contains this one.
        age: seconds that the call has run, without times in which the whole process was stopped.
        report_at: the age at which it is reported next; 0 before the first report.
        overdue: the error line if it took too long; empty until then.
    """

    __slots__ = ("age", "author", "function", "outer", "overdue", "report_at")

    def __init__(self, author: Author, function: str) -> None:
        self.author, self.function = author, function
        self.outer: Call | None = None
        self.age = self.report_at = 0.0
        self.overdue = ""

    def chain(self) -> Iterator[Call]:
        """This call and the calls that contain it."""
        call: Call | None = self
        while call is not None:
            yield call
            call = call.outer


def timeout() -> float:
    """Seconds that one call into a plugin may take; infinite without a limit.

    Raises:
        ConfigError: the environment variable MERBENCH_TIMEOUT is not a number above 0.
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
    """For processes that are started in the block: yields a function that returns the last line of one that was ended,
    or an empty text."""
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
    """Start to watch.

    Args:
        running: the innermost call of each thread, by thread number; the caller updates it.
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
        """Take over two unused signals: one interrupts calls, one is for code that lets no other thread run."""
        if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
            return
        wanted = (signal.SIGURG, signal.SIGALRM)
        self.signals = tuple(one for one in wanted if signal.getsignal(one) is signal.SIG_DFL)
        for one in self.signals:
            signal.signal(one, self.raise_overdue)

    def run(self) -> None:
        """Check the running calls, again and again."""
        last = time.monotonic()
        while True:
            limit, report = _seconds(TIMEOUT_VARIABLE, math.inf), _seconds(REPORT_VARIABLE, REPORT_AFTER)
            self.grace = min(max(limit, GRACE[0]), GRACE[1])
            self._put_off(limit)
            step = min(TICK, limit / 5, report / 5)
            time.sleep(step)
            last, before = time.monotonic(), last
            for thread, call in list(self.running.items()):
                # The time in which a process was stopped (Ctrl-Z, a sleeping laptop) does not count.
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
        """Postpone an alarm at every check; code that lets no other thread run, this one included, meets the alarm."""
        if self.signals[1:] and (self.alarmed or limit < math.inf):
            self.alarmed, self.processor = limit < math.inf, time.process_time()
            signal.setitimer(signal.ITIMER_REAL, limit + self.grace if self.alarmed else 0)

    def raise_overdue(self, number: int, frame: FrameType | None) -> None:
        """Raise an exception in the main thread if a call there is overdue."""
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
    """End this process from a thread other than the hanging one."""
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
