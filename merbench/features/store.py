"""The feature store: arrays on disk, found by a key that depends on everything the array was computed from.

The result of a clip is stored when the clip is done. When all clips of a dataset are done, their results are stacked
into one more array, which runs map into memory. Every array is a file of the same format, with a checksum. A file
appears whole or not at all, and its name is the key, so several processes can write at once.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import hashlib
import json
import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from merbench.errors import ConfigError, OutputError, PluginError
from merbench.features.resolve import Resolved, split_reference
from merbench.files import clear_partials, partial_name, replacing

__all__ = ["FULL", "VARIABLE", "Kept", "Missing", "Store", "clear", "full", "kept", "stacked_type", "store_path"]
__all__ += ["temporary_store", "writable"]

VARIABLE = "MERBENCH_CACHE"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CHANGING = {errno.ENOENT, errno.ENOTEMPTY}  # of a folder in which somebody writes
ATTEMPTS = 100  # at removing such a folder
CLIP, DATASET = ".clip", ".dataset"  # ends of file names: the result of one clip, and the results of a dataset
ALIGNED = 64  # bytes: the values begin at a multiple
SUM = 4  # bytes of a checksum: CRC-32, against bad disks, not against people
CHUNK = 8 * 2**20  # bytes that are read at once


class Missing(Exception):
    """Some results are not in the store, or not any more."""


class Store:
    """The results of one feature, in one variant and version.

    Args:
        root: the folder of the feature store; it need not exist.
        feature: the feature.

    Attributes:
        corrupt: keys of arrays that are damaged.
    """

    def __init__(self, root: Path, feature: Resolved) -> None:
        version = feature.spec.version if feature.spec else 0
        self.name = feature.name
        self.folder = root / f"{quote(feature.name, safe='')}@{quote(feature.variant, safe='')}-v{version}"
        self.corrupt: set[str] = set()

    def has(self, key: str) -> bool:
        """Whether there is a result. It is not read for this, so it may be damaged."""
        return key not in self.corrupt and self._file(key).is_file()

    def find(self, key: str) -> np.ndarray | None:
        """The result as it was computed; None if it is missing or damaged (see `corrupt`)."""
        found = self._read(self._file(key))
        return None if found is None else np.array(found)

    def keep(self, key: str, result: np.ndarray) -> None:
        """Stores a result. Raises OSError."""
        _write(self._file(key), result.dtype, result.shape, [result])
        self.corrupt.discard(key)

    def array(self, keys: Sequence[str]) -> np.ndarray:
        """The results of `keys` as a mapped array `[keys, ...]`: uint8 if all results are uint8, else float32.

        Raises:
            Missing: some results are missing or damaged.
            PluginError: the shapes differ.
            OSError: the array cannot be written.
        """
        path = self.folder / f"{hashlib.sha256(' '.join(keys).encode()).hexdigest()}{DATASET}"
        found = self._read(path)
        if found is None:
            types = [(one.shape, one.dtype) for one in map(self.find, keys) if one is not None]
            if len(types) < len(keys):
                raise Missing
            shape, dtype = stacked_type(self.name, types)
            _write(path, dtype, shape, map(self._one, keys))
            found = self._read(path)
        if found is None:
            raise Missing
        return found

    def clear_partials(self) -> None:
        """Removes files that killed processes left half-written."""
        clear_partials(self.folder)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}{CLIP}"

    def _one(self, key: str) -> np.ndarray:
        found = self.find(key)
        if found is None:
            raise Missing
        return found

    def _read(self, path: Path) -> np.ndarray | None:
        try:
            return _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            if path.exists():
                self.corrupt.add(path.stem)
            return None


def stacked_type(feature: str, types: Sequence[tuple[tuple[int, ...], np.dtype[Any]]]) -> tuple[Any, np.dtype[Any]]:
    """Shape and type of the array that stacks arrays of these shapes and types for a model.

    Bytes stay bytes (the engine converts a batch to float32); everything else becomes float32.

    Raises:
        PluginError: the shapes differ.
    """
    shapes = {shape for shape, _ in types}
    if len(shapes) > 1:
        raise PluginError(f"feature {feature} gives arrays of different shapes: {sorted(shapes)[:3]}")
    in_bytes = all(dtype == np.uint8 for _, dtype in types)
    return (len(types), *shapes.pop()), np.dtype(np.uint8 if in_bytes else np.float32)


def _write(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], parts: Iterable[np.ndarray]) -> None:
    """Writes an array: a line of JSON, the values of its parts, and a checksum of both. Raises OSError."""
    about = json.dumps({"key": path.stem, "dtype": dtype.str, "shape": shape}).encode()
    line = about + b" " * (-(len(about) + 1) % ALIGNED) + b"\n"
    checksum = zlib.crc32(line)
    with replacing(path, sync=False) as file:  # after a loss of power the checksum is wrong
        file.write(line)
        for part in parts:
            values = np.ascontiguousarray(part, dtype).tobytes()
            file.write(values)
            checksum = zlib.crc32(values, checksum)
        file.write(checksum.to_bytes(SUM, "little"))


def _read(path: Path) -> np.ndarray:
    """Maps the array in a file; writes to it stay in memory.

    Raises OSError; ValueError, KeyError or TypeError if the file is damaged.
    """
    with path.open("rb") as file:
        line = file.readline(CHUNK)
        about = json.loads(line)
        dtype, shape = np.dtype(about["dtype"]), tuple(about["shape"])
        left = math.prod(shape) * dtype.itemsize
        checksum = zlib.crc32(line)
        while left and (values := file.read(min(left, CHUNK))):
            left -= len(values)
            checksum = zlib.crc32(values, checksum)
        whole = file.read(CHUNK) == checksum.to_bytes(SUM, "little")
        if not whole or about["key"] != path.stem or dtype.kind not in "fiub":
            raise ValueError("damaged")
    return np.memmap(path, dtype, mode="c", offset=len(line), shape=shape)


@dataclass(frozen=True)
class Kept:
    """The stored results of one feature.

    Attributes:
        name, variant, version: of the feature; the variant may be empty.
        clips: number of results. A clip whose files or inputs changed counts again.
        bytes: size on disk.
        folder: where the results are.
    """

    name: str
    variant: str
    version: int
    clips: int
    bytes: int
    folder: Path


def store_path() -> Path:
    """The folder of the feature store; it need not exist.

    Raises:
        ConfigError: MERBENCH_CACHE names something that is not a folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        import platformdirs

        return platformdirs.user_cache_path("merbench") / "features"
    folder = Path(named).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{VARIABLE} names {folder}, which is not a folder; name a folder, or unset it")
    return folder / "features"


