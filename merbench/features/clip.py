"""One clip: from what its source reads to its features, each computed once, and to the keys they are kept under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping

import numpy as np

from merbench.data.frames import Frames
from merbench.errors import OutputError, PluginError, ReleaseError
from merbench.features.resolve import Resolved, walk
from merbench.features.store import Store
from merbench.plugin.calls import Author, calling, kind, memory_is_full, wrong
from merbench.plugin.digests import target_digest
from merbench.plugin.registry import load_target

__all__ = ["ClipValues", "Value", "from_images"]

Value = np.ndarray | Frames
WANTED = "give an array of numbers, or images"


def from_images(feature: Resolved, raw: Mapping[str, Value]) -> bool:
    """Whether images lie behind a feature. Such a one takes time, and is kept on disk."""
    return any(isinstance(raw[one.name], Frames) for one in walk([feature]) if one.spec is None)


class ClipValues:
    """The features of one clip.

    Args:
        clip: its id.
        raw: what its source read, by name.
        stores: where results are kept; a feature without one is computed each time.
    """

    def __init__(self, clip: str, raw: Mapping[str, Value], stores: Mapping[Resolved, Store] | None = None) -> None:
        self.clip, self.raw, self.stores = clip, raw, stores or {}
        self.new: list[tuple[Store, str, np.ndarray]] = []  # computed here, and not kept yet
        self._values: dict[Resolved, Value] = {}
        self._keys: dict[Resolved, str] = {}

    def value(self, feature: Resolved) -> Value:
        """The feature's array, or its images where it has any; not to be written to.

        Raises:
            ReleaseError: the clip's files, or what is seen in them, do not allow it; the reason in a few words.
            PluginError: its function fails, or gives neither an array of numbers nor images.
        """
        if feature not in self._values:
            value = self._found(feature)
            if isinstance(value, np.ndarray):
                # Other features may read the same array: a function that writes into it fails by name.
                value = value.view()
                value.flags.writeable = False
            self._values[feature] = value
        return self._values[feature]

    def array(self, feature: Resolved) -> np.ndarray:
        """The same, of a feature that a model can be shown.

        Raises:
            ReleaseError, PluginError: as `value`, or it is images.
        """
        value = self.value(feature)
        if isinstance(value, Frames):
            raise PluginError(
                f"feature {feature.name} is a clip's images, of any number and size: other features are computed from "
                "it, but it is neither kept on disk nor shown to a model; ask for one that makes an array of it"
            )
        if not np.isfinite(value).all():
            raise ReleaseError(f"{feature.name} has values that are not numbers")
        return value

    def key(self, feature: Resolved) -> str:
        """What the feature's result depends on, as sha256 (hex): the clip, the feature with its version, its variant
        and its code, the keys of its inputs, and so, in the end, the release's files and the code that reads them.
        Nothing is computed for it.

        Raises:
            ReleaseError: a file is missing.
        """
        if feature not in self._keys:
            self._keys[feature] = self._raw_key(feature.name) if feature.spec is None else self._derived_key(feature)
        return self._keys[feature]

    def keep(self) -> None:
        """Keeps what was computed. Raises OSError."""
        for store, key, array in self.new:
            store.keep(key, array)
        self.new.clear()

    def _found(self, feature: Resolved) -> Value:
        store = self.stores.get(feature)
        if store and (found := store.find(self.key(feature))) is not None:
            return found
        value = (
            self._call(feature, [self.value(one) for one in feature.inputs]) if feature.spec else self.raw[feature.name]
        )
        if store and isinstance(value, np.ndarray):
            if not np.isfinite(value).all():
                raise ReleaseError(f"{feature.name} has values that are not numbers")
            self.new.append((store, self.key(feature), value))
        return value

    def _call(self, feature: Resolved, inputs: list[Value]) -> Value:
        assert feature.spec is not None
        author = Author.of(f"feature {feature.name}", feature.plugin, feature.spec.function)
        called = f"{feature.spec.function.partition(':')[2]} on {self.clip}"
        variant = {"variant": feature.variant} if feature.variant else {}
        with calling(author, called, WANTED):
            function: Callable[..., object] = load_target(feature.spec.function, owner=author.spec)
            try:
                value = function(*inputs, **variant)
            except (MemoryError, RuntimeError) as error:
                if memory_is_full(error):
                    raise OutputError(f"{author}: {called}: no memory is left; run again with fewer --jobs") from error
                raise
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and not value.size:
            raise wrong(author, called, f"an empty array of shape {list(value.shape)}", WANTED, function)
        if isinstance(value, Frames) or (isinstance(value, np.ndarray) and value.dtype.kind in "fiub"):
            return value
        gives = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else kind(value)
        raise wrong(author, called, gives, WANTED, function)

    def _raw_key(self, name: str) -> str:
        value = self.raw[name]
        if isinstance(value, Frames):
            return hashlib.sha256(f"{value.signature()} {value.code}".encode()).hexdigest()
        digest = hashlib.sha256(f"{value.shape} {value.dtype}".encode())
        digest.update(np.ascontiguousarray(value).data)
        return digest.hexdigest()

    def _derived_key(self, feature: Resolved) -> str:
        assert feature.spec is not None
        function = feature.spec.function
        code = target_digest(function)
        named = [feature.name, feature.variant, feature.spec.version, function, code, self.clip]
        inputs = [self.key(one) for one in feature.inputs]
        return hashlib.sha256(json.dumps([named, inputs]).encode()).hexdigest()
