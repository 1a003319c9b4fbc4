"""Files that appear whole or not at all, and files of strangers, of which only so much is read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["HOST", "clear_partials", "locked", "partial_name", "read_bounded", "replace_text", "replacing"]

HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]  # who shares a folder may have a process of that number
PARTIAL = re.compile(rf"\.(\d{{1,9}})-{HOST}[0-9a-f]{{16}}\.partial")  # of a process here


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises OSError: the file cannot be read or is longer, or it is not a regular file: a pipe would wait for somebody to
    write into it, and a device may never end.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"larger than {most // 2**20} MiB", str(path))
    return content


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has no such flag, and no pipes in folders


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Makes other processes that want to change `path` wait until the block ends.

    The lock is on a file beside it, `NAME.lock`, which stays. The system releases it when the process ends, even if it
    is killed. Raises OSError if the file cannot be made or locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "wb") as file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file atomically: a reader, or a kill at any moment, sees the old file or the new one.

    Folders on the way are made, and what killed processes left half-written beside the file is removed. Raises OSError,
    having removed what it had begun.
    """
    clear_partials(path.parent, below=False)
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` once all is in it, and not at all if writing fails.

    Without `sync` a loss of power may leave a part of it: for files whose reader can tell.
    """
    # Not `tempfile`, whose files nobody but their owner may read: results are there to be shared.
    temporary = partial_name(path.parent)
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


def partial_name(folder: Path) -> Path:
    """A new name in a folder for a file that is being written, which tells who writes it."""
    return folder / f".{os.getpid()}-{HOST}{secrets.token_hex(8)}.partial"


def clear_partials(folder: Path, *, below: bool = True) -> None:
    """Removes what killed processes of this machine left half-written in `folder`, and `below` it.

    What a living process or another machine writes stays, and so does what cannot be removed.
    """
    import psutil

    for partial in folder.glob("**/.*.partial" if below else ".*.partial"):
        named = PARTIAL.fullmatch(partial.name)  # a folder may hold files of other programs
        if named and not psutil.pid_exists(int(named[1])):
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
