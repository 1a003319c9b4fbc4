"""Find specs by name and load the code that they name, with errors that say what to do."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import is_dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar, cast

from merbench.errors import PluginError, UnknownName, nearest
from merbench.plugin.calls import Author, calling, kind, wrong
from merbench.plugin.loading import Plugin
from merbench.plugin.naming import Naming
from merbench.plugin.specs import Dataset, Executor, Feature, Model, ModelFamily, Protocol, Source, former_names
from merbench.plugin.validation import fault

__all__ = ["Catalog", "Registry", "load_target"]

T = TypeVar("T", Source, Dataset, Feature, Model, Protocol, Executor)
S = TypeVar("S", Source, Dataset, Feature, Model, ModelFamily, Protocol, Executor)


class Catalog(Generic[T]):
    """The specs of one noun, by name. Members of a family are called `family:member` and made when they are asked for.

    Args:
        noun: in the singular, e.g. `model`.
        plugins: the plugins with the specs.
        naming: the known names of the specs.
    """

    def __init__(self, noun: str, plugins: Sequence[Plugin], naming: Naming) -> None:
        self._noun, self._naming = noun, naming
        self._failed = sum(plugin.status == "failed" for plugin in plugins)
        self._specs: _Names[T] = _Names(noun)
        self._families: _Names[ModelFamily] = _Names(f"{noun} family")
        self._members: dict[str, tuple[T, Plugin]] = {}
        self.shadowed: list[tuple[str, str]] = []  # plain name of a built-in spec, and the other spec's known name
        for plugin in plugins:
            for spec in plugin.specs.get(f"{noun}s", ()):
                self._add(spec, plugin)

    def _add(self, spec: Any, plugin: Plugin) -> None:
        known = self._naming.known(f"{self._noun}s", spec, plugin.distribution)
        if self._naming.shadowed(f"{self._noun}s", spec.name, plugin.distribution):
            self.shadowed.append((spec.name, known.name))
        if isinstance(spec, ModelFamily):
            self._families.add(known.name, spec, plugin)  # its members get the known name when they are made
        else:
            self._specs.add(known.name, known, plugin, spec.name)

    def get(self, name: str) -> T:
        """The spec called `name` now or formerly, or `distribution:name`, which always works; or the member
        `family:member`.

        Raises:
            UnknownName: no spec has this name; the error lists the nearest names.
            PluginError: plugins of two distributions, neither of them built in, use this plain name; or a family
                returns something that is not a model.
            OptionError: the family has no such member.
        """
        return self._find(name)[0]

    def author(self, name: str, target: str) -> Author:
        """The author of `target`, which the spec called `name` names; raises the errors of `get`."""
        spec, plugin = self._find(name)
        return plugin.author(f"{self._noun} {spec.name}", target)

    def origin(self, name: str) -> Plugin:
        """The plugin of the spec or family called `name`; raises the errors of `get`."""
        return self._families.find(name)[1] if name in self._families else self._find(name)[1]

    def names(self) -> list[str]:
        """The known name of each spec, sorted, without members of families."""
        return self._specs.names()

    def current(self, name: str) -> str:
        """Today's name of the spec that was once called `name`; any other name stays as it is."""
        return self._specs.current(name)

    def families(self) -> dict[str, ModelFamily]:
        """The families by their known names, sorted."""
        return {name: self._families.find(name)[0] for name in self._families.names()}

    def matching(self, pattern: str) -> list[str]:
        """The names that match a shell pattern, sorted. If the pattern has a colon, families that match the part before
        the last colon are asked for members that match the rest.
        """
        prefix, colon, rest = pattern.rpartition(":")
        found = [name for name in self.names() if fnmatchcase(name, pattern) or name == self.current(pattern)]
        for name, family in self.families().items() if colon else ():
            if fnmatchcase(name, prefix):
                found += [f"{name}:{member}" for member in _members(family, rest, self.origin(name))]
        return found

    def __iter__(self) -> Iterator[T]:
        """The specs in the order of `names`."""
        return (self.get(name) for name in self.names())

    def __len__(self) -> int:
        """The number of specs, without members of families."""
        return len(self._specs)

    def _find(self, name: str) -> tuple[T, Plugin]:
        if name in self._specs:
            return self._specs.find(name)
        family, _, member = name.rpartition(":")
        if family not in self._families:
            raise UnknownName(self._noun, name, self._near(name), self._hint(name))
        if name not in self._members:
            spec, plugin = self._families.find(family)
            made: Any = self._naming.member(_member(spec, member, plugin), spec.name, plugin.distribution)
            self._members[name] = made, plugin
        return self._members[name]

    def _near(self, name: str) -> list[str]:
        """Names that the user may have meant by `name`."""
        if name in self._families:
            return []
        if ":" not in name:
            return self._specs.plain()
        known = [*self._specs.plain(), *self._specs.qualified()]
        return known + [f"{family}:{name.rpartition(':')[2]}" for family in self._families.names()]

    def _hint(self, name: str) -> str:
        if name in self._families:
            return f"it is a family; name a member, {name}:NAME, or list them with: {_listing(self._noun, name)}"
        how = f"list all with: merbench list {self._noun}s"
        if families := self._families.names():
            how += f", and those of a family with: {_listing(self._noun, families[0])}"
        if self._failed:
            how += f" ({self._failed} plugin(s) could not be loaded, see: merbench plugins)"
        return how


