"""Features of many clips, in parallel processes; each clip is kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from merbench.data.frames import Frames
from merbench.errors import ReleaseError
from merbench.features.clip import ClipValues, Value
from merbench.features.resolve import Resolved, walk
from merbench.features.store import Store, full
from merbench.processes import each

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
        keys: of its features in the store.
        broken: why it has no features; else empty.
        corrupt: names of features whose stored result was damaged.
    """

    clip: str
    keys: tuple[str, ...] = ()
    broken: str = ""
    corrupt: frozenset[str] = field(default_factory=frozenset)


def stores_of(features: Iterable[Resolved], root: Path) -> Stores:
    """The stores below `root` of these features and of all that they are computed from."""
    found = tuple(features)
    return {one: Store(root, one) for one in walk(found) if one.spec or one in found}


def extract(work: Work, features: Sequence[Resolved], root: Path, jobs: int) -> Generator[ClipOutcome, None, None]:
    """Computes and keeps the features of clips; outcomes come in the order in which they are ready.

    Args:
        work: clip id, and its raw features by name. It is taken from as processes become free.
        features: what is wanted of each.
        root: the feature store's folder.
        jobs: processes; 1 for this process.

    Raises:
        MerbenchError: whatever stops the run.
    """
    return of_each(partial(_of_clip, features=tuple(features), root=root), work, jobs)


def of_each(function: Callable[[str, Mapping[str, Value]], T], work: Work, jobs: int) -> Generator[T, None, None]:
    """What a function makes of each clip and its raw features, in the order in which they are ready.

    Args:
        function: to be pickled, as are its results. Of exceptions only merbench's own survive that.
        work, jobs: as `extract` has them.
    """
    arguments = ((function, clip, raw) for clip, raw in work)
    advice = "what is finished is kept: run again with fewer --jobs"
    return each(_on_one_thread, arguments, jobs, does="computes features", advice=advice)


def cores() -> int:
    """How many cores this process may use."""
    import joblib

    return int(joblib.cpu_count())


def _of_clip(clip: str, raw: Mapping[str, Value], features: tuple[Resolved, ...], root: Path) -> ClipOutcome:
    try:
        return _attempt(clip, raw, features, stores_of(features, root))
    except ReleaseError as error:
        return ClipOutcome(clip, broken=str(error))
    except OSError as error:
        raise full(root, error) from error


def _attempt(clip: str, raw: Mapping[str, Value], features: tuple[Resolved, ...], stores: Stores) -> ClipOutcome:
    for _ in range(ATTEMPTS):
        before = signatures(raw)
        values = ClipValues(clip, raw, stores)
        for one in features:
            values.array(one)
        if signatures(raw) == before:
            corrupt = frozenset(one.name for one, store in stores.items() if values.key(one) in store.corrupt)
            values.keep()
            keys = tuple(values.key(one) for one in features)
            return ClipOutcome(clip, keys, corrupt=corrupt)
    raise ReleaseError("its files change while they are read")


def signatures(raw: Mapping[str, Value]) -> list[str]:
    """What tells whether a clip's images were changed on disk."""
    return [value.signature() for value in raw.values() if isinstance(value, Frames)]


def _on_one_thread(function: Callable[[str, Mapping[str, Value]], T], clip: str, raw: Mapping[str, Value]) -> T:
    """The other cores are busy with other clips; and results are the same whoever computes them."""
    import cv2
    import threadpoolctl

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpoolctl.threadpool_limits(1):
            return function(clip, raw)
    finally:
        cv2.setNumThreads(threads)
