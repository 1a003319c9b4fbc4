"""What an error looks like: one line on stderr, and the traceback behind it where somebody asks for it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator, Sequence

from merbench.errors import MerbenchError, PluginError, printable

__all__ = ["fail", "print_traceback", "wants_traceback"]

VARIABLE = "MERBENCH_TRACEBACK"


def wants_traceback(argv: Sequence[str]) -> bool:
    """Whether `--traceback` or the environment variable MERBENCH_TRACEBACK (anything but empty or 0) asks for it."""
    return "--traceback" in argv or os.environ.get(VARIABLE, "") not in ("", "0")


def fail(error: MerbenchError, *, whole: bool) -> int:
    """Prints the error's line, and its traceback where the whole is wanted; the exit code."""
    hint = "" if whole or not any(_details(one) for one in _chain(error)) else " (whole traceback: --traceback)"
    print(f"merbench: error: {printable(' '.join(str(error).splitlines()))}{hint}", file=sys.stderr)
    if whole:
        print_traceback(error)
    return error.exit_code


def print_traceback(error: BaseException) -> None:
    """Prints an error's traceback with all causes, those in worker processes too, on stderr."""
    first = list(_chain(error))[-1]
    # What comes back from a worker process as a value has lost its cause, but not its text.
    text = _details(first) + "".join(traceback.format_exception(error))
    for line in text.splitlines():
        print(printable(line.expandtabs()), file=sys.stderr)


def _details(error: BaseException) -> str:
    return error.details if isinstance(error, PluginError) else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, as Python's own traceback shows them."""
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in seen:
        seen.append(one)
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
