"""Errors that a user can fix: one line that says what is wrong, where, and what to do.

The command line prints the line on stderr and exits with code 2. Any other exception is a defect of merbench or of a
plugin, and is shown with its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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
    "nearest",
    "plugin_traceback",
    "printable",
]


class MerbenchError(Exception):
    """Base class of all expected errors. `str(error)` is one line for the user; the process ends with `exit_code`.

    `details` is the traceback of an exception in a plugin's code, as text; empty if no plugin raised one.
    """

    exit_code = 2
    details = ""

    def __reduce__(self) -> tuple[Any, ...]:
        # Restored without calling the class, because some classes take other arguments than the message. Causes do not
        # survive pickling either, so the traceback of the plugin's code is kept as text.
        details = {"details": text} if (text := plugin_traceback(self)) else {}
        return _restored, (type(self), self.args, {**self.__dict__, **details})


def _restored(cls: type[MerbenchError], arguments: tuple[object, ...], values: dict[str, object]) -> MerbenchError:
    error = cls.__new__(cls, *arguments)
    error.__dict__.update(values)
    return error


def plugin_traceback(error: BaseException) -> str:
    """The `details` of an error or of its causes."""
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, MerbenchError) and one.details:
            return one.details
        one = one.__cause__
    return ""


class UnknownName(MerbenchError):
    """A name is not registered; the message offers the nearest names."""

    def __init__(self, noun: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.noun, self.name = noun, name
        how = hint or f"list all with: merbench list {noun}s"
        super().__init__(f"no {noun} is called {name!r}{nearest(name, known)}; {how}")


class PluginError(MerbenchError):
    """A plugin cannot be loaded, clashes with another plugin, names missing code, or fails."""


class ConfigError(MerbenchError):
    """The user's settings (a file or an environment variable) cannot be read."""


class ReleaseError(MerbenchError):
    """A release on disk differs from what its source expects."""


class BrokenClips(ReleaseError):
    """Clips have missing or unreadable files. `reasons` maps clip ids to reasons."""

    def __init__(self, reasons: dict[str, str]) -> None:
        self.reasons = dict(reasons)
        shown = "; ".join(f"{clip}: {reason}" for clip, reason in list(self.reasons.items())[:5])
        more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
        super().__init__(f"{len(reasons)} broken clip(s): {shown}{more}; fix the release and run again")


class UnresolvableFeature(MerbenchError):
    """A feature cannot be computed from the raw features that the dataset's sources provide."""


class OptionError(MerbenchError):
    """The model or recipe does not have a setting, or a setting has an invalid value."""


class TrainingError(MerbenchError):
    """Training cannot continue, e.g. because a loss is not a number."""


class RecordError(MerbenchError):
    """A record is not valid, was changed, or has another schema version."""


class OutputError(MerbenchError):
    """A path cannot be written (read-only, full, or in use), or a process was ended from outside."""


def printable(text: str) -> str:
    """Return foreign text as one line for a terminal; characters that cannot be printed are escaped."""
    return text if text.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `" (nearest: a, b)"` with the names in `known` that resemble `name` in any case, else an empty string."""
    spelt = {one.lower(): one for one in sorted(known)}
    close = [spelt[one] for one in difflib.get_close_matches(name.lower(), spelt, n=3, cutoff=0.5)]
    return f" (nearest: {', '.join(close)})" if close else ""
