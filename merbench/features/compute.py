"""Computes resolved features clip by clip."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from merbench.datasets import OpenDataset
from merbench.errors import BrokenClips, MerbenchError, PluginError, ReleaseError
from merbench.features.resolve import Resolved, walk
from merbench.registry import load_target

__all__ = ["arrays_digest", "compute"]


def compute(dataset: OpenDataset, features: Sequence[Resolved]) -> tuple[np.ndarray, ...]:
    """One array `[clips, ...]` float32 per feature, rows in the order of the dataset's clips.

    Raises:
        BrokenClips: clips whose files cannot be read or whose features are not finite, all of them, with reasons.
        PluginError: a feature function that fails, or gives no array of numbers or arrays of different shapes.
    """
    rows: list[list[np.ndarray]] = [[] for _ in features]
    broken: dict[str, str] = {}
    functions = {feature.name: _function(feature) for feature in walk(features) if feature.spec}
    for clip in dataset.clips["clip"]:
        known: dict[Resolved, np.ndarray] = {}
        try:
            values = [_value(feature, clip, dataset, functions, known) for feature in features]
        except ReleaseError as error:
            broken[clip] = str(error)
            continue
        for feature, row, value in zip(features, rows, values, strict=True):
            row.append(value)
            if not np.isfinite(value).all():
                broken[clip] = f"{feature.name} has values that are not numbers"
    if broken:
        raise BrokenClips(broken)
    return tuple(_stack(feature, row) for feature, row in zip(features, rows, strict=True))


def arrays_digest(arrays: Sequence[np.ndarray]) -> str:
    """sha256 (hex) over shapes and values: what a model was shown."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _function(feature: Resolved) -> Callable[..., np.ndarray]:
    assert feature.spec is not None
    function: Callable[..., np.ndarray] = load_target(feature.spec.function, owner=f"feature {feature.name}")
    return function


def _value(
    feature: Resolved,
    clip: str,
    dataset: OpenDataset,
    functions: dict[str, Callable[..., np.ndarray]],
    known: dict[Resolved, np.ndarray],
) -> np.ndarray:
    if feature not in known:
        if feature.spec is None:
            known[feature] = dataset.read(feature.name, clip)
        else:
            inputs = [_value(one, clip, dataset, functions, known) for one in feature.inputs]
            variant = {"variant": feature.variant} if feature.variant else {}
            known[feature] = _call(functions[feature.name], feature, clip, inputs, variant)
        # Other features may read the same array: a function that writes into it fails by name.
        known[feature] = known[feature].view()
        known[feature].flags.writeable = False
    return known[feature]


def _call(
    function: Callable[..., np.ndarray], feature: Resolved, clip: str, inputs: list[np.ndarray], variant: dict[str, str]
) -> np.ndarray:
    try:
        array = function(*inputs, **variant)
    except MerbenchError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise PluginError(f"feature {feature.name} failed on {clip}: {type(error).__name__}: {reason}") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        raise PluginError(f"feature {feature.name} gives {type(array).__name__} for {clip}, not an array of numbers")
    return array


def _stack(feature: Resolved, rows: list[np.ndarray]) -> np.ndarray:
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        raise PluginError(f"feature {feature.name} gives arrays of different shapes: {sorted(shapes)[:3]}")
    return np.stack(rows).astype(np.float32, copy=False)
