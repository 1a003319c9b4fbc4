"""Computes resolved features of a dataset's clips, or takes them from the store."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from merbench.data.datasets import OpenDataset
from merbench.errors import BrokenClips, OutputError, ReleaseError, and_more
from merbench.features.clip import ClipValues, Value, from_images
from merbench.features.extract import ClipOutcome, cores, extract, stores_of
from merbench.features.resolve import Resolved, walk
from merbench.features.store import FULL, Missing, Store, full, stacked_type, store_path, temporary_store, writable
from merbench.files import clear_partials
from merbench.mapping import RESIDENT, chunks
from merbench.progress import Progress, Silent

__all__ = ["arrays_digest", "compute"]

ATTEMPTS = 3  # to read what was stored, before the disk is called faulty


def compute(
    dataset: OpenDataset,
    features: Sequence[Resolved],
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    first: Callable[[], None] | None = None,
) -> tuple[np.ndarray, ...]:
    """One array `[clips, ...]` per feature, rows in the order of the dataset's clips: uint8 if the feature is uint8,
    else float32. Features that are computed from images or are large are stored on disk and mapped into memory.

    Args:
        dataset: the dataset.
        features: of each clip.
        jobs: number of processes; None for one per core, 1 for this process alone.
        progress: receives the clips whose features are computed and stored.
        first: called before the first clip is computed, if any is.

    Raises:
        BrokenClips: all clips whose files cannot be read or whose features are not finite, with reasons.
        PluginError: a feature function fails, returns no array of numbers, or returns different shapes.
        OutputError: the disk of the feature store is full; finished clips stay stored.
    """
    if not features:
        return ()
    return _Computation(dataset, features, jobs, progress or Silent(), first or (lambda: None)).arrays()


def arrays_digest(arrays: Sequence[np.ndarray]) -> str:
    """sha256 (hex) over shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        for rows in chunks(array):
            digest.update(np.ascontiguousarray(rows).data)
    return digest.hexdigest()


