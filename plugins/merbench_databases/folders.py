"""Find folders of a release by name or number, and the frames in them, without opening an image."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from merbench import ReleaseError

# An image whose name is not hidden, and the last integer in its stem.
FRAME = re.compile(r"(?!\.)(?:.*[^0-9])?([0-9]+)[^0-9]*\.(?:jpe?g|bmp|png)$", re.ASCII | re.IGNORECASE)
DEPTH = 3  # levels below the release's folder that are searched for frames
MOST = 20_000  # largest number of folders that are searched, because a user may name a whole disk


def subfolders(folder: Path, root: Path) -> dict[str, Path]:
    """Name to path of the folders in `folder`, sorted by name; links out of `root` are left out.

    Raises:
        ReleaseError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            found = {entry.name: Path(entry.path) for entry in entries if entry.is_dir() and _inside(entry, root)}
    except OSError as error:
        raise ReleaseError(f"{folder} cannot be read ({error.strerror})") from error
    return {name: found[name] for name in sorted(found) if not name.startswith(".")}


def matching(folders: dict[str, Path], pattern: str) -> list[Path]:
    """The folders whose whole name matches `pattern`, ignoring case."""
    return [path for name, path in folders.items() if matches(pattern, name)]


def by_number(folders: dict[str, Path], pattern: str) -> dict[int, Path]:
    """The folders whose whole name matches `pattern`, ignoring case, by the integer in its group.

    Raises:
        ReleaseError: two folders have the same number (`sub01` and `1`).
    """
    found: dict[int, Path] = {}
    for name, path in folders.items():
        match = re.fullmatch(pattern, name, flags=re.ASCII | re.IGNORECASE)
        if match and found.setdefault(int(match[1]), path) != path:
            raise ReleaseError(
                f"{found[int(match[1])]} and {path.name} beside it both have the number {int(match[1])}; remove one"
            )
    return found


def named(folders: dict[str, Path], name: str) -> Path | None:
    """The folder of exactly this name, or else the only folder whose name differs in case or outer blanks."""
    if name in folders:
        return folders[name]
    alike = [path for other, path in folders.items() if other.strip().casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def walk(root: Path, depth: int = DEPTH) -> Iterator[Path]:
    """`root` and the folders below it, nearest first; unreadable folders are skipped."""
    level = [root]
    for _ in range(depth):
        yield from level
        level = [path for folder in level for path in _readable(folder, root).values()]
    yield from level


def topmost(root: Path, wanted: Callable[[Path], bool], depth: int = DEPTH) -> list[Path]:
    """The folders that are `wanted` among `root` and those below it, nearest first. Folders below a wanted folder, and
    beyond the nearest `MOST` folders, are not searched.
    """
    found: list[Path] = []
    level, looked_at = [root], 0
    for _ in range(depth + 1):
        below: list[Path] = []
        for folder in level:
            looked_at += 1
            if looked_at > MOST:
                return found
            if wanted(folder):
                found.append(folder)
            else:
                below += _readable(folder, root).values()
        level = below
    return found


def frame_names(folder: Path) -> dict[int, str]:
    """Frame number to file name; the number is the last integer in the file's stem.

    Raises:
        ReleaseError: the folder cannot be read, or two files have the same number.
    """
    found: dict[int, str] = {}
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise ReleaseError(f"{folder.name} cannot be read ({error.strerror})") from error
    for name in names:
        match = FRAME.match(name)
        if match and (other := found.setdefault(int(match[1]), name)) != name:
            raise ReleaseError(f"two files have the frame number {int(match[1])}: {other} and {name}")
    return found


def matches(pattern: str, name: str) -> bool:
    """Whether the whole name matches the pattern, ignoring case."""
    return bool(re.fullmatch(pattern, name, flags=re.ASCII | re.IGNORECASE))


def leads_out(path: Path, root: Path) -> bool:
    """Whether `path`, or the target of its links, lies outside `root`."""
    try:
        return not path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return True


def _inside(entry: os.DirEntry[str], root: Path) -> bool:
    return not entry.is_symlink() or not leads_out(Path(entry.path), root)


def _readable(folder: Path, root: Path) -> dict[str, Path]:
    try:
        return subfolders(folder, root)
    except ReleaseError:
        return {}
