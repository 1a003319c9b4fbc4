"""Where the time goes when features are computed."""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ParamSpec, TypeVar

from merbench.data.datasets import OpenDataset
from merbench.data.frames import Frames
from merbench.errors import BrokenClips, ReleaseError
from merbench.features.clip import ClipValues, Value
from merbench.features.extract import of_each
from merbench.features.resolve import Resolved, walk

__all__ = ["SAMPLE", "profile"]

P = ParamSpec("P")
T = TypeVar("T")
SAMPLE = 12  # clips, evenly over the dataset


def profile(dataset: OpenDataset, features: Sequence[Resolved]) -> dict[str, float]:
    """Compute features of up to `SAMPLE` clips on one core; nothing is stored, or taken from the store.

    Returns:
        Milliseconds of processor time that a clip takes on average, by feature (`name` or `name@variant`), in the order
        of first use. An image is counted where it is made: reading it for the raw feature, changing it for the feature
        that changes it (`face`), not for the feature that looks at it. Raw arrays are not counted.

    Raises:
        BrokenClips: a clip's files cannot be read, or a feature refuses it.
        PluginError: a feature function fails.
    """
    table = list(dataset.clips["clip"])
    count = min(SAMPLE, len(table))
    clips = [table[place * len(table) // count] for place in range(count)]
    raw = sorted({one.name for one in walk(features) if one.spec is None})
    # The first clip is computed twice: what is loaded only once does not count.
    work = ((clip, {name: _read(dataset, name, clip) for name in raw}) for clip in (clips[0], *clips))
    first, *others = of_each(partial(_of_clip, features=tuple(features)), work, 1)
    return {name: 1000 * sum(one.get(name, 0.0) for one in others) / len(others) for name in first}


def _read(dataset: OpenDataset, name: str, clip: str) -> Value:
    try:
        return dataset.read(name, clip)
    except ReleaseError as error:
        raise BrokenClips({clip: str(error)}) from error


def _of_clip(clip: str, raw: Mapping[str, Value], features: tuple[Resolved, ...]) -> dict[str, float]:
    values = _TimedValues(clip, raw)
    try:
        for one in features:
            values.array(one)
    except ReleaseError as error:
        raise BrokenClips({clip: str(error)}) from error
    return values.clock.seconds


class _Clock:
    """Seconds of this thread's processor time by name. A call inside another is counted for the inner name only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def timed(self, name: str, function: Callable[P, T]) -> Callable[P, T]:
        """The function, whose calls count for this name."""

        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            self._charge()
            self._open.append(name)
            try:
                return function(*args, **kwargs)
            finally:
                self._charge()
                self._open.pop()

        return call

    def _charge(self) -> None:
        now = time.thread_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


class _TimedValues(ClipValues):
    """The features of a clip, with a clock."""

    def __init__(self, clip: str, raw: Mapping[str, Value]) -> None:
        self.clock = _Clock()
        super().__init__(clip, {name: self._with_clock(name, value) for name, value in raw.items()})

    def _with_clock(self, name: str, value: Value) -> Value:
        if isinstance(value, Frames):
            value = copy.copy(value)
            value.read = self.clock.timed(name, value.read)  # type: ignore[method-assign]
        return value

    def _call(self, feature: Resolved, inputs: list[Value]) -> Value:
        name = f"{feature.name}@{feature.variant}" if feature.variant else feature.name
        value = self.clock.timed(name, super()._call)(feature, inputs)
        given = [one for one in inputs if isinstance(one, Frames)]
        if isinstance(value, Frames) and given:
            kept = len(given[0]._changes)
            changes = (self.clock.timed(name, change) for change in value._changes[kept:])
            value._changes = (*value._changes[:kept], *changes)
        return value
