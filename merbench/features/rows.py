"""Arrays that are read or computed in no time: gathered in memory, or in a file where they are many."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from merbench.errors import PluginError
from merbench.features.cache import feature_folder, full, writable
from merbench.features.packs import PackWriter, model_dtype
from merbench.features.resolve import Resolved
from merbench.mapping import RESIDENT

__all__ = ["Rows"]


class Rows:
    """One feature's arrays, clip after clip, until they can be handed out as one.

    Args:
        feature: whose.
        count: how many there will be.
        root: the feature store's folder, which takes what is too large for memory, if anything can be written there.
    """

    def __init__(self, feature: Resolved, count: int, root: Path) -> None:
        self.feature, self.count, self.root = feature, count, root
        self.rows: list[np.ndarray] = []
        self.writer: PackWriter | None = None

    def append(self, row: np.ndarray) -> None:
        """The next clip's array.

        Raises:
            PluginError: it has another shape than those before it, and they are many.
            OutputError: the disk is full.
        """
        if self.writer:
            self._write(row)
            return
        self.rows.append(row)
        large = row.nbytes * self.count > RESIDENT
        if large and len(self.rows) == 1 and writable(self.root):
            folder = feature_folder(self.root, self.feature) / "packs"
            self.writer = PackWriter(folder, self.count, row, self.feature.name)
            self._write(self.rows.pop())

    def array(self) -> np.ndarray:
        """All of them: `[clips, ...]`, uint8 where they are, else float32.

        Raises:
            PluginError: their shapes differ.
            OutputError: the disk is full.
        """
        if self.writer:
            try:
                with self.writer:
                    return self.writer.finish().mapped()
            except OSError as error:
                raise full(self.root, error) from error
        shapes = {row.shape for row in self.rows}
        if len(shapes) > 1:
            raise PluginError(f"feature {self.feature.name} gives arrays of different shapes: {sorted(shapes)[:3]}")
        return np.stack(self.rows).astype(model_dtype(self.rows[0]), copy=False)

    def close(self) -> None:
        """Removes what was begun; for a run that stops."""
        if self.writer:
            self.writer.__exit__(None, None, None)

    def _write(self, row: np.ndarray) -> None:
        assert self.writer
        try:
            self.writer.append(hashlib.sha256(np.ascontiguousarray(row).data).hexdigest(), row)
        except OSError as error:
            raise full(self.root, error) from error
