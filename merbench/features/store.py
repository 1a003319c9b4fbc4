"""One feature's results on disk.

A result is kept as soon as a clip is done, in a file of its own (`clips/KEY.npy`: a NumPy file with a checksum behind
it, of the key too, so that no file can stand for another one). Once all clips of a dataset are there they are moved
into one file (`packs/`), which a run maps into memory. Every file appears whole or not at all, under a name that says
what is in it, so that any number of processes may write at once. joblib's Memory cannot hand many results over as one
mapped array, does not notice a changed bit, and unpickles what it reads.
"""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from merbench.features.packs import SUM, Pack, PackWriter, read_packs
from merbench.files import clear_partials, replacing

__all__ = ["Missing", "Store", "entries"]


class Missing(Exception):
    """Results that are not there, or not any more."""


class Store:
    """The results of one feature, in one variant and version.

    Args:
        folder: where they lie; it need not exist.
        name: of the feature, for errors.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.folder = name, folder
        self.clips, self.packs = folder / "clips", folder / "packs"
        self.corrupt: set[str] = set()  # keys of results that were found not to be what was written
        self.damaged = 0  # packs that were not whole, and were removed
        self._seen = -1  # time of change of the folder of packs, when it was looked into
        self._places: dict[str, list[tuple[Pack, int]]] = {}

    def has(self, key: str) -> bool:
        """Whether there is a result, as far as can be told without reading it."""
        return key not in self.corrupt and (bool(self._rows(key)) or self._file(key).is_file())

    def find(self, key: str) -> np.ndarray | None:
        """The result as it was computed, or None where there is none, or a broken one (then its key is `corrupt`)."""
        found = self._loose(key)
        for pack, row in () if found is not None else self._rows(key):
            with contextlib.suppress(OSError, ValueError):
                if not pack.exact:
                    continue
                if not pack.bad_rows(row, row + 1):
                    return np.array(pack.mapped()[row])
                self.corrupt.add(key)
        return found

    def keep(self, key: str, array: np.ndarray) -> None:
        """Keeps a result. Raises OSError."""
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, array, allow_pickle=False)
        content = buffer.getvalue()
        with replacing(self._file(key), sync=False) as file:
            file.write(content + _sum(key, content))
        self.corrupt.discard(key)

    def array(self, keys: Sequence[str]) -> np.ndarray:
        """The results of `keys`, `[clips, ...]`, mapped: float32, or uint8 where they were computed so.

        Raises:
            Missing: some are not there, or corrupt.
            PluginError: their shapes differ.
            OSError: they cannot be written into one file.
        """
        found = self._mapped(keys)
        if found is None:
            self._move_together(keys)
            found = self._mapped(keys)
        if found is None:
            raise Missing
        return found

    def _mapped(self, keys: Sequence[str]) -> np.ndarray | None:
        """From the pack of just these keys, or as part of a larger one in which they follow each other."""
        for pack, start in self._rows(keys[0]):
            stop = start + len(keys)
            if pack.keys[start:stop] != tuple(keys):
                continue
            with contextlib.suppress(OSError, ValueError):  # it was cleared away just now, or cut short
                bad = pack.bad_rows(start, stop)
                if not bad:
                    return pack.mapped()[start:stop]
                self.corrupt.update(pack.keys[row] for row in bad)
        return None

    def clear(self) -> None:
        """Removes what killed processes left half-written."""
        clear_partials(self.folder)

    def _move_together(self, keys: Sequence[str]) -> None:
        first = self._one(keys[0])
        with PackWriter(self.packs, len(keys), first, self.name) as writer:
            for key in keys:
                writer.append(key, self._one(key))
            pack = writer.finish()
        if pack.exact:
            for key in keys:
                self._file(key).unlink(missing_ok=True)

    def _one(self, key: str) -> np.ndarray:
        found = self.find(key)
        if found is None:
            raise Missing
        return found

    def _loose(self, key: str) -> np.ndarray | None:
        path = self._file(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            if content[-SUM:] == _sum(key, content[:-SUM]):
                array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
                return array
        except (ValueError, EOFError):
            pass
        self.corrupt.add(key)
        return None

    def _rows(self, key: str) -> list[tuple[Pack, int]]:
        """The packs that have the key, with its row in each; looked up anew once another process made a pack."""
        try:
            changed = self.packs.stat().st_mtime_ns
        except OSError:
            changed = 0
        if changed != self._seen:
            self._seen, self._places = changed, {}
            packs, damaged = read_packs(self.packs)
            for path in damaged:
                self.damaged += 1
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            for pack in packs:
                for row, one in enumerate(pack.keys):
                    self._places.setdefault(one, []).append((pack, row))
        return self._places.get(key, [])

    def _file(self, key: str) -> Path:
        return self.clips / key[:2] / f"{key[2:]}.npy"


def _sum(key: str, content: bytes) -> bytes:
    return zlib.crc32(content, zlib.crc32(key.encode())).to_bytes(SUM, "little")


def entries(folder: Path) -> tuple[int, int]:
    """How many results a feature's folder holds, and its bytes on disk."""
    keys = {path.parent.name + path.stem for path in (folder / "clips").glob("*/*.npy")}
    keys.update(key for pack in read_packs(folder / "packs")[0] for key in pack.keys)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return len(keys), size