class _Computation:
    """The state of one call of `compute`."""

    def __init__(
        self,
        dataset: OpenDataset,
        features: Sequence[Resolved],
        jobs: int | None,
        progress: Progress,
        first: Callable[[], None],
    ) -> None:
        self.dataset, self.features, self.progress, self.first = dataset, features, progress, first
        self.jobs = jobs or cores()
        self.clips = list(dataset.clips["clip"])
        self.raw = sorted({one.name for one in walk(features) if one.spec is None})
        self.root = store_path()
        self.kept: tuple[Resolved, ...] | None = None  # features that are stored; known after the first clip
        self.stores: dict[Resolved, Store] = {}
        self.keys: dict[str, tuple[str, ...]] = {}  # clip -> the key of each stored feature
        self.quick: dict[Resolved, list[np.ndarray]] = {one: [] for one in features}  # rows of the other features
        self.broken: dict[str, str] = {}
        self.corrupt: set[tuple[str, str]] = set()  # feature and clip whose stored result was damaged

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Reads all clips once for quick features and for the keys of the others; then computes the others."""
        for clip, raw in self._read(self.clips):
            try:
                self._look(clip, raw)
            except ReleaseError as error:
                self.broken[clip] = str(error)
        try:
            found = self._kept() if self.kept else {}
        finally:
            self._note_corrupt()
            self._tell_corrupt()
        if self.broken:
            raise BrokenClips({clip: self.broken[clip] for clip in self.clips if clip in self.broken})
        return tuple(found[one] if one in found else _stacked(one, self.quick[one]) for one in self.features)

    def _read(self, clips: Sequence[str]) -> Iterator[tuple[str, dict[str, Value]]]:
        """Each clip with its raw features. If a clip cannot be read, the reason goes to `broken`."""
        for clip in clips:
            try:
                raw = {name: self.dataset.read(name, clip) for name in self.raw}
            except ReleaseError as error:
                self.broken[clip] = str(error)
            else:
                yield clip, raw

    def _look(self, clip: str, raw: dict[str, Value]) -> None:
        values = ClipValues(clip, raw)
        if self.kept is None:
            self.kept = tuple(one for one in self.quick if self._is_kept(one, values))
            self.stores = stores_of(self.kept, self.root)
        self.keys[clip] = tuple(values.key(one) for one in self.kept)
        arrays = {one: values.array(one) for one in self.quick if one not in self.kept}
        for one, array in arrays.items():
            self.quick[one].append(array)

    def _is_kept(self, feature: Resolved, values: ClipValues) -> bool:
        if feature.spec and from_images(feature, values.raw):
            return True
        return values.array(feature).nbytes * len(self.clips) > RESIDENT

    def _kept(self) -> dict[Resolved, np.ndarray]:
        clear_partials(self.root, below=False)
        for store in self.stores.values():
            store.clear_partials()
        for _ in range(ATTEMPTS):
            if self._missing() and not writable(self.root):
                self._use_temporary_store()
            if missing := self._missing():
                self.first()
                self._extract(missing)
            if self.broken:
                return {}
            try:
                return {one: store.array(keys) for one, store, keys in self._wanted()}
            except Missing:
                self._note_corrupt()
            except OSError as error:
                if error.errno in FULL:
                    raise full(self.root, error) from error
                self._use_temporary_store()
        raise OutputError(f"the feature store {self.root} does not return what is written to it; check its disk")

    def _wanted(self) -> Iterator[tuple[Resolved, Store, list[str]]]:
        """Each stored feature, its store, and the keys of all clips that could be read, in their order."""
        for place, one in enumerate(self.kept or ()):
            yield one, self.stores[one], [keys[place] for keys in self.keys.values()]

    def _missing(self) -> list[str]:
        """The clips that lack a feature in the store."""
        stores = [self.stores[one] for one in self.kept or ()]
        clips = (clip for clip in self.clips if clip not in self.broken)
        return [
            clip
            for clip in clips
            if not all(store.has(key) for store, key in zip(stores, self.keys[clip], strict=True))
        ]

    def _use_temporary_store(self) -> None:
        self.progress.note(f"{self.root} cannot be written, so features are computed again in every run")
        self.root = temporary_store(self.root)
        self.stores = stores_of(self.kept or (), self.root)

    def _extract(self, missing: Sequence[str]) -> None:
        for outcome in self._outcomes(missing):
            self.keys[outcome.clip] = outcome.keys
            self.corrupt |= {(name, outcome.clip) for name in outcome.corrupt}
        for store in self.stores.values():
            store.corrupt.clear()  # the damaged results were computed again

    def _outcomes(self, clips: Sequence[str]) -> Iterator[ClipOutcome]:
        """Computes clips. If a clip is broken, the reason goes to `broken`."""
        self.progress.start(len(self.clips), len(self.clips) - len(clips))
        # Another process may compute the same clips. If both begin at different clips, each finds the other's results.
        first = secrets.randbelow(len(clips))
        work = self._read([*clips[first:], *clips[:first]])
        with contextlib.closing(extract(work, self.kept or (), self.root, min(self.jobs, len(clips)))) as outcomes:
            for outcome in outcomes:
                self.progress.advance(1)
                if outcome.broken:
                    self.broken[outcome.clip] = outcome.broken
                else:
                    yield outcome

    def _note_corrupt(self) -> None:
        for one, store, keys in self._wanted():
            clips = dict(zip(keys, self.keys, strict=True))
            self.corrupt |= {(one.name, clips.get(key, "")) for key in store.corrupt}  # empty: the array of all clips

    def _tell_corrupt(self) -> None:
        for name in sorted({name for name, _ in self.corrupt}):
            clips = sorted(clip for one, clip in self.corrupt if one == name and clip)
            where = f" of {and_more(clips, 1)}" if clips else ""
            self.progress.note(f"stored feature {name}{where} was damaged: it is computed again")


def _stacked(feature: Resolved, rows: list[np.ndarray]) -> np.ndarray:
    _, dtype = stacked_type(feature.name, [(row.shape, row.dtype) for row in rows])
    return np.stack(rows).astype(dtype, copy=False)
