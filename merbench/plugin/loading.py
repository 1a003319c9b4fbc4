"""Find, filter and load plugins. Each plugin is loaded alone, so a broken one does not affect the others.

The built-in plugins are entry points of the distribution `merbench` and are loaded like any other. A plugin is known by
the name of its entry point or, if two distributions use the same name, as `distribution:name`.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Literal

import pluggy

from merbench.errors import PluginError, nearest, one_line
from merbench.plugin import hooks
from merbench.plugin.authors import written
from merbench.plugin.calls import Author, calling, reason
from merbench.plugin.hooks import NAMESPACE
from merbench.plugin.specs import ModelFamily, Spec, former_names
from merbench.plugin.validation import KINDS, fault

__all__ = ["ALLOW_VARIABLE", "BUILT_IN", "Plugin", "load"]

ALLOW_VARIABLE = "MERBENCH_PLUGINS"
BUILT_IN = "merbench"  # the distribution whose entry points are the built-in plugins
HOOKS = {noun: f"{NAMESPACE}_{noun}" for noun in KINDS}

Import = Callable[[], object]  # imports a plugin and returns the object that carries the hooks


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that was found.

    Attributes:
        name: of its entry point; of a `--plugin` file, the file name without `.py`.
        distribution: the distribution that contains it; of a `--plugin` file, the file name; empty if the plugin is
            named in MERBENCH_PLUGINS but not installed.
        version: of the distribution; empty for a file.
        module: the module that is imported for it, e.g. `my_package`.
        status: `loaded`; `blocked` if the user left it out; `failed` if it could not be loaded.
        reason: why it was blocked or failed, in one line; empty for a loaded plugin.
        specs: what its hooks returned, under `sources`, `datasets`, `features`, `models` and `protocols`; empty unless
            it was loaded.
        seconds: how long its import and its hooks took.
        error: the exception, if it failed with one.
    """

    name: str
    distribution: str
    version: str
    module: str
    status: Literal["loaded", "blocked", "failed"] = "loaded"
    reason: str = ""
    specs: Mapping[str, tuple[Spec, ...]] = field(default_factory=dict, hash=False)
    seconds: float = field(default=0.0, compare=False)
    error: BaseException | None = field(default=None, compare=False, repr=False)

    def author(self, spec: str, *targets: str) -> Author:
        """Whose code `targets` are, which the plugin names in `spec`, e.g. `model my-net`."""
        return Author.of(spec, self.name, self.module, *targets)

    @property
    def names(self) -> set[str]:
        """The names that `--no-plugin` and the allow-list accept for it."""
        return {self.name, f"{self.distribution}:{self.name}"}

    @property
    def provides(self) -> dict[str, tuple[str, ...]]:
        """The names of its specs under `sources`, `datasets`, ...; a family of models is listed as `family:*`."""
        return {
            noun: tuple(f"{spec.name}:*" if isinstance(spec, ModelFamily) else spec.name for spec in specs)
            for noun, specs in self.specs.items()
        }


def load(
    *,
    block: Iterable[str] = (),
    files: Iterable[str | Path] = (),
    strict: bool = False,
    allow: Iterable[str] | None = None,
) -> list[Plugin]:
    """Load every plugin that may be loaded.

    Args:
        block: plugins to leave out, built-in ones included: `name` or `distribution:name`.
        files: plugin modules to load from their paths. Each can then be imported by its file name without `.py`, and
            its folder is appended to `sys.path` so that worker processes can import its targets too.
        strict: whether a plugin that fails is an error.
        allow: the installed plugins that may be loaded besides the built-in ones, which are always allowed. None reads
            the comma-separated list in the environment variable MERBENCH_PLUGINS: unset allows every plugin, empty
            allows only the built-in ones.

    Returns:
        Every plugin that was found, with its status: the built-in ones, then the others by distribution and name, then
        names in the allow-list that are not installed, then the files in the given order.

    Raises:
        PluginError: `block` names no installed plugin, a file cannot be loaded, or (strict) any plugin fails.
    """
    installed = _installed()
    blocked = _known(block, installed)
    allowed = _allow_list(allow)
    plugins: list[Plugin] = []
    for plugin, take in installed.items():
        barred = _barred(plugin, blocked, allowed)
        plugins.append(replace(plugin, status="blocked", reason=barred) if barred else _load(plugin, take, plugins))
    plugins.extend(_not_installed(allowed or (), installed))
    failed = next((plugin for plugin in plugins if plugin.status == "failed"), None)
    if strict and failed:
        raise PluginError(
            f"plugin {failed.name!r} of {failed.distribution or ALLOW_VARIABLE} could not be loaded: {failed.reason}"
        ) from failed.error
    for file in files:
        plugins.append(_load_file(Path(file), plugins))
    return plugins


