"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["clear_partials", "replace_text"]


def replace_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file atomically: a reader, or a kill at any moment, sees the old file or the new one.

    Folders on the way are made. Raises OSError, having removed what it had begun.
    """
    # Not `tempfile`, whose files nobody but their owner may read: results are there to be shared.
    temporary = path.parent / f".{os.getpid()}-{secrets.token_hex(8)}.partial"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
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
