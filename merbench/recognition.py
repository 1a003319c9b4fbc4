"""What a folder is that is not the release it was said to be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from merbench.datasets import reader_class
from merbench.errors import MerbenchError
from merbench.registry import Registry
from merbench.specs import Source

__all__ = ["contents", "recognised"]

MOST = 50  # folders in a folder that are looked at
SHOWN = 4  # names in a folder that are told


def recognised(registry: Registry, source: Source, folder: Path) -> str:
    """What to do with `folder`, in which no release of `source` could be read; empty where nothing is recognised.

    For `source`, the folders around it and in it are looked at; for every other, the folder itself and those in it.
    """
    if _looks_like(source, folder):
        return ""
    others = [one for one in registry.sources if one.name != source.name]
    below = list(_below(folder))
    above = [(parent, f"{folder} lies in") for parent in list(folder.parents)[:2]]
    for candidates, places in (([source], [*above, *below]), (others, [(folder, f"{folder} is"), *below])):
        for place, where in places:
            found = [one.name for one in candidates if _looks_like(one, place)]
            if found:
                adding = " or ".join(f"merbench data add {name} {place}" for name in found)
                return f"{where} a release of {' and '.join(found)}; add it with: {adding}"
    return ""


def contents(folder: Path) -> str:
    """What lies in a folder, by its first names."""
    try:
        names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return "it cannot be read"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"in it lie {', '.join(names[:SHOWN])}{more}" if names else "it is empty"


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        return
    for path in islice(inside, MOST):
        yield path, f"in {folder} lies"


def _looks_like(source: Source, folder: Path) -> bool:
    if source.embedded:
        return False
    try:
        return reader_class(source).recognises(folder)
    except (MerbenchError, OSError):
        return False