def _installed() -> dict[Plugin, Import]:
    """Every entry point of the group; two with the same name are both kept."""
    found = {_found(entry): entry.load for entry in importlib.metadata.entry_points(group=NAMESPACE)}
    return dict(sorted(found.items(), key=lambda one: (one[0].distribution != BUILT_IN, *_key(one[0]))))


def _key(plugin: Plugin) -> tuple[str, str]:
    return plugin.distribution, plugin.name


def _found(entry: importlib.metadata.EntryPoint) -> Plugin:
    name = version = None
    # An interrupted removal may leave entry points without metadata; they must not stop the other plugins either.
    with contextlib.suppress(Exception):
        name, version = (entry.dist.name, entry.dist.version) if entry.dist else (None, None)
    module = entry.value.partition("[")[0].partition(":")[0].strip()
    return Plugin(name=entry.name, distribution=name or "unknown", version=version or "", module=module)


def _known(names: Iterable[str], installed: Iterable[Plugin]) -> set[str]:
    """`names`, after a check that each belongs to an installed plugin."""
    known = {name for plugin in installed for name in plugin.names}
    plain = sorted({plugin.name for plugin in installed})
    for name in (asked := set(names)):
        if name not in known:
            raise PluginError(
                f"--no-plugin: no plugin is called {name!r}{nearest(name, plain)}; list all with: merbench plugins"
            )
    return asked


def _allow_list(allow: Iterable[str] | None) -> set[str] | None:
    """The allow-list, or None if every plugin may be loaded."""
    if allow is not None:
        return set(allow)
    listed = os.environ.get(ALLOW_VARIABLE)
    return None if listed is None else {name.strip() for name in listed.split(",") if name.strip()}


def _barred(plugin: Plugin, blocked: set[str], allowed: set[str] | None) -> str:
    """Why a plugin must not be loaded; empty if it may be."""
    if plugin.names & blocked:
        return "left out by --no-plugin"
    if allowed is not None and plugin.distribution != BUILT_IN and not plugin.names & allowed:
        return f"not named in {ALLOW_VARIABLE}"
    return ""


def _not_installed(allowed: Iterable[str], installed: Iterable[Plugin]) -> Iterator[Plugin]:
    """A failed plugin for each name in the allow-list that is not installed: a typo there must not go unnoticed."""
    known = {name for plugin in installed for name in plugin.names}
    for name in sorted(set(allowed) - known):
        why = f"named in {ALLOW_VARIABLE} but not installed{nearest(name, known)}"
        yield Plugin(name=name, distribution="", version="", module="", status="failed", reason=why)


def _load(plugin: Plugin, take: Import, others: Iterable[Plugin]) -> Plugin:
    """The plugin with its specs, or failed with the reason."""
    started = time.perf_counter()
    author = plugin.author(f"module {plugin.module}")
    try:
        with calling(author, "import"):
            module = take()
        plugin = replace(plugin, specs=_specs(module, author))
        _check_unique(plugin, [other for other in others if other.distribution == plugin.distribution])
    except (Exception, SystemExit) as error:  # a plugin's module may raise anything, and may call `sys.exit()`
        plugin = replace(plugin, status="failed", reason=_one_line(error, author), specs={}, error=error)
    return replace(plugin, seconds=round(time.perf_counter() - started, 3))


def _specs(module: object, author: Author) -> dict[str, tuple[Spec, ...]]:
    """What the hooks in a module return, checked.

    Raises:
        PluginError: there is no hook, or one is misspelt, not marked, fails, or returns something that is not a spec of
            its kind.
        pluggy.PluginValidationError: a hook has an argument that it must not have.
    """
    # A manager for each plugin: nothing of a failed plugin remains, and its hook wrappers affect no other plugin.
    manager = pluggy.PluginManager(NAMESPACE)
    manager.add_hookspecs(hooks)
    manager.register(module)
    _check_hooks(module, author)
    given = {noun: tuple(_given(manager, noun, author)) for noun in KINDS}
    return {noun: specs for noun, specs in given.items() if specs}


