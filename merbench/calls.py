"""Calls a plugin's code: what it prints goes to stderr, and what it raises becomes one line with the author's line."""

from __future__ import annotations

import contextlib
import io
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from merbench.errors import MerbenchError, PluginError

__all__ = ["Author", "calling"]

REASON = 300  # characters of an author's message in an error


@dataclass(frozen=True, kw_only=True)
class Author:
    """Whose code is called.

    Attributes:
        spec: what the plugin registered, e.g. `model my-net`.
        plugin: the plugin's name.
        modules: the top-level modules that hold its code, e.g. `("my_package",)`.
    """

    spec: str
    plugin: str
    modules: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.spec} (plugin {self.plugin})"


@contextlib.contextmanager
def calling(author: Author, function: str, wanted: str = "") -> Iterator[None]:
    """A block that runs the author's code.

    Args:
        author: whose.
        function: what is called, as the error names it, e.g. `forward` or `fit on fold smic/s01`.
        wanted: what the function must do, as it completes "it must ..."; empty for no such sentence.

    Raises:
        PluginError: the code raised something that is no `MerbenchError`; the line names the plugin, the function, and
            the file and line of the author's code.
        MemoryError: as it was raised: memory that runs out is not the author's fault.
    """
    with contextlib.redirect_stdout(_Prefixed(sys.stderr, author.plugin)):
        try:
            yield
        except (MerbenchError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise PluginError(_told(error, author, function, wanted)) from error


def _told(error: BaseException, author: Author, function: str, wanted: str) -> str:
    reason = " ".join(str(error).split())[:REASON]
    what = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    must = f"; it must {wanted}" if wanted else ""
    return f"{author}: {function} failed{_place(error, author)}: {what}{must}"


def _place(error: BaseException, author: Author) -> str:
    """` at FILE:LINE in FUNCTION`, of the deepest of the author's own frames; empty where none is on the stack."""
    own = [
        (frame.f_code, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in author.modules
    ]
    if not own:
        return ""
    code, line = own[-1]
    path = Path(code.co_filename)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f" at {shown}:{line} in {code.co_name}"


class _Prefixed(io.TextIOBase):
    """Writes each line behind the plugin's name."""

    def __init__(self, target: TextIO, plugin: str) -> None:
        self.target, self.prefix, self.fresh = target, f"[{plugin}] ", True

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            self.target.write(self.prefix + line if self.fresh else line)
            self.fresh = line.endswith("\n")
        return len(text)

    def flush(self) -> None:
        self.target.flush()
