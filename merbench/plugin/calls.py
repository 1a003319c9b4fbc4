"""Calls a plugin's code: what it prints goes to stderr, and what it raises becomes one line with the author's line.

A call that takes long is named on stderr, and one that takes longer than `--timeout` allows is ended.
"""

from __future__ import annotations

import io
import re
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, TextIO

from merbench.errors import MerbenchError, PluginError, one_line
from merbench.plugin import watch
from merbench.plugin.authors import Author, failed_at, written

__all__ = ["Author", "calling", "kind", "memory_is_full", "reason", "wrong"]

REASON = 300  # characters of an author's message in an error
# How torch says that no memory is left, of an accelerator and of a CPU: only CUDA has an error of its own.
FULL = re.compile("out of memory|DefaultCPUAllocator")


def calling(author: Author, function: str, wanted: str = "") -> _Calling:
    """A block (`with calling(...):`) that runs the author's code. It costs some 3 microseconds.

    Args:
        author: whose.
        function: what is called, as the error names it, e.g. `forward` or `fit on fold smic/s01`.
        wanted: what the function must do, as it completes "it must ..."; empty for no such sentence.

    Raises:
        PluginError: the code raised something that is no `MerbenchError`, or took longer than `MERBENCH_TIMEOUT`; the
            line names the plugin, the function, and the file and line of the author's code.
        MemoryError, RuntimeError: memory ran out: as it was raised, for that is not the author's fault.
    """
    return _Calling(author, function, wanted)


def memory_is_full(error: BaseException) -> bool:
    """Whether an error says that no memory is left, as Python and NumPy say it, or as torch does."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(FULL.search(str(error))))


def wrong(author: Author, function: str, gives: str, wanted: str, code: object = None) -> PluginError:
    """The error for an author's function that returned what it must not; to be raised.

    Args:
        author: whose.
        function: its name.
        gives: what it returned, e.g. `a tuple`.
        wanted: what it must do, as it completes "it must ...".
        code: the function itself: where it is written is named, if the author wrote it.
    """
    return PluginError(f"{author}: {function}{written(code, author)} gives {gives}; it must {wanted}")


def kind(value: object) -> str:
    """What a value is, in an error: `None`, `a tuple`, `a numpy.ndarray`."""
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
    __slots__ = ("wanted",)

    def __init__(self, author: Author, function: str, wanted: str) -> None:
        super().__init__(author, function)
        self.wanted = wanted

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
            raise _fault(self._told(error), error) from error

    def _told(self, error: BaseException) -> str:
        must = f"; it must {self.wanted}" if self.wanted else ""
        return (
            f"{self.author}: {self.function} failed{failed_at(error.__traceback__, self.author)}: {reason(error)}{must}"
        )


class _State:
    """What this process keeps about its calls."""

    def __init__(self) -> None:
        self.running: dict[int, watch.Call] = {}  # thread -> its innermost call
        self.lock = threading.Lock()
        self.stdout: TextIO = sys.stdout
        self.output = _Prefixed(self.running)
        self.watch: threading.Thread | None = None


def _fault(line: str, error: BaseException) -> PluginError:
    """The traceback is kept as text: it goes where the error goes, out of a worker process as well."""
    fault = PluginError(line)
    fault.details = "".join(traceback.format_exception(error))
    return fault


class _Prefixed(io.TextIOBase):
    """Stands for stdout while calls run: writes each line to stderr, behind the name of the plugin that runs."""

    def __init__(self, running: dict[int, watch.Call]) -> None:
        self.running, self.fresh = running, True

    def write(self, text: str) -> int:
        """A thread that a plugin started has no call of its own; any call that runs is taken for it."""
        call = self.running.get(threading.get_ident()) or next(iter(list(self.running.values())), None)
        for line in text.splitlines(keepends=True):
            sys.stderr.write(f"[{call.author.plugin}] {line}" if self.fresh and call else line)
            self.fresh = line.endswith("\n")
        return len(text)

    def flush(self) -> None:
        sys.stderr.flush()

    def end(self) -> None:
        """Ends a line that was begun: whoever writes next begins a new one."""
        if not self.fresh:
            self.write("\n")

    def fileno(self) -> int:
        """Of stderr, for code that hands it to another process."""
        return sys.stderr.fileno()

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return sys.stderr.encoding

    def __getattr__(self, name: str) -> Any:
        """What else a stdout has, such as `buffer`: that of stderr."""
        return getattr(sys.stderr, name)


_STATE = _State()
_BUSY: frozenset[object] = frozenset({_Calling.__enter__.__code__, _Calling.__exit__.__code__})
