"""The author of a plugin's code, and the place in the author's files at which something happened."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, TracebackType

__all__ = ["Author", "failed_at", "now_at", "written"]

Step = tuple[CodeType, int, str]  # code, line in its file, name of its module


@dataclass(frozen=True, kw_only=True)
class Author:
    """The owner of code that merbench calls.

    Attributes:
        spec: the spec that names the code, e.g. `model my-net`.
        plugin: the plugin's name.
        modules: the top-level modules that hold its code, e.g. `("my_package",)`.
    """

    spec: str
    plugin: str
    modules: tuple[str, ...]

    @classmethod
    def of(cls, spec: str, plugin: str, *targets: str) -> Author:
        """The author of `targets`, each `"module:attribute"` or a module.

        If `plugin` is empty because the name is not known, the first module replaces it.
        """
        modules = tuple(dict.fromkeys(target.partition(":")[0].partition(".")[0] for target in targets))
        return cls(spec=spec, plugin=plugin or modules[0], modules=modules)

    def __str__(self) -> str:
        return f"{self.spec} (plugin {self.plugin})"


def failed_at(tree: TracebackType | None, author: Author) -> str:
    """` at FILE:LINE in FUNCTION` for the deepest of the author's own lines in a traceback; empty if it has none."""
    steps = ((frame.f_code, line, _module(frame)) for frame, line in traceback.walk_tb(tree))
    return _deepest(steps, author)


def now_at(frame: FrameType, author: Author) -> str:
    """The same for a running thread: the author's deepest line, or else the deepest line."""
    steps = [(one.f_code, line, _module(one)) for one, line in traceback.walk_stack(frame)]
    return _deepest(reversed(steps), author) or _at(steps[0])


def written(code: object, author: Author) -> str:
    """` at FILE:LINE` for a function in the author's modules; empty for any other."""
    found = getattr(inspect.unwrap(code), "__code__", None) if callable(code) else None
    if found is None or str(getattr(code, "__module__", "")).partition(".")[0] not in author.modules:
        return ""
    return f" at {_shown(found)}:{found.co_firstlineno}"


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _deepest(steps: Iterable[Step], author: Author) -> str:
    own = [step for step in steps if step[2].partition(".")[0] in author.modules]
    return _at(own[-1]) if own else ""


def _at(step: Step) -> str:
    code, line, _ = step
    return f" at {_shown(code)}:{line} in {code.co_name}"


def _shown(code: CodeType) -> Path:
    path = Path(code.co_filename)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
