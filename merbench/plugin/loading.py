"""Finds, blocks, loads and reports plugins: each one alone, so that a broken plugin harms nobody but itself.

The built-in plugins are entry points of the distribution `merbench` and take the same way as a stranger's. A plugin is
known by its entry point's name, or, where two distributions use one name, as `distribution:name`.
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
from merbench.plugin.calls import Author, calling, reason
from merbench.plugin.hooks import given_by
from merbench.plugin.hookspecs import NAMESPACE
from merbench.plugin.specs import ModelFamily, Spec

__all__ = ["ALLOW_VARIABLE", "BUILT_IN", "Plugin", "PluginReport", "Plugins", "load"]

ALLOW_VARIABLE = "MERBENCH_PLUGINS"
BUILT_IN = "merbench"  # the distribution whose entry points are the built-in plugins


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A plugin that was loaded.

    Attributes:
        name: of its entry point; of a `--plugin` file, the file's name without `.py`.
        distribution: the distribution that brought it; of a `--plugin` file, the file's name.
        version: the distribution's; empty for a file.
        module: the module that was imported for it, e.g. `my_package`.
        specs: what its hooks gave, under `sources`, `datasets`, `features`, `models` and `protocols`.
    """

    name: str
    distribution: str
    version: str
    module: str
    specs: Mapping[str, tuple[Spec, ...]]


@dataclass(frozen=True, kw_only=True)
class PluginReport:
    """What became of one plugin; `provides` has the names of its specs under `sources`, `datasets`, ...; a
    family of models is there as `family:*`.

    `reason` is one line for a plugin that was blocked or failed, and empty for one that was loaded. `seconds` is how
    long its import and its hooks took, and `error` is what was raised where it failed.
    """

    name: str
    distribution: str
    version: str
    status: Literal["loaded", "blocked", "failed"]
    reason: str = ""
    provides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)
    error: BaseException | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Plugins:
    """The plugins that were loaded, and a report on every plugin that was found."""

    loaded: tuple[Plugin, ...]
    report: list[PluginReport]

    @property
    def failed(self) -> list[PluginReport]:
        """The plugins that could not be loaded."""
        return [row for row in self.report if row.status == "failed"]


@dataclass(frozen=True)
class _Candidate:
    """A plugin before it is imported; `take` imports it and returns the object that carries the hooks."""

    name: str
    distribution: str
    version: str
    module: str
    take: Callable[[], object]

    @property
    def author(self) -> Author:
        """Whose code its import runs."""
        return Author.of(f"module {self.module}", self.name, self.module)

    @property
    def names(self) -> set[str]:
        """What it answers to in `--no-plugin` and in the allow-list."""
        return {self.name, f"{self.distribution}:{self.name}"}


def load(
    *,
    block: Iterable[str] = (),
    files: Iterable[str | Path] = (),
    strict: bool = False,
    allow: Iterable[str] | None = None,
) -> Plugins:
    """Load every plugin that may be loaded.

    Args:
        block: plugins to leave out, built-in ones included: `name` or `distribution:name`.
        files: plugin modules to load from their paths. Each becomes importable under its stem, and its folder is
            appended to `sys.path`, so that its targets can be imported here and in worker processes.
        strict: whether a plugin that fails is an error.
        allow: the installed plugins that may be loaded besides the built-in ones, which always may; naming a built-in
            one changes nothing. None takes the comma-separated list in the environment variable MERBENCH_PLUGINS; where
            that is unset all plugins may be loaded, where it is empty only the built-in ones.

    Returns:
        Built-in plugins first, then the others by distribution and name, then the files in the order given.

    Raises:
        PluginError: `block` names no installed plugin, a file cannot be loaded, or (strict) any plugin fails.
    """
    installed = _installed()
    blocked = _known(block, installed)
    allowed = _allow_list(allow)
    loaded: list[Plugin] = []
    report: list[PluginReport] = []
    for candidate in installed:
        bar = _bar(candidate, blocked, allowed)
        report.append(_row(candidate, "blocked", bar) if bar else _try(candidate, loaded))
    report.extend(_not_installed(allowed or (), installed))
    failed = next((row for row in report if row.status == "failed"), None)
    if strict and failed:
        raise PluginError(
            f"plugin {failed.name!r} of {failed.distribution or ALLOW_VARIABLE} could not be loaded: {failed.reason}"
        ) from failed.error
    for file in files:
        report.append(_load_file(Path(file), loaded))
    return Plugins(tuple(loaded), report)


def _installed() -> list[_Candidate]:
    """Every entry point of the group; two of one name are both there."""
    found = [_candidate(entry) for entry in importlib.metadata.entry_points(group=NAMESPACE)]
    return sorted(found, key=lambda one: (one.distribution != BUILT_IN, one.distribution, one.name))


def _candidate(entry: importlib.metadata.EntryPoint) -> _Candidate:
    name = version = None
    # Leftovers of an interrupted removal may have entry points but no metadata; they too harm nobody else.
    with contextlib.suppress(Exception):
        name, version = (entry.dist.name, entry.dist.version) if entry.dist else (None, None)
    module = entry.value.partition("[")[0].partition(":")[0].strip()
    return _Candidate(entry.name, name or "unknown", version or "", module, entry.load)