class _Names(Generic[S]):
    """Specs by their known names, and by `distribution:name`."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._known: dict[str, tuple[S, Plugin]] = {}
        self._qualified: dict[str, tuple[S, Plugin]] = {}
        self._former: dict[str, str] = {}  # former name -> known name
        self._givers: dict[str, list[str]] = {}  # plain name -> distributions

    def add(self, known: str, spec: S, plugin: Plugin, plain: str = "") -> None:
        plain = plain or spec.name
        for old in former_names(spec):
            qualified = f"{plugin.distribution}:{old.removeprefix(f'{plugin.distribution}:')}"
            self._former[old] = self._former[qualified] = known
        self._known[known] = self._qualified[f"{plugin.distribution}:{plain}"] = spec, plugin
        self._givers.setdefault(plain, []).append(plugin.distribution)

    def find(self, name: str) -> tuple[S, Plugin]:
        name = self.current(name)
        found = self._known.get(name) or self._qualified.get(name)
        if found:
            return found
        if name not in self._givers:
            raise UnknownName(self._noun, name, self._givers)
        who = " and ".join(self._givers[name])
        ways = " or ".join(f"{distribution}:{name}" for distribution in self._givers[name])
        raise PluginError(f"{self._noun} {name!r} is defined by {who}; use {ways}")

    def current(self, name: str) -> str:
        return self._former.get(name, name)

    def names(self) -> list[str]:
        return sorted(self._known)

    def plain(self) -> list[str]:
        return list(self._givers)

    def qualified(self) -> list[str]:
        return list(self._qualified)

    def __contains__(self, name: str) -> bool:
        return any(name in names for names in (self._known, self._qualified, self._givers, self._former))

    def __len__(self) -> int:
        return len(self._known)


def _listing(noun: str, family: str) -> str:
    return f"merbench list {noun}s --match '{family}:*'"


def _members(family: ModelFamily, pattern: str, plugin: Plugin) -> list[str]:
    """The family's names for a shell pattern."""
    author = plugin.author(f"model family {family.name}", family.members)
    list_members, wanted = load_target(family.members, owner=f"model family {family.name!r}"), "give a list of names"
    with calling(author, f"members({pattern!r})", wanted):
        given = list_members(pattern)
        names = None if given is None or isinstance(given, str) else list(given)
    if names is None or not all(isinstance(name, str) for name in names):
        raise wrong(author, f"members({pattern!r})", kind(given), wanted, list_members)
    return names


def _member(family: ModelFamily, name: str, plugin: Plugin) -> Model:
    """The family's model for `name`, checked like the result of a hook."""
    owner = f"model family {family.name!r}"
    make = load_target(family.member, owner=owner)
    author = plugin.author(f"model family {family.name}", family.member)
    with calling(author, f"member({name!r})"):
        model = make(name)
    if model is None:
        raise wrong(author, f"member({name!r})", "None", "give a model", make)
    whole = f"{family.name}:{name}"
    if getattr(model, "name", whole) != whole:
        raise PluginError(f"{owner}: its member {name!r} calls itself {model.name!r}, not {whole!r}")
    # Checked under the part after the colon, because names from hooks must not have a colon.
    plain = replace(model, name=name) if is_dataclass(model) and not isinstance(model, type) else model
    if found := "a family again" if isinstance(model, ModelFamily) else fault(plain, "models"):
        raise PluginError(f"{owner}: its member {name!r}: {found}")
    return cast(Model, model)


class Registry:
    """Every source, dataset, feature, model, protocol and executor of the loaded plugins."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self.plugins = plugins
        naming = Naming(plugins)
        self.sources: Catalog[Source] = Catalog("source", plugins, naming)
        self.datasets: Catalog[Dataset] = Catalog("dataset", plugins, naming)
        self.features: Catalog[Feature] = Catalog("feature", plugins, naming)
        self.models: Catalog[Model] = Catalog("model", plugins, naming)
        self.protocols: Catalog[Protocol] = Catalog("protocol", plugins, naming)
        self.executors: Catalog[Executor] = Catalog("executor", plugins, naming)

    def notes(self) -> list[str]:
        """A sentence for each spec with the name of a built-in spec."""
        catalogs: list[tuple[str, Catalog[Any]]] = [
            ("source", self.sources),
            ("dataset", self.datasets),
            ("feature", self.features),
            ("model", self.models),
            ("protocol", self.protocols),
            ("executor", self.executors),
        ]
        return [
            f"{noun} {plain!r} is the built-in one; the plugin's is called {qualified}"
            for noun, catalog in catalogs
            for plain, qualified in catalog.shadowed
        ]


def load_target(target: str, *, owner: str, base: type | None = None) -> Any:
    """Import the object that `"module:attribute"` names; the attribute may be nested (`module:Outer.inner`).

    Args:
        target: module and attribute.
        owner: the spec that names it, for the error, e.g. `model 'htnet'`.
        base: a class that the result must be a subclass of.

    Raises:
        PluginError: the module cannot be imported, the attribute does not exist, or it is not a subclass of `base`.
    """
    module_name, _, path = target.partition(":")
    author = Author.of(owner, "", target)
    try:
        with calling(author, f"the import of {module_name}"):
            found = importlib.import_module(module_name)
    except PluginError as error:
        raise PluginError(f"{owner} names {target!r}, but {str(error).removeprefix(f'{author}: ')}") from error
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