def writable(root: Path) -> bool:
    """Whether files can be written in `root`: writes a file to find out. Removes files of killed processes.

    Raises:
        OutputError: the disk is full.
    """
    probe = partial_name(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        clear_partials(root, below=False)
        probe.write_bytes(b"merbench")
    except OSError as error:
        if error.errno in FULL:
            raise full(root, error) from error
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return True


def temporary_store(root: Path) -> Path:
    """A folder to use instead of the store `root`, which cannot be written; removed when this process ends.

    Raises:
        OutputError: no temporary folder can be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix="merbench-"))
    except OSError as error:
        raise full(root, error) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def full(root: Path, error: OSError) -> OutputError:
    """The error of a store that cannot be written."""
    return OutputError(
        f"the feature store {root} cannot be written: {error.strerror}; finished clips are stored: make room "
        f"(merbench features clear) or name another folder with {VARIABLE}, then run the same command again"
    )


def kept(root: Path) -> list[Kept]:
    """Every feature that has stored results, by name."""
    found = []
    for folder in sorted(root.glob("*@*-v*")) if root.is_dir() else ():
        label, _, version = folder.name.rpartition("-v")
        name, variant = map(unquote, split_reference(label))
        if folder.is_dir() and version.isdecimal():
            clips = sum(1 for _ in folder.glob(f"*{CLIP}"))
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            found.append(Kept(name, variant, int(version), clips, size, folder))
    return found


def clear(chosen: list[Kept]) -> None:
    """Removes the stored results of the chosen features. A run that is using them can continue.

    Raises:
        OutputError: a folder cannot be removed.
    """
    for one in chosen:
        try:
            _remove(one.folder)
        except OSError as error:
            raise OutputError(f"cannot remove {one.folder}: {error.strerror}; remove it by hand") from error


def _remove(folder: Path) -> None:
    """Removes a folder, also one in which a run stores a clip at this moment."""
    for left in reversed(range(ATTEMPTS)):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if error.errno not in CHANGING or not left:
                raise
        if not folder.exists():
            return
