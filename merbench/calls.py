"""Calls a plugin's code: what it prints goes to stderr, and what it raises becomes one line with the author's line.

A call that takes long is named on stderr, and one that takes longer than `--timeout` allows is ended.
"""

from __future__ import annotations

import io
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from merbench import watch
from merbench.authors import Author, author_of, defined, failed_at
from merbench.errors import MerbenchError, PluginError

__all__ = ["Author", "author_of", "calling", "defined", "kind_of", "reason", "wrong_result"]

REASON = 300  # characters of an author's message in an error


def calling(author: Author, function: str, wanted: str = "") -> _Calling:
    """A block (`with calling(...):`) that runs the author's code. It costs some 3 microseconds.

    Args:
        author: whose.
        function: what is called, as the error names it, e.g. `forward` or `fit on fold smic/s01`.
        wanted: what the function must do, as it completes "it must ..."; empty for no such sentence.

    Raises:
        PluginError: the code raised something that is no `MerbenchError`, or took longer than `MERBENCH_TIMEOUT`; the
            line names the plugin, the function, and the file and line of the author's code.
        MemoryError: as it was raised: memory that runs out is not the author's fault.
    """
    return _Calling(author, function, wanted)


def wrong_result(author: Author, name: str, function: Callable[..., Any], gave: str, wanted: str) -> PluginError:
    """The error for a function that did not give what it must.

    Args:
        author: whose.
        name: of the function, as the error names it.
        function: itself, of which the place is named.
        gave: what it gave, in words such as `kind_of` finds.
        wanted: as it completes "it must give ...".
    """
    return PluginError(f"{author}: {name}{defined(function)} gave {gave}; it must give {wanted}")


def kind_of(value: object) -> str:
    """What a value is, in words: `None`, `a tuple`, `an array of <U4`."""
    if value is None:
        return "None"
    name = type(value).__name__
    of = f" of {value.dtype}" if name == "ndarray" and hasattr(value, "dtype") else ""
    return f"an array{of}" if of else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def reason(error: BaseException) -> str:
    """The error's class and message on one line; of a long message its beginning."""
    text = " ".join(str(error).split())[:REASON]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


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
        if isinstance(error, watch.Overdue) and self.overdue:
            raise _fault(self.overdue, error) from error
        if isinstance(error, Exception | SystemExit) and not isinstance(error, MerbenchError | MemoryError):
            raise _fault(_told(error, self.author, self.function, self.wanted), error) from error


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


def _told(error: BaseException, author: Author, function: str, wanted: str) -> str:
    must = f"; it must {wanted}" if wanted else ""
    return f"{author}: {function} failed{failed_at(error.__traceback__, author)}: {reason(error)}{must}"


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


_STATE = _State()
_BUSY: frozenset[object] = frozenset({_Calling.__enter__.__code__, _Calling.__exit__.__code__})
