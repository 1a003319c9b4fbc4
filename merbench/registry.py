"""From names to specs, and from targets to code. What a plugin gave is found here, with good errors where it is not."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from merbench.errors import PluginError, UnknownName, nearest
from merbench.plugins import Plugin, Plugins
from merbench.specs import Dataset, Feature, Model, Protocol, Source

__all__ = ["Catalog", "Origin", "Registry", "load_target"]

T = TypeVar("T", Source, Dataset, Feature, Model, Protocol)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a spec comes from.

    Attributes:
        plugin: the plugin's name.
        distribution: the distribution that brought it; of a `--plugin` file, the file's name.
        version: the distribution's; empty for a file.
        module: the module that was imported for the plugin; the code that its targets name usually lies beside it.
    """

    plugin: str
    distribution: str
    version: str
    module: str


class Catalog(Generic[T]):
    """The specs of one noun, by name.

    Args:
        noun: in the singular, e.g. `model`.
        plugins: where to take them from.
    """

    def __init__(self, noun: str, plugins: Plugins) -> None:
        self._noun = noun
        self._failed = len(plugins.failed)
        self._by_name: dict[str, list[tuple[T, Origin]]] = {}
        self._qualified: dict[str, tuple[T, Origin]] = {}
        for plugin in plugins.loaded:
            for spec in plugin.specs.get(f"{noun}s", ()):
                entry = (cast(T, spec), _origin(plugin))
                self._by_name.setdefault(spec.name, []).append(entry)
                self._qualified[f"{plugin.distribution}:{spec.name}"] = entry

    def get(self, name: str) -> T:
        """The spec called `name`, or `distribution:name`, which always works.

        Raises:
            UnknownName: nothing is called so; the nearest names are offered.
            PluginError: plugins of two distributions give this plain name.
        """
        return self._find(name)[0]

    def origin(self, name: str) -> Origin:
        """Where the spec called `name` comes from; raises what `get` raises."""
        return self._find(name)[1]

    def names(self) -> list[str]:
        """A name for each spec that `get` takes, sorted: qualified where two distributions give the plain one."""
        return sorted(
            spec.name if len(entries) == 1 else f"{origin.distribution}:{spec.name}"
            for entries in self._by_name.values()
            for spec, origin in entries
        )

    def __iter__(self) -> Iterator[T]:
        """The specs, in the order of `names`."""
        return (self.get(name) for name in self.names())

    def __len__(self) -> int:
        """How many specs there are."""
        return len(self._qualified)

    def _find(self, name: str) -> tuple[T, Origin]:
        if name in self._qualified:
            return self._qualified[name]
        entries = self._by_name.get(name, [])
        if not entries:
            raise UnknownName(
                self._noun, name, [*self._by_name, *(self._qualified if ":" in name else ())], self._hint()
            )
        if len(entries) > 1:
            who = " and ".join(origin.distribution for _, origin in entries)
            ways = " or ".join(f"{origin.distribution}:{name}" for _, origin in entries)
            raise PluginError(f"{self._noun} {name!r} is given by {who}; ask for {ways}")
        return entries[0]

    def _hint(self) -> str:
        how = f"list all with: merbench list {self._noun}s"
        if self._failed:
            how += f" ({self._failed} plugin(s) could not be loaded, see: merbench plugins)"
        return how


def _origin(plugin: Plugin) -> Origin:
    return Origin(plugin=plugin.name, distribution=plugin.distribution, version=plugin.version, module=plugin.module)


class Registry:
    """Every source, dataset, feature, model and protocol that the loaded plugins give."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self.sources: Catalog[Source] = Catalog("source", plugins)
        self.datasets: Catalog[Dataset] = Catalog("dataset", plugins)
        self.features: Catalog[Feature] = Catalog("feature", plugins)
        self.models: Catalog[Model] = Catalog("model", plugins)
        self.protocols: Catalog[Protocol] = Catalog("protocol", plugins)


def load_target(target: str, *, owner: str, base: type | None = None) -> Any:
    """What `"module:attribute"` names; the attribute may be nested (`module:Outer.inner`).

    Args:
        target: the module is imported.
        owner: who named it, for the error, e.g. `model 'htnet'`.
        base: what the result must be a subclass of.

    Raises:
        PluginError: the module cannot be imported, the attribute is not there, or it is not a subclass of `base`.
    """
    module_name, _, path = target.partition(":")
    try:
        found = importlib.import_module(module_name)
    except Exception as error:  # whatever a plugin's module raises when it is imported
        reason = " ".join(str(error).split())
        raise PluginError(
            f"{owner} names {target!r}, but {module_name} cannot be imported: {type(error).__name__}: {reason}"
        ) from error
    for name in path.split("."):
        if not hasattr(found, name):
            near = nearest(name, [known for known in vars(found) if not known.startswith("_")])
            raise PluginError(f"{owner} names {target!r}, but there is no {name!r} in {_title(found)}{near}")
        found = getattr(found, name)
    if base is not None and not (isinstance(found, type) and issubclass(found, base)):
        wanted = f"{base.__module__}.{base.__qualname__}"
        raise PluginError(f"{owner} names {target!r}, which is {_title(found)} and not a subclass of {wanted}")
    return found


def _title(found: object) -> str:
    """`module m`, `class C` or `a value of type t`."""
    if isinstance(found, type):
        return f"class {found.__qualname__}"
    if isinstance(found, type(importlib)):
        return f"module {found.__name__}"
    return f"a {type(found).__name__}"
