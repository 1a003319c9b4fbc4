"""Call a plugin's code. Its output goes to stderr, and its exceptions become one line that names the author's line.

A call that takes long is reported on stderr, and a call that takes longer than `--timeout` is ended.
"""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, TextIO

from merbench.errors import MerbenchError, PluginError, one_line
from merbench.plugin import watch
from merbench.plugin.authors import Author, failed_at, written

__all__ = ["Author", "calling", "gets_on", "kind", "memory_is_full", "reason", "wrong"]

REASON = 300  # characters of an author's message in an error
# Messages of torch when no memory is left, on an accelerator and on a CPU: only CUDA has its own exception.
FULL = re.compile("out of memory|DefaultCPUAllocator")


def calling(author: Author, function: str, wanted: str = "") -> _Calling:
    """A block (`with calling(...):`) that runs the author's code. It costs about 3 microseconds.

    Args:
        author: the owner of the code.
        function: name of the call for the error, e.g. `forward` or `fit on fold smic/s01`.
        wanted: what the function must do, to complete "it must ..."; empty leaves the sentence out.

    Raises:
        PluginError: the code raised anything but a `MerbenchError`, or took longer than `MERBENCH_TIMEOUT`; the line
            names the plugin, the function, and the file and line of the author's code.
        MemoryError, RuntimeError: memory ran out; raised unchanged, because it is not the author's fault.
    """
    return _Calling(author, function, wanted)


def gets_on() -> None:
    """Let the time of the running calls start anew, because the called code has shown that it gets on."""
    if call := _STATE.running.get(threading.get_ident()):
        for one in call.chain():
            one.age = one.report_at = 0.0


def memory_is_full(error: BaseException) -> bool:
    """Whether an error of Python, NumPy or torch means that no memory is left."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(FULL.search(str(error))))


def wrong(author: Author, function: str, gives: str, wanted: str, code: object = None) -> PluginError:
    """The error to raise for an author's function with a wrong result.

    Args:
        author: the owner of the function.
        function: its name.
        gives: its result, e.g. `a tuple`.
        wanted: what it must do, to complete "it must ...".
        code: the function; the error names its file and line if the author wrote it.
    """
    return PluginError(f"{author}: {function}{written(code, author)} gives {gives}; it must {wanted}")


def kind(value: object) -> str:
    """The type of a value as text for an error: `None`, `a tuple`, `a numpy.ndarray`."""
    if value is None:
        return "None"
    name, module = type(value).__qualname__, type(value).__module__
    name = name if module == "builtins" else f"{module.partition('.')[0]}.{name}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def reason(error: BaseException) -> str:
    """`KeyError: 'flow'`: an error's type and its message, in one line."""
    message = one_line(error)[:REASON]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


class _Calling(watch.Call):
    __slots__ = ("process", "wanted")

    def __init__(self, author: Author, function: str, wanted: str) -> None:
        super().__init__(author, function)
        self.wanted, self.process = wanted, os.getpid()

    def __enter__(self) -> None:
        thread = threading.get_ident()
        with _STATE.lock:
            self.outer = _STATE.running.get(thread)
            _STATE.running[thread] = self
            if sys.stdout is not _STATE.output and len(_STATE.running) == 1 and self.outer is None:
                _STATE.stdout, sys.stdout = sys.stdout, _STATE.output
        if _STATE.watch is None or not _STATE.watch.is_alive():  # also in a process that was forked from this one
            _STATE.watch = watch.start(_STATE.running, _BUSY)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tree: TracebackType | None
    ) -> None:
        if os.getpid() != self.process:  # a copy of the whole run: both would go on, and write the same files
            self._end_copy()
        thread = threading.get_ident()
        with _STATE.lock:
            if self.outer is not None:
                _STATE.running[thread] = self.outer
            else:
                _STATE.running.pop(thread, None)
            if not _STATE.running:
                sys.stdout = _STATE.stdout
        _STATE.output.end()
        if isinstance(error, watch.Overdue) and self.overdue:
            raise _fault(self.overdue, error) from error
        expected = isinstance(error, MerbenchError) or (error is not None and memory_is_full(error))
        if isinstance(error, Exception | SystemExit) and not expected:
            raise _fault(self._line(error), error) from error

    def _end_copy(self) -> None:
        """End this process, which the author's code forked and did not end. No cleaning up: that is the original's."""
        line = f"merbench: {self.author}: {self.function} forked this process and did not end it; it is ended"
        os.write(2, f"{line}: use subprocess or multiprocessing\n".encode())
        os._exit(1)

    def _line(self, error: BaseException) -> str:
        must = f"; it must {self.wanted}" if self.wanted else ""
        return (
            f"{self.author}: {self.function} failed{failed_at(error.__traceback__, self.author)}: {reason(error)}{must}"
        )


class _State:
    """The state of this process's calls."""

    def __init__(self) -> None:
        self.running: dict[int, watch.Call] = {}  # thread -> its innermost call
        self.lock = threading.Lock()
        self.stdout: TextIO = sys.stdout
        self.output = _Prefixed(self.running)
        self.watch: threading.Thread | None = None


def _fault(line: str, error: BaseException) -> PluginError:
    """The traceback is kept as text, so that it stays with the error outside a worker process."""
    fault = PluginError(line)
    fault.details = "".join(traceback.format_exception(error))
    return fault


class _Prefixed(io.TextIOBase):
    """Replaces stdout while calls run: writes each line to stderr, after the name of the running plugin."""

    def __init__(self, running: dict[int, watch.Call]) -> None:
        self.running, self.fresh = running, True

    def write(self, text: str) -> int:
        """A thread that a plugin started has no call of its own; its output is credited to any running call."""
        call = self.running.get(threading.get_ident()) or next(iter(list(self.running.values())), None)
        for line in text.splitlines(keepends=True):
            sys.stderr.write(f"[{call.author.plugin}] {line}" if self.fresh and call else line)
            self.fresh = line.endswith("\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def end(self) -> None:
        """End an unfinished line, so that the next output starts a new one."""
        if not self.fresh:
            self.write("\n")

    def fileno(self) -> int:
        """The number of stderr, for code that passes it to another process."""
        return sys.stderr.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return sys.stderr.encoding

    def __getattr__(self, name: str) -> Any:
        """Other attributes of a stdout, such as `buffer`, come from stderr."""
        return getattr(sys.stderr, name)


_STATE = _State()
_BUSY: frozenset[object] = frozenset({_Calling.__enter__.__code__, _Calling.__exit__.__code__})
