"""Keep the output of native code out of stdout; `merbench.plugin.calls` does so for Python code."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

__all__ = ["to_stderr"]


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """Within the block, everything that this process or a child writes to descriptor 1 goes to stderr."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        if os.name == "posix":
            ctypes.CDLL(None).fflush(None)  # C keeps what it prints until its buffer is full
        os.dup2(stdout, 1)
        os.close(stdout)
