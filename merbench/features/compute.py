"""Computes resolved features of a dataset's clips, or takes them from where they are kept."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from merbench.data.datasets import OpenDataset
from merbench.errors import BrokenClips, OutputError, ReleaseError
from merbench.features.cache import FULL, cache_path, full, writable
from merbench.features.clip import ClipValues, Value, from_images
from merbench.features.extract import ClipOutcome, cores, extract, stores_of
from merbench.features.resolve import Resolved, walk
from merbench.features.rows import Rows
from merbench.features.store import Missing
from merbench.files import clear_partials
from merbench.mapping import chunks
from merbench.progress import Progress, Silent

__all__ = ["arrays_digest", "compute"]

ATTEMPTS = 3  # at reading what was kept, before the disk is given up


def compute(
    dataset: OpenDataset, features: Sequence[Resolved], *, jobs: int | None = None, progress: Progress | None = None
) -> tuple[np.ndarray, ...]:
    """One array `[clips, ...]` per feature, rows in the order of the dataset's clips: uint8 where the feature is, else
    float32. What is computed from images is kept on disk and mapped into memory, as is whatever is large.

    Args:
        dataset: whose clips.
        features: of each clip.
        jobs: processes that compute from images; None for all cores, 1 for this process alone.
        progress: told of clips that are computed from images.

    Raises:
        BrokenClips: clips whose files cannot be read or whose features are not finite, all of them, with reasons.
        PluginError: a feature function that fails, or gives no array of numbers or arrays of different shapes.
        OutputError: the disk of the feature store is full; what is finished is kept.
    """
    return _Computation(dataset, features, jobs, progress or Silent()).arrays() if features else ()


def arrays_digest(arrays: Sequence[np.ndarray]) -> str:
    """sha256 (hex) over shapes and values: what a model was shown."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        for rows in chunks(array):
            digest.update(np.ascontiguousarray(rows).data)
    return digest.hexdigest()


