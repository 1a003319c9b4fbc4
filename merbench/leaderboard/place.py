"""The folder of a site: replaced as a whole or not at all, and only where it holds nothing that somebody else made."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from merbench.errors import OutputError

__all__ = ["check_place", "recover", "whole_folder"]

MANIFEST = ".merbench-site"  # in every site that was built: the names of its other files, one a line
NAMED = 3  # files named in an error


def check_place(out: Path) -> None:
    """Sees to it that nothing in `out` but an earlier build would be lost.

    Raises:
        OutputError: it is a file, or holds files that no build made.
    """
    try:
        if not out.exists():
            return
        if not out.is_dir():
            raise OutputError(f"{out} is a file; choose another folder: --out")
        strange = sorted(_files(out) - _built(out))
    except OSError as error:
        raise OutputError(f"cannot look into {out}: {error.strerror}; choose another folder: --out") from error
    if strange:
        more = f" and {len(strange) - NAMED} more" if len(strange) > NAMED else ""
        raise OutputError(
            f"{out} holds {', '.join(strange[:NAMED])}{more}, which no build made; move what is yours away, or choose "
            "another folder: --out"
        )


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which takes its place when the block ends; an exception leaves `out` as it was.

    Raises:
        OutputError: the place cannot be written, or is full.
    """
    new = _beside(out, "new")
    try:
        new.mkdir(parents=True)
        yield new
        (new / MANIFEST).write_text("".join(f"{name}\n" for name in sorted(_files(new))), "utf-8")
        _exchange(new, out)
    except OSError as error:
        raise OutputError(
            f"cannot write {out}: {error.strerror}; nothing was changed there; make room, or another place: --out"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def recover(out: Path) -> None:
    """Clears away what killed builds left beside `out`; puts the old site back if one was killed between taking it
    away and putting the new one there.
    """
    import psutil

    for left in sorted(out.parent.glob(f".{out.name}-*-*.*")):
        pid = left.name.removeprefix(f".{out.name}-").split("-")[0]
        if left.suffix not in (".new", ".old") or (pid.isdecimal() and psutil.pid_exists(int(pid))):
            continue
        if left.suffix == ".old" and not out.exists():
            os.rename(left, out)
        else:
            shutil.rmtree(left, ignore_errors=True)


def _exchange(new: Path, out: Path) -> None:
    if not out.exists():
        os.rename(new, out)
        return
    old = _beside(out, "old")
    os.rename(out, old)
    try:
        os.rename(new, out)
    except BaseException:
        os.rename(old, out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _beside(out: Path, what: str) -> Path:
    return out.parent / f".{out.name}-{os.getpid()}-{secrets.token_hex(4)}.{what}"


def _files(folder: Path) -> set[str]:
    """Paths of all files and links below a folder, from there, with forward slashes."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {path.relative_to(folder).as_posix() for path in found}


def _built(out: Path) -> set[str]:
    manifest = out / MANIFEST
    return {MANIFEST, *manifest.read_text("utf-8").splitlines()} if manifest.is_file() else set()
