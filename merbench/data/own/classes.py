"""From emotions to classes: as a TOML file says, or each emotion is a class."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from merbench.data.own.table import OwnClip, refuse
from merbench.errors import ReleaseError, one_line
from merbench.files import read_bounded

__all__ = ["class_map"]

LARGEST = 2**20  # bytes


def class_map(table: Path, rows: Sequence[OwnClip], labels: Path | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """The classes in the order of their indices, and the class of each emotion.

    Without `labels`, each emotion is its own class, in alphabetical order: which words occur then never changes what a
    word means.

    Raises:
        ReleaseError: the file of labels cannot be read, an emotion has no class, a class has no clip, or there are
            fewer than two classes.
    """
    emotions = _read(labels) if labels else {name: name for name in sorted({row.emotion for row in rows})}
    lacking = [row for row in rows if row.emotion not in emotions]
    refuse(table, [f"row {row.number}, column emotion: {row.emotion!r} has no class in {labels}" for row in lacking])
    classes = tuple(dict.fromkeys(emotions.values()))
    used = {emotions[row.emotion] for row in rows}
    if labels and (unused := [name for name in classes if name not in used]):
        raise ReleaseError(f"{labels}: class {unused[0]!r} has no clip in {table.name}; remove it")
    if len(classes) < 2:
        raise ReleaseError(f"{table.name}, column emotion: there is only the class {classes[0]!r}; two are needed")
    return classes, emotions


def _read(path: Path) -> dict[str, str]:
    try:
        given = tomllib.loads(read_bounded(path, LARGEST).decode("utf-8-sig"))
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"{path} is not TOML in UTF-8 ({one_line(error)})") from error
    found: dict[str, str] = {}
    for emotion, name in given.items():
        key = emotion.strip().lower()
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ReleaseError(f'{path}: {emotion!r} needs the name of a class, such as: {key} = "negative"')
        if key in found:
            raise ReleaseError(f"{path}: {key!r} is listed twice")
        found[key] = name.strip()
    if not found:
        raise ReleaseError(f'{path} is empty; write lines such as: disgust = "negative"')
    return found
