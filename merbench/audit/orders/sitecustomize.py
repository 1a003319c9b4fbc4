"""Python runs this file when the process of an audited script starts, because its folder is first on PYTHONPATH.

It notes whether the script lists folders of its data, and can list them in the other order. File systems differ in
this order, so that no fair result depends on it. The standard library alone is used: the script may have no merbench.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

__all__: list[str] = []

ORDER = os.environ.get("MERBENCH_AUDIT_ORDER", "")
DATA = os.path.realpath(os.environ.get("MERBENCH_AUDIT_DATA", os.devnull))
SEEN = os.environ.get("MERBENCH_AUDIT_SEEN", "")

SIDES = ("u_train", "u_test")  # folders of class folders

_listdir, _scandir = os.listdir, os.scandir


class _Entries:
    """An `os.scandir` over a list."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> _Entries:
        return self

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is left open."""


def _inside(path: Any) -> bool:
    if isinstance(path, int):
        return False
    real = os.path.realpath(os.fsdecode(path))
    return real == DATA or real.startswith(DATA + os.sep)


def _ordered(path: Any, entries: Any, name: Callable[[Any], Any]) -> list[Any]:
    """The entries in the order that the audit asks for; always the same one, whatever the file system says."""
    found = sorted(entries, key=name)
    kind = "classes" if os.path.basename(os.path.realpath(os.fsdecode(path))) in SIDES else "files"
    with open(f"{SEEN}.{kind}", "a"):
        pass
    return found[::-1] if kind == ORDER else found


def listdir(path: Any = ".") -> Any:
    """`os.listdir`, ordered inside the data."""
    found = _listdir(path)
    return _ordered(path, found, lambda one: one) if _inside(path or ".") else found


def scandir(path: Any = ".") -> Any:
    """`os.scandir`, ordered inside the data."""
    if not _inside(path or "."):
        return _scandir(path)
    with _scandir(path) as entries:
        return _Entries(_ordered(path, entries, lambda one: one.name))


def _run_the_next() -> None:
    """Run the sitecustomize.py that this file stands before, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [one for one in sys.path if os.path.abspath(one or ".") != here]
    sys.modules.pop("sitecustomize", None)
    with contextlib.suppress(ImportError):
        importlib.import_module("sitecustomize")


if SEEN:
    open(f"{SEEN}.python", "a").close()
    os.listdir, os.scandir = listdir, scandir
_run_the_next()
