"""The folder of a site: replaced as a whole or not at all, and only if it contains no other files."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from merbench.errors import OutputError

__all__ = ["recover", "require_built", "whole_folder"]

MANIFEST = ".merbench-site"  # in every built site: the names of its other files, one per line
NAMED = 3  # files named in an error


def require_built(out: Path) -> None:
    """Require that `out` contains nothing but an earlier build, because the build replaces it.

    Raises:
        OutputError: `out` is a file, or contains files that no build made.
    """
    try:
        if not out.exists():
            return
        if not out.is_dir():
            raise OutputError(f"{out} is a file; choose another folder: --out")
        built = _built(out)
        strange = list(islice((name for name in _files(out) if name not in built), NAMED + 1))
    except OSError as error:
        raise OutputError(f"cannot read {out}: {error.strerror}; choose another folder: --out") from error
    if strange:
        more = " and more" if len(strange) > NAMED else ""
        raise OutputError(
            f"{out} contains {', '.join(strange[:NAMED])}{more}, which no build made; move your files away, or choose "
            "another folder: --out"
        )


@contextlib.contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A new folder beside `out`, which replaces `out` when the block ends. An exception leaves `out` unchanged.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    new = _beside(out, "new")
    try:
        new.mkdir(parents=True)
        yield new
        (new / MANIFEST).write_text("".join(f"{name}\n" for name in sorted(_files(new))), "utf-8")
        require_built(out)  # again: somebody may have added a file in the meantime
        _exchange(new, out)
    except OSError as error:
        raise OutputError(
            f"cannot write {out}: {error.strerror}; it is unchanged; free disk space, or choose another folder: --out"
        ) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def recover(out: Path) -> None:
    """Delete what killed builds left beside `out`. Restore the old site if a build was killed between moving the old
    site away and moving the new one in.

    Raises:
        OutputError: the files cannot be moved.
    """
    try:
        for left, kind in _left_beside(out):
            if kind == "old" and not out.exists():
                os.rename(left, out)
            else:
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}; choose another folder: --out") from error


def _left_beside(out: Path) -> Iterator[tuple[Path, str]]:
    """The folders of builds that are no longer running, each with its kind: `old` folders first, then `new`."""
    import psutil

    name = re.compile(rf"\.{re.escape(out.name)}-([0-9]{{1,9}})-[0-9a-f]{{8}}\.(new|old)")
    names = [one.name for one in out.parent.iterdir()] if out.parent.is_dir() else []
    found = sorted((one for one in map(name.fullmatch, names) if one), key=lambda one: (one[2] != "old", one[0]))
    for one in found:
        # A folder with the number of this process is from an earlier process: numbers repeat in containers.
        if int(one[1]) == os.getpid() or not psutil.pid_exists(int(one[1])):
            yield out.parent / one[0], one[2]


def _exchange(new: Path, out: Path) -> None:
    if not out.exists():
        os.rename(new, out)
        return
    old = _beside(out, "old")
    try:
        os.rename(out, old)
        os.rename(new, out)
    finally:
        if not out.exists():
            os.rename(old, out)
        shutil.rmtree(old, ignore_errors=True)


def _beside(out: Path, what: str) -> Path:
    return out.parent / f".{out.name}-{os.getpid()}-{secrets.token_hex(4)}.{what}"


def _files(folder: Path) -> Iterator[str]:
    """Paths of all files and links below a folder, relative to it, with forward slashes; folder by folder."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from (f"{path.name}/{name}" for name in _files(path))
        else:
            yield path.name


def _built(out: Path) -> set[str]:
    manifest = out / MANIFEST
    return {MANIFEST, *manifest.read_text("utf-8", "replace").splitlines()} if manifest.is_file() else set()
