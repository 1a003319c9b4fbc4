"""Features of many clips, in parallel processes; each clip is kept as soon as it is done."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from merbench.data.frames import Frames
from merbench.errors import MerbenchError, ReleaseError
from merbench.features.cache import feature_folder, full
from merbench.features.clip import ClipValues, Value
from merbench.features.resolve import Resolved, walk
from merbench.features.store import Store
from merbench.processes import end_with, if_ended

__all__ = ["ClipOutcome", "cores", "extract", "of_each", "signatures", "stores_of"]

T = TypeVar("T")
Work = Iterable[tuple[str, Mapping[str, Value]]]
Stores = dict[Resolved, Store]
ATTEMPTS = 2  # at a clip whose files change while they are read


@dataclass(frozen=True)
class ClipOutcome:
    """What came of a clip.

    Attributes:
        clip: its id.
        keys: of its features, under which they are kept.
        broken: why it has none; empty where it has.
        arrays: the features themselves, where they are not kept.
        corrupt: features of which something was kept that is not what was written.
        error: what must stop the run.
    """

    clip: str
    keys: tuple[str, ...] = ()
    broken: str = ""
    arrays: tuple[np.ndarray, ...] = ()
    corrupt: frozenset[str] = field(default_factory=frozenset)
    error: MerbenchError | None = None


def stores_of(features: Iterable[Resolved], root: Path) -> Stores:
    """Where each of these features and all that they are computed from are kept below `root`."""
    return {one: Store(feature_folder(root, one), one.name) for one in walk(features) if one.spec}


def extract(
    work: Work, features: Sequence[Resolved], root: Path | None, jobs: int
) -> Generator[ClipOutcome, None, None]:
    """Computes and keeps the features of clips; outcomes come in the order in which they are ready.

    Args:
        work: clip id, and its raw features by name. It is taken from as processes become free.
        features: what is wanted of each.
        root: the feature store's folder; None where nothing can be kept.
        jobs: processes; 1 for this one.
    """
    yield from of_each(partial(_of_clip, features=tuple(features), root=root), work, jobs)


def of_each(function: Callable[[str, Mapping[str, Value]], T], work: Work, jobs: int) -> Generator[T, None, None]:
    """What a function makes of each clip and its raw features, in the order in which they are ready.

    Args:
        function: to be pickled, as are its results. What it expects to go wrong it returns: most exceptions do not
            come out of another process as they were.
        work, jobs: as `extract` has them.
    """
    if jobs == 1:
        with _one_thread():
            for clip, raw in work:
                yield function(clip, raw)
        return
    yield from _in_processes(function, work, jobs)


def cores() -> int:
    """How many cores this process may use."""
    import joblib

    return int(joblib.cpu_count())


def _in_processes(function: Callable[[str, Mapping[str, Value]], T], work: Work, jobs: int) -> Generator[T, None, None]:
    import joblib
    from joblib.externals.loky import get_reusable_executor

    parallel = joblib.Parallel(
        n_jobs=jobs,
        backend="loky",
        return_as="generator_unordered",
        initializer=_begin_worker,  # and not with its first clip: a worker that never got one would be left behind
        initargs=(os.getpid(),),
    )
    with if_ended("computes features", "what is finished is kept: run again with fewer --jobs"):
        outcomes = parallel(joblib.delayed(function)(clip, raw) for clip, raw in work)
        try:
            for outcome in outcomes:  # noqa: UP028  `yield from` would close them where joblib's warning is heard
                yield outcome
        finally:
            with warnings.catch_warnings(action="ignore"):  # that clips were under way when the run stopped
                outcomes.close()
            get_reusable_executor().shutdown(wait=True, kill_workers=True)


def _of_clip(clip: str, raw: Mapping[str, Value], features: tuple[Resolved, ...], root: Path | None) -> ClipOutcome:
    stores = _stores(features, root) if root else {}
    try:
        outcome = _attempt(clip, raw, features, stores)
    except ReleaseError as error:
        outcome = ClipOutcome(clip, broken=str(error))
    except MerbenchError as error:
        return ClipOutcome(clip, error=error)
    except OSError as error:
        return ClipOutcome(clip, error=full(root or Path(), error))
    return outcome


def _attempt(clip: str, raw: Mapping[str, Value], features: tuple[Resolved, ...], stores: Stores) -> ClipOutcome:
    for _ in range(ATTEMPTS):
        before = signatures(raw)
        values = ClipValues(clip, raw, stores)
        arrays = tuple(values.array(one) for one in features)
        if signatures(raw) == before:
            corrupt = frozenset(one.name for one, store in stores.items() if values.key(one) in store.corrupt)
            values.keep()
            keys = tuple(values.key(one) for one in features)
            return ClipOutcome(clip, keys, arrays=() if stores else arrays, corrupt=corrupt)
    raise ReleaseError("its files change while they are read")


def signatures(raw: Mapping[str, Value]) -> list[str]:
    """What tells whether a clip's images were changed on disk."""
    return [value.signature() for value in raw.values() if isinstance(value, Frames)]


@lru_cache(maxsize=8)
def _stores(features: tuple[Resolved, ...], root: Path) -> Stores:
    return stores_of(features, root)


def _begin_worker(owner: int) -> None:
    """It ends with its owner, and keeps to one thread: as many processes as cores are busy already."""
    end_with(owner)
    import cv2
    import threadpoolctl

    cv2.setNumThreads(1)
    threadpoolctl.threadpool_limits(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """In this process: as a worker would compute, and everything as it was afterwards."""
    import cv2
    import threadpoolctl

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(threads)
