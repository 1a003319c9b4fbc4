"""Print errors: one line on stderr, and the traceback on request."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from merbench.errors import MerbenchError, plugin_traceback, printable

__all__ = ["fail", "print_traceback", "wants_traceback"]

VARIABLE = "MERBENCH_TRACEBACK"


def wants_traceback(argv: Sequence[str]) -> bool:
    """Whether `--traceback` is given, or the environment variable MERBENCH_TRACEBACK is set and not 0."""
    return "--traceback" in argv or os.environ.get(VARIABLE, "") not in ("", "0")


def fail(error: MerbenchError, *, whole: bool) -> int:
    """Print the error's line, and its traceback if `whole`; return the exit code."""
    hint = " (whole traceback: --traceback)" if plugin_traceback(error) and not whole else ""
    print(f"merbench: error: {printable(' '.join(str(error).splitlines()))}{hint}", file=sys.stderr)
    if whole:
        print_traceback(error)
    return error.exit_code


def print_traceback(error: BaseException) -> None:
    """Print an error's traceback with all its causes on stderr, including those in worker processes."""
    text = "".join(traceback.format_exception(error))
    # An error from a worker process has lost its cause; `details` has the text.
    if isinstance(error, MerbenchError) and error.__cause__ is None:
        text = error.details + text
    for line in text.splitlines():
        print(printable(line.expandtabs()), file=sys.stderr)
