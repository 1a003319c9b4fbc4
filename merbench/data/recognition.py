"""Guess what a folder contains when it is not the expected release."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from merbench.data.datasets import reader_class
from merbench.errors import MerbenchError, and_more
from merbench.plugin.calls import Author, calling
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Source

__all__ = ["contents", "recognised"]

MOST = 50  # sub-folders of a folder that are looked at
SHOWN = 4  # names in a folder that are shown


def recognised(registry: Registry, source: Source, folder: Path) -> str:
    """What to do with `folder`, which is not a release of `source`; empty if nothing is recognised.

    A release of `source` is looked for around and in the folder; a release of another source, in the folder and at the
    folder itself.
    """
    if _looks_like(source, folder):
        return ""
    others = [one for one in registry.sources if one.name != source.name]
    below = [(path, f"{folder} contains") for path in _folders(folder)]
    beside = [path for path in _folders(folder.parent) if path != folder]
    around = takewhile(lambda path: not _lies_below(source, path, folder), folder.parents[:2])
    for candidates, places in (
        ([source], [(path, f"{folder} is in") for path in around]),
        (others, [(folder, f"{folder} is")]),
        ([source], [*((path, f"beside {folder} is") for path in beside), *below]),
        (others, below),
    ):
        for place, where in places:
            found = [one.name for one in candidates if _looks_like(one, place)]
            if found:
                adding = " or ".join(f"merbench data add {name} {place}" for name in found)
                return f"{where} a release of {' and '.join(found)}; add it with: {adding}"
    return ""


def _lies_below(source: Source, path: Path, folder: Path) -> bool:
    """Whether `path` holds a release in a folder that does not lead to `folder`.

    Also true if there are too many folders to look into: then nobody knows whether `folder` belongs to the release.
    """
    if len(_folders(path, MOST + 1)) > MOST:
        return True
    return any(one != folder and one not in folder.parents and _looks_like(source, one) for one in _folders(path))


def contents(folder: Path) -> str:
    """What a folder contains: its first names."""
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return "it cannot be read"
    return f"it contains {and_more(names, SHOWN)}" if names else "it is empty"


def _folders(folder: Path, most: int = MOST) -> list[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return []
    return inside[:most]


def _looks_like(source: Source, folder: Path) -> bool:
    if source.embedded:
        return False
    try:
        reader = reader_class(source)
        with calling(Author.of(f"source {source.name}", "", source.reader), "recognises"):
            return reader.recognises(folder)
    except MerbenchError:
        return False
