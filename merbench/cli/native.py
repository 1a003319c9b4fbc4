"""Keeps what native code prints out of stdout: below Python, where `merbench.plugin.calls` cannot see it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

__all__ = ["to_stderr"]


@contextlib.contextmanager
def to_stderr() -> Iterator[None]:
    """Within the block, whatever this process or one that it starts writes to descriptor 1 goes to stderr."""
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
