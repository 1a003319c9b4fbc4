"""The library that fails file operations: built, loaded into a process, and armed from Python."""

from __future__ import annotations

import ctypes
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["KINDS", "VARIABLE", "applicable", "arm", "build", "disarm", "missing"]

SOURCE = Path(__file__).with_name("preload.c")
VARIABLE = "LD_PRELOAD"
# What a fault is to the library, and the operations that it can hit: r read, o open to read, c open to write, w write,
# s sync, t truncate, n rename, u unlink, m make a folder, d remove one.
CHANGES = "cwstnumd"
KINDS = {
    "killed": (1, CHANGES),
    "torn write": (2, "w"),
    "full disk": (3, "cwms"),
    "i/o error": (4, CHANGES + "ro"),
    "read-only": (5, "cmnudt"),
    "no descriptors": (6, "oc"),
}


def missing() -> str:
    """Why there can be no such library here; empty where there can."""
    if sys.platform != "linux":
        return "file operations are failed by a preloaded library, which is written for Linux"
    return "" if _compiler() else "file operations are failed by a preloaded library; no C compiler (cc) is here"


def _compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(folder: Path) -> Path:
    """Compiles the library into a folder."""
    library = folder / "preload.so"
    compiler = _compiler()
    assert compiler, missing()
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
    return library


@functools.cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(os.environ[VARIABLE])
    library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int]
    library.faults_operations.restype = ctypes.c_char_p
    library.faults_fired.restype = ctypes.c_long
    return library


def arm(folder: Path, moment: int = -1, kind: str = "") -> None:
    """From now on the operations of this process below `folder` count, and the one at `moment` (from 0) fails."""
    _library().faults_arm(os.fsencode(folder), moment, KINDS[kind][0] if kind else 0)


def disarm() -> tuple[str, bool]:
    """Ends it. The operations so far, a letter each, and whether one was failed."""
    _library().faults_disarm()
    return _library().faults_operations().decode(), _library().faults_fired() > 0


def applicable(operations: str) -> list[tuple[int, str]]:
    """Every moment, and every kind of fault that can hit the operation at it."""
    return [(at, kind) for at, one in enumerate(operations) for kind, (_, hit) in KINDS.items() if one in hit]
