"""Writes files that appear whole or not at all, and reads files of others up to a bound."""

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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from merbench.errors import OutputError, and_more

__all__ = [
    "HOST",
    "clear_partials",
    "file_name",
    "locked",
    "partial_name",
    "read_bounded",
    "replace_text",
    "replacing",
    "write_new",
]

NAMED = 3  # files named in an error
HELD = {errno.EAGAIN, errno.EACCES}  # of a lock that another process holds

HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]  # machines may share a folder
PARTIAL = re.compile(rf"\.(\d{{1,9}})-{HOST}[0-9a-f]{{16}}\.partial")  # written by a process of this machine


def read_bounded(path: Path, most: int) -> bytes:
    """The content of a regular file of at most `most` bytes.

    Raises OSError if the file cannot be read, is longer, or is not a regular file: reading a pipe would wait for a
    writer, and a device may never end.
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
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Keeps other processes that lock `path` out until the block ends; yields whether the lock is held.

    The lock is on a file beside it, `NAME.lock`, which stays. The system releases it when the process ends, even if it
    is killed. If another process holds the lock, this one waits, or without `wait` enters the block without the lock.
    Raises OSError if the file cannot be made or locked.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "wb") as file:
        try:
            _lock(file.fileno(), wait)
        except OSError as error:
            if wait or error.errno not in HELD:
                raise
            yield False
        else:
            yield True


def _lock(file: int, wait: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def replace_text(path: Path, text: str) -> None:
    """Writes a UTF-8 text file atomically: a reader sees the old file or the new file, whenever a kill comes.

    Makes missing folders, and removes files beside it that killed processes left half-written. Raises OSError after
    removing its own half-written file.
    """
    clear_partials(path.parent, below=False)
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Opens a file for writing that replaces `path` when the block ends. If the block fails, `path` stays as it was.

    Without `sync`, a loss of power may leave a part of the file: use this only if the reader detects that.
    """
    # Not `tempfile`: only the owner may read its files, and results are shared.
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


def file_name(text: str, *, kept: str = r"\w.-", most: int = 200) -> str:
    """A text as part of a file name: each run of characters other than `kept` (of a regular expression) becomes a
    hyphen, and at most `most` characters stay."""
    return re.sub(rf"[^{kept}]+", "-", text)[:most]


def partial_name(folder: Path) -> Path:
    """A new name in a folder for a file that is being written. The name says which process writes it."""
    return folder / f".{os.getpid()}-{HOST}{secrets.token_hex(8)}.partial"


def clear_partials(folder: Path, *, below: bool = True) -> None:
    """Removes files that killed processes of this machine left half-written in `folder`, and in folders `below` it.

    Files of living processes and of other machines stay, and so do files that cannot be removed.
    """
    import psutil

    for partial in folder.glob("**/.*.partial" if below else ".*.partial"):
        named = PARTIAL.fullmatch(partial.name)  # the folder may hold files of other programs
        if named and not psutil.pid_exists(int(named[1])):
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)


def write_new(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write texts under paths below a folder; an existing file is never changed. Returns the paths of the files.

    Raises:
        OutputError: one of the files exists already, or the folder cannot be written.
    """
    if there := [name for name in texts if os.path.lexists(folder / name)]:
        raise OutputError(
            f"{folder} contains {and_more(there, NAMED)} already; nothing was written; choose another folder, or move "
            "these files away"
        )
    try:
        return [_write(folder / name, text) for name, text in texts.items()]
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror}; choose another folder") from error


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return path
