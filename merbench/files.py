"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["clear_partials", "replace_text", "replacing"]


def replace_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file atomically: a reader, or a kill at any moment, sees the old file or the new one.

    Folders on the way are made. Raises OSError, having removed what it had begun.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once all is in it, and not at all if writing fails.

    Without `sync` a loss of power may leave a part of it: for files whose reader can tell.
    """
    # Not `tempfile`, whose files nobody but their owner may read: results are there to be shared.
    temporary = path.parent / f".{os.getpid()}-{secrets.token_hex(8)}.partial"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("xb") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def clear_partials(folder: Path) -> None:
    """Removes what killed processes left half-written below `folder`; what a living one writes just now stays."""
    import psutil

    for partial in folder.glob("**/.*.partial"):
        writer = partial.name[1:].split("-")[0]
        if not (writer.isdecimal() and psutil.pid_exists(int(writer))):
            partial.unlink(missing_ok=True)
