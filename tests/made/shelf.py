"""Several releases side by side, written once and read by many tests."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import merbench_demo
import pandas as pd

from tests.made.writing import write_release

__all__ = ["cached_shelf"]


def cached_shelf(folder: Path, sources: Iterable[str], clips: pd.DataFrame | None = None, /, **options: Any) -> Path:
    """A folder with the release of each source under the source's name, as `MERBENCH_DATA` names one.

    It is written when it is asked for the first time; nobody may change it. Two processes may ask at once.

    Args:
        folder: where such folders are kept.
        sources: which releases.
        clips, options: as `write_release` takes them, the same for each of the releases.

    Raises:
        what `write_release` raises.
    """
    names = tuple(sources)
    shelf = folder / f"releases-{_digest(names, clips, options)}"
    if shelf.is_dir():
        return shelf
    begun = folder / f".{shelf.name}-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        for name in names:
            write_release(name, begun / name, clips, **options)
        _rename(begun, shelf)
    finally:
        shutil.rmtree(begun, ignore_errors=True)
    return shelf


def _rename(begun: Path, shelf: Path) -> None:
    try:
        begun.rename(shelf)
    except OSError:
        if not shelf.is_dir():  # else another process was first
            raise


def _digest(names: tuple[str, ...], clips: pd.DataFrame | None, options: dict[str, Any]) -> str:
    """Of all that decides what is written, the code that writes it among it."""
    asked = [_code(), *names, "" if clips is None else clips.to_csv(index=False)]
    asked += [f"{name} {sorted(value) if name == 'quirks' else value}" for name, value in sorted(options.items())]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16]


@cache
def _code() -> str:
    folders = (Path(__file__).parent, Path(merbench_demo.__file__).parent)
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
