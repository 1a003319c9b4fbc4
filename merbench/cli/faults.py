"""What an error looks like: one line on stderr, and the traceback behind it where somebody asks for it."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from merbench.errors import MerbenchError, plugin_traceback, printable

__all__ = ["fail", "print_traceback", "wants_traceback"]

VARIABLE = "MERBENCH_TRACEBACK"


def wants_traceback(argv: Sequence[str]) -> bool:
    """Whether `--traceback` or the environment variable MERBENCH_TRACEBACK (anything but empty or 0) asks for it."""
    return "--traceback" in argv or os.environ.get(VARIABLE, "") not in ("", "0")


def fail(error: MerbenchError, *, whole: bool) -> int:
    """Prints the error's line, and its traceback where the whole is wanted; the exit code."""
    hint = " (whole traceback: --traceback)" if plugin_traceback(error) and not whole else ""
    print(f"merbench: error: {printable(' '.join(str(error).splitlines()))}{hint}", file=sys.stderr)
    if whole:
        print_traceback(error)
    return error.exit_code


def print_traceback(error: BaseException) -> None:
    """Prints an error's traceback with all causes, those in worker processes too, on stderr."""
    text = "".join(traceback.format_exception(error))
    # What came out of a worker process has lost its cause, but not its text.
    if isinstance(error, MerbenchError) and error.__cause__ is None:
        text = error.details + text
    for line in text.splitlines():
        print(printable(line.expandtabs()), file=sys.stderr)
