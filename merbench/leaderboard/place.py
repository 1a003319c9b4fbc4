"""The folder of a site: replaced as a whole or not at all, and only where it holds nothing that somebody else made."""

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
        built = _built(out)
        strange = list(islice((name for name in _files(out) if name not in built), NAMED + 1))
    except OSError as error:
        raise OutputError(f"cannot look into {out}: {error.strerror}; choose another folder: --out") from error
    if strange:
        more = " and more" if len(strange) > NAMED else ""
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
        check_place(out)  # once more: somebody may have put something there in the meantime
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

    Raises:
        OutputError: that cannot be done.
    """
    try:
        for left, kind in _left_beside(out):
            if kind == "old" and not out.exists():
                os.rename(left, out)
            else:
                shutil.rmtree(left, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}; choose another place: --out") from error


def _left_beside(out: Path) -> Iterator[tuple[Path, str]]:
    """The folders of builds that do not run any more, `old` before `new`, and which of both they are."""
    import psutil

    name = re.compile(rf"\.{re.escape(out.name)}-([0-9]{{1,9}})-[0-9a-f]{{8}}\.(new|old)")
    names = [one.name for one in out.parent.iterdir()] if out.parent.is_dir() else []
    found = sorted((one for one in map(name.fullmatch, names) if one), key=lambda one: (one[2] != "old", one[0]))
    for one in found:
        # This process has not begun yet: what bears its number was another's, as it happens in containers.
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
    """Paths of all files and links below a folder, from there, with forward slashes; folder by folder."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from (f"{path.name}/{name}" for name in _files(path))
        else:
            yield path.name


def _built(out: Path) -> set[str]:
    manifest = out / MANIFEST
    return {MANIFEST, *manifest.read_text("utf-8", "replace").splitlines()} if manifest.is_file() else set()