class _Computation:
    """One call of `compute`: what is known of each clip so far."""

    def __init__(
        self, dataset: OpenDataset, features: Sequence[Resolved], jobs: int | None, progress: Progress
    ) -> None:
        self.dataset, self.features, self.progress = dataset, tuple(features), progress
        self.jobs = jobs
        self.clips = list(dataset.clips["clip"])
        self.raw = sorted({one.name for one in walk(features) if one.spec is None})
        self.root = cache_path()
        self.stores = stores_of(features, self.root)
        self.rows = {one: Rows(one, len(self.clips), self.root) for one in self.features}  # of what is not kept
        self.kept: tuple[Resolved, ...] = ()
        self.keys: dict[str, tuple[str, ...]] = {}  # clip -> of each feature that is kept
        self.broken: dict[str, str] = {}
        self.corrupt: set[tuple[str, str]] = set()  # feature and clip, where what was kept was not what was written

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Once over all clips for what is quick, and for the keys of the rest; then the rest."""
        try:
            for clip in self.clips:
                try:
                    self._look(clip, self._read(clip))
                except ReleaseError as error:
                    self.broken[clip] = str(error)
            found = self._kept() if self.kept else {}
            if self.broken:
                raise BrokenClips({clip: self.broken[clip] for clip in self.clips if clip in self.broken})
            return tuple(found[one] if one in found else self.rows[one].array() for one in self.features)
        finally:
            self._tell_corrupt()
            for rows in self.rows.values():
                rows.close()

    def _read(self, clip: str) -> dict[str, Value]:
        return {name: self.dataset.read(name, clip) for name in self.raw}

    def _look(self, clip: str, raw: dict[str, Value]) -> None:
        values = ClipValues(clip, raw)
        self.kept = tuple(one for one in self.rows if one.spec and from_images(one, raw))
        self.keys[clip] = tuple(values.key(one) for one in self.kept)
        arrays = {one: values.array(one) for one in self.rows if one not in self.kept}
        for one, array in arrays.items():
            self.rows[one].append(array)

    def _kept(self) -> dict[Resolved, np.ndarray]:
        clear_partials(self.root, below=False)
        for store in self.stores.values():
            store.clear()
        for _ in range(ATTEMPTS):
            missing = self._missing()
            if missing and not writable(self.root):
                return self._in_memory()
            if missing:
                self._extract(missing)
            if self.broken:
                return {}
            try:
                return {one: self._mapped(one, place) for place, one in enumerate(self.kept)}
            except Missing:
                self._find_corrupt()
            except OSError as error:
                if error.errno in FULL:
                    raise full(self.root, error) from error
                return self._in_memory()
        raise OutputError(f"the feature cache {self.root} does not give back what is written to it; look at its disk")

    def _mapped(self, feature: Resolved, place: int) -> np.ndarray:
        return self.stores[feature].array([self.keys[clip][place] for clip in self.clips])

    def _missing(self) -> list[str]:
        """The clips of which some feature is not kept."""
        stores = [self.stores[one] for one in self.kept]
        return [
            clip
            for clip in self.clips
            if clip not in self.broken
            and not all(store.has(key) for store, key in zip(stores, self.keys[clip], strict=True))
        ]

    def _extract(self, missing: Sequence[str]) -> None:
        for outcome in self._outcomes(missing, self.root):
            self.keys[outcome.clip] = outcome.keys
            self.corrupt |= {(name, outcome.clip) for name in outcome.corrupt}
        for store in self.stores.values():
            store.corrupt.clear()  # what was, has been computed again

    def _in_memory(self) -> dict[Resolved, np.ndarray]:
        self.progress.note(f"nothing can be kept in {self.root}, so features are computed anew in every run")
        found: dict[str, tuple[np.ndarray, ...]] = {}
        for outcome in self._outcomes([clip for clip in self.clips if clip not in self.broken], None):
            found[outcome.clip] = outcome.arrays
        if self.broken:
            return {}
        rows = {one: Rows(one, len(self.clips), self.root) for one in self.kept}
        for clip in self.clips:
            for one, array in zip(self.kept, found.pop(clip), strict=True):
                rows[one].append(array)
        return {one: rows[one].array() for one in self.kept}

    def _outcomes(self, clips: Sequence[str], root: Path | None) -> Iterator[ClipOutcome]:
        """What came of the clips that are not broken; of the others the reason is kept."""
        self.progress.start(len(self.clips), len(self.clips) - len(clips))
        # Another process may be at the same clips: begun at different ones, each finds what the other has done.
        first = secrets.randbelow(len(clips))
        clips = [*clips[first:], *clips[:first]]
        jobs = min(self.jobs or cores(), len(clips))
        with contextlib.closing(extract(self._work(clips), self.kept, root, jobs)) as outcomes:
            for outcome in outcomes:
                if outcome.error:
                    raise outcome.error
                self.progress.advance(1)
                if outcome.broken:
                    self.broken[outcome.clip] = outcome.broken
                else:
                    yield outcome

    def _work(self, clips: Sequence[str]) -> Iterator[tuple[str, dict[str, Value]]]:
        for clip in clips:
            try:
                yield clip, self._read(clip)
            except ReleaseError as error:
                self.broken[clip] = str(error)

    def _find_corrupt(self) -> None:
        for place, one in enumerate(self.kept):
            lost = self.stores[one].corrupt
            self.corrupt |= {(one.name, clip) for clip in self.clips if self.keys[clip][place] in lost}

    def _tell_corrupt(self) -> None:
        for one, store in self.stores.items():
            if store.damaged:
                self.progress.note(f"what the cache kept of {one.name} was damaged: it is made anew")
        for name in sorted({name for name, _ in self.corrupt}):
            clips = sorted(clip for one, clip in self.corrupt if one == name)
            more = f" and {len(clips) - 1} more" if len(clips) > 1 else ""
            self.progress.note(f"what the cache kept of {name} was corrupt for {clips[0]}{more}: computed again")