def _check_hooks(module: object, author: Author) -> None:
    """Refuse a hook that is misspelt or not marked, and a module without hooks; pluggy would ignore them silently."""
    hooked = False
    for name in dir(module):
        function = getattr(module, name, None)
        mark = getattr(function, f"{NAMESPACE}_impl", None)
        marked = isinstance(mark, dict)
        name = (mark.get("specname") or name) if isinstance(mark, dict) else name
        if name in HOOKS.values() and not marked:
            raise PluginError(f"{name}{written(function, author)} is not marked @merbench.hookimpl")
        if marked and name not in HOOKS.values():
            near = nearest(name, HOOKS.values()) or f"; the hooks are {', '.join(HOOKS.values())}"
            raise PluginError(f"unknown hook {name!r}{written(function, author)}{near}")
        hooked = hooked or marked
    if not hooked:
        known = ", ".join(HOOKS.values())
        raise PluginError(f"it has no hook; write one ({known}) and mark it @merbench.hookimpl")


def _given(manager: pluggy.PluginManager, noun: str, author: Author) -> Iterator[Spec]:
    """What the hook for `noun` returns, checked; `manager` has registered a single plugin."""
    hook = HOOKS[noun]
    caller = getattr(manager.hook, hook)
    functions = [one.function for one in caller.get_hookimpls()]
    if not functions:
        return
    place = written(functions[0], author)
    with calling(author, f"hook {hook}"):
        results = caller()
    if not results:  # pluggy leaves None out
        raise PluginError(f"{hook}{place} returned None, not an iterable of specs; yield each spec")
    for given in results:
        if not isinstance(given, Iterable):
            raise PluginError(f"{hook}{place} returned {given!r}, not an iterable of specs")
        with calling(author, f"hook {hook}"):
            listed = list(given)
        for spec in listed:
            if wrong := fault(spec, noun):
                raise PluginError(f"{hook}{place}: {wrong}")
            yield spec


def _check_unique(plugin: Plugin, others: Iterable[Plugin]) -> None:
    """`distribution:name` must be unique. If two distributions use the same name, the registry tells them apart."""
    for noun, specs in plugin.specs.items():
        taken = {
            name: other.name
            for other in others
            for spec in other.specs.get(noun, ())
            for name in (spec.name, *former_names(spec))
        }
        for name in (name for spec in specs for name in (spec.name, *former_names(spec))):
            if name in taken:
                raise PluginError(
                    f"{noun[:-1]} {name!r} is already defined by plugin {taken[name]!r} of this distribution"
                )
            taken[name] = plugin.name


class _PluginFile(SourceFileLoader):
    """Marks the modules that were loaded from a `--plugin` file."""


def _load_file(path: Path, others: Iterable[Plugin]) -> Plugin:
    """Load a file given by its path.

    Raises:
        PluginError: the file cannot be loaded. The user asked for it, so the command must not go on without it.
    """
    if not path.is_file():
        raise PluginError(f"--plugin {path}: no such file")
    if any(other.distribution == path.name for other in others):
        raise PluginError(f"--plugin {path}: another plugin file is called {path.name} too; rename one of them")
    plugin = Plugin(name=path.stem, distribution=path.name, version="", module=path.stem)
    plugin = _load(plugin, lambda: _import_file(path.resolve()), others)
    if plugin.status == "failed":
        raise PluginError(f"--plugin {path}: {plugin.reason}") from plugin.error
    return plugin


def _import_file(path: Path) -> object:
    """The module at `path`, which can be imported by the file's name from now on."""
    name, folder = path.stem, str(path.parent)
    if path.suffix != ".py" or "." in name:
        raise PluginError("a plugin file must be called NAME.py, without another dot in NAME")
    found = importlib.util.find_spec(name)
    if found and not isinstance(found.loader, _PluginFile) and found.origin != str(path):
        raise PluginError(f"a module called {name!r} exists already; rename the file")
    spec = importlib.util.spec_from_file_location(name, path, loader=_PluginFile(name, str(path)))
    assert spec is not None  # it has a loader
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    if folder not in sys.path:
        sys.path.append(folder)
    return module


def _one_line(error: BaseException, author: Author) -> str:
    """An error in one line, without the author: the reader sees the plugin's name beside it."""
    if isinstance(error, PluginError | pluggy.PluginValidationError):
        return one_line(error).removeprefix(f"{author}: ")
    return reason(error)
