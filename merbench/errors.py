"""Errors a user can fix: one line that says what is wrong, where, and what to do.

The command line prints the line on stderr and exits with code 2; anything else that is raised is a defect of
merbench or of a plugin and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "BrokenClips",
    "ConfigError",
    "MerbenchError",
    "OptionError",
    "OutputError",
    "PluginError",
    "RecordError",
    "ReleaseError",
    "TrainingError",
    "UnknownName",
    "UnresolvableFeature",
    "and_more",
    "nearest",
    "one_line",
    "plugin_traceback",
    "printable",
]


class MerbenchError(Exception):
    """Base of every expected error. `str(error)` is one line for the user; `exit_code` is the process's.

    `details` is the traceback of what a plugin's code raised, as text; empty where no such code is to blame.
    """

    exit_code = 2
    details = ""

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by calling the class again: some take other arguments than the message, and would not come out of another
        # process. Nor would causes: what the plugin's code raised goes with the error as text.
        details = {"details": text} if (text := plugin_traceback(self)) else {}
        return _restored, (type(self), self.args, {**self.__dict__, **details})


def _restored(cls: type[MerbenchError], arguments: tuple[object, ...], values: dict[str, object]) -> MerbenchError:
    error = cls.__new__(cls, *arguments)
    error.__dict__.update(values)
    return error


def plugin_traceback(error: BaseException) -> str:
    """The `details` of an error or of what caused it."""
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, MerbenchError) and one.details:
            return one.details
        one = one.__cause__
    return ""


class UnknownName(MerbenchError):
    """A name that nothing registered; the message offers the nearest ones."""

    def __init__(self, noun: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.noun, self.name = noun, name
        how = hint or f"list all with: merbench list {noun}s"
        super().__init__(f"no {noun} is called {name!r}{nearest(name, known)}; {how}")


class PluginError(MerbenchError):
    """A plugin that cannot be loaded, clashes with another, names code that is not there, or whose code fails."""


class ConfigError(MerbenchError):
    """The user's own settings (a file or an environment variable) that cannot be read."""


class ReleaseError(MerbenchError):
    """A release on disk that is not what its source expects."""


class BrokenClips(ReleaseError):
    """Clips whose files are missing or unreadable. `reasons` maps clip id to the reason."""

    def __init__(self, reasons: dict[str, str]) -> None:
        self.reasons = dict(reasons)
        shown = and_more([f"{clip}: {reason}" for clip, reason in reasons.items()], 5, "; ")
        super().__init__(f"{len(reasons)} broken clip(s): {shown}; mend the release and run again")


class UnresolvableFeature(MerbenchError):
    """A feature that cannot be computed from what the dataset's sources provide."""


class OptionError(MerbenchError):
    """A setting that the model or recipe does not have, or a value that it cannot take."""


class TrainingError(MerbenchError):
    """Training that cannot go on, e.g. a loss that is not a number."""


class RecordError(MerbenchError):
    """A record that is not valid, was changed, or belongs to another schema version."""


class OutputError(MerbenchError):
    """A place that cannot be written: read-only, full, or in use; or a process that was ended from outside."""


def printable(text: str) -> str:
    """A stranger's text as one line for a terminal: control characters and the like escaped."""
    return text if text.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def one_line(error: object) -> str:
    """The text of an error, or of anything else, in one line."""
    return " ".join(str(error).split())


def and_more(names: Sequence[str], limit: int, separator: str = ", ") -> str:
    """The first `limit` names, and the number of the others: `a, b and 3 more`, or `a; b; and 3 more`."""
    more = f"{separator.strip(', ')} and {len(names) - limit} more" if len(names) > limit else ""
    return separator.join(names[:limit]) + more


def nearest(name: str, known: Iterable[str]) -> str:
    """`" (nearest: a, b)"` for the names in `known` that resemble `name` in either case, else an empty string."""
    spelt = {one.lower(): one for one in sorted(known)}
    close = [spelt[one] for one in difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.5)]
    return f" (nearest: {', '.join(close)})" if close else ""