def _known(names: Iterable[str], installed: list[_Candidate]) -> set[str]:
    """`names`, each of which some installed plugin answers to."""
    answers = {name for candidate in installed for name in candidate.names}
    plain = sorted({candidate.name for candidate in installed})
    for name in (asked := set(names)):
        if name not in answers:
            raise PluginError(
                f"--no-plugin: no plugin is called {name!r}{nearest(name, plain)}; list all with: merbench plugins"
            )
    return asked


def _allow_list(allow: Iterable[str] | None) -> set[str] | None:
    """The allow-list, or None where every plugin may be loaded."""
    if allow is not None:
        return set(allow)
    listed = os.environ.get(ALLOW_VARIABLE)
    return None if listed is None else {name.strip() for name in listed.split(",") if name.strip()}


def _bar(candidate: _Candidate, blocked: set[str], allowed: set[str] | None) -> str:
    """Why a plugin is not to be loaded; empty where it may be."""
    if candidate.names & blocked:
        return "left out by --no-plugin"
    if allowed is not None and candidate.distribution != BUILT_IN and not candidate.names & allowed:
        return f"not named in {ALLOW_VARIABLE}"
    return ""


def _not_installed(allowed: Iterable[str], installed: list[_Candidate]) -> Iterator[PluginReport]:
    """A failure for each name in the allow-list that no plugin answers to: a slip there must not pass in silence."""
    answers = {name for candidate in installed for name in candidate.names}
    for name in sorted(set(allowed) - answers):
        why = f"named in {ALLOW_VARIABLE} but not installed{nearest(name, answers)}"
        yield PluginReport(name=name, distribution="", version="", status="failed", reason=why)


def _row(candidate: _Candidate, status: Literal["loaded", "blocked", "failed"], reason: str = "") -> PluginReport:
    return PluginReport(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        status=status,
        reason=reason,
    )


def _title(spec: Spec) -> str:
    return f"{spec.name}:*" if isinstance(spec, ModelFamily) else spec.name


def _try(candidate: _Candidate, loaded: list[Plugin]) -> PluginReport:
    """Load one plugin and append it to `loaded`, or leave `loaded` as it was and report the failure."""
    started = time.perf_counter()
    try:
        plugin = _load_one(candidate, loaded)
    except (Exception, SystemExit) as error:  # whatever a stranger's module may raise, `sys.exit()` included
        row = replace(_row(candidate, "failed", _one_line(error, candidate)), error=error)
    else:
        loaded.append(plugin)
        provides = {noun: tuple(map(_title, specs)) for noun, specs in plugin.specs.items()}
        row = replace(_row(candidate, "loaded"), provides=provides)
    return replace(row, seconds=round(time.perf_counter() - started, 3))


def _load_one(candidate: _Candidate, loaded: list[Plugin]) -> Plugin:
    with calling(candidate.author, "import"):
        module = candidate.take()
    specs = {noun: tuple(given) for noun, given in given_by(module, candidate.author).items() if given}
    _check_names(candidate, specs, loaded)
    return Plugin(
        name=candidate.name,
        distribution=candidate.distribution,
        version=candidate.version,
        module=candidate.module,
        specs=specs,
    )


def _check_names(candidate: _Candidate, specs: Mapping[str, tuple[Spec, ...]], loaded: list[Plugin]) -> None:
    """`distribution:name` must be unique; one name from two distributions is the registry's to tell apart."""
    for noun, given in specs.items():
        taken = {
            spec.name: f"plugin {plugin.name!r}"
            for plugin in loaded
            if plugin.distribution == candidate.distribution
            for spec in plugin.specs.get(noun, ())
        }
        for spec in given:
            if spec.name in taken:
                raise PluginError(
                    f"{noun[:-1]} {spec.name!r} is already given by {taken[spec.name]} of the distribution"
                )
            taken[spec.name] = f"plugin {candidate.name!r}"


class _PluginFile(SourceFileLoader):
    """Marks the modules that were loaded from a `--plugin` file."""


def _load_file(path: Path, loaded: list[Plugin]) -> PluginReport:
    """Load a file that was asked for by its path.

    Raises:
        PluginError: it cannot be loaded: the user asked for it, so going on without it would be wrong.
    """
    if not path.is_file():
        raise PluginError(f"--plugin {path}: no such file")
    if any(plugin.distribution == path.name for plugin in loaded):
        raise PluginError(f"--plugin {path}: another plugin file is called {path.name} too; rename one of them")
    row = _try(_Candidate(path.stem, path.name, "", path.stem, lambda: _import_file(path.resolve())), loaded)
    if row.status == "failed":
        raise PluginError(f"--plugin {path}: {row.reason}") from row.error
    return row


def _import_file(path: Path) -> object:
    """The module at `path`, importable under its stem from now on."""
    name, folder = path.stem, str(path.parent)
    if path.suffix != ".py" or "." in name:
        raise PluginError("a plugin file is called NAME.py, without another dot in NAME")
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


def _one_line(error: BaseException, candidate: _Candidate) -> str:
    """An error in one line; whoever reads it knows which plugin it is about, and whose sentence it is."""
    text = one_line(error)
    if isinstance(error, PluginError | pluggy.PluginValidationError):
        return text.removeprefix(f"{candidate.author}: ")
    return reason(error)
