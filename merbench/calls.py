"""Calls a plugin's code: what it prints goes to stderr, and what it raises becomes one line with the author's line."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from merbench.errors import MerbenchError, PluginError

__all__ = ["Author", "calling", "kind", "memory_is_full", "place", "reason", "wrong"]

REASON = 300  # characters of an author's message in an error
# How torch says that no memory is left, of an accelerator and of a CPU: only CUDA has an error of its own.
FULL = re.compile("out of memory|DefaultCPUAllocator")


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

    @classmethod
    def of(cls, spec: str, plugin: str, *targets: str) -> Author:
        """The author of `targets`, each `"module:attribute"` or a module, e.g. of the plugin and of what it names."""
        modules = dict.fromkeys(target.partition(":")[0].partition(".")[0] for target in targets)
        return cls(spec=spec, plugin=plugin, modules=tuple(modules))

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
        MemoryError, RuntimeError: memory ran out: as it was raised, for that is not the author's fault.
    """
    printed = _Prefixed(sys.stderr, author.plugin)
    with contextlib.redirect_stdout(printed):
        try:
            yield
        except MerbenchError:
            raise
        except (Exception, SystemExit) as error:
            if memory_is_full(error):
                raise
            must = f"; it must {wanted}" if wanted else ""
            raise PluginError(f"{author}: {function} failed{place(error, author)}: {reason(error)}{must}") from error
        finally:
            printed.end()


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
    return PluginError(f"{author}: {function}{_written(code, author)} gives {gives}; it must {wanted}")


def kind(value: object) -> str:
    """What a value is, in an error: `None`, `a tuple`, `a numpy.ndarray`."""
    if value is None:
        return "None"
    name, module = type(value).__qualname__, type(value).__module__
    name = name if module == "builtins" else f"{module.partition('.')[0]}.{name}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def reason(error: BaseException) -> str:
    """`KeyError: 'flow'`: an error's type and its message, in one line."""
    message = " ".join(str(error).split())[:REASON]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def place(error: BaseException, author: Author) -> str:
    """` at FILE:LINE in FUNCTION`, of the deepest of the author's own frames; empty where none is on the stack."""
    own = [
        (frame.f_code, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in author.modules
    ]
    if not own:
        return ""
    code, line = own[-1]
    return f" at {_shown(code.co_filename)}:{line} in {code.co_name}"


def _written(function: object, author: Author) -> str:
    """` at FILE:LINE`, where the author wrote a function; empty where it is not in the author's modules."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    if code is None or str(getattr(function, "__module__", "")).partition(".")[0] not in author.modules:
        return ""
    return f" at {_shown(code.co_filename)}:{code.co_firstlineno}"


def _shown(name: str) -> Path:
    path = Path(name)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


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

    def end(self) -> None:
        """Ends a line that was begun: whoever writes next begins a new one."""
        if not self.fresh:
            self.write("\n")

    def fileno(self) -> int:
        """Of stderr, for code that hands it to another process."""
        return self.target.fileno()
