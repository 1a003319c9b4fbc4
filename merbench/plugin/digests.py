"""Digests of the source files of some code."""

from __future__ import annotations

import hashlib
import importlib.util
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path

from merbench.errors import PluginError

__all__ = ["CORE", "classes_digest", "source_digest", "target_digest"]

CORE = "merbench"


def target_digest(target: str) -> str:
    """The digest of the code that a target such as `my_package.features:speed` belongs to.

    For a plugin, this is its whole package, because its modules call each other. For the core, it is only the module:
    otherwise every change of merbench would count.
    """
    module = target.partition(":")[0]
    top = module.partition(".")[0]
    return source_digest(module if top == CORE else top)


def classes_digest(*classes: type) -> str:
    """The same for classes and their base classes; Python's own classes are left out."""
    modules = {base.__module__ for one in classes for base in one.__mro__} - {"builtins", "abc", "typing"}
    ours = sorted(module for module in modules if not module.startswith("collections"))
    return hashlib.sha256(" ".join(map(target_digest, ours)).encode()).hexdigest()


@cache
def source_digest(module: str) -> str:
    """sha256 (hex) over the names and contents of a module's source files; for a package, of all files below it."""
    try:
        spec = importlib.util.find_spec(module)
    except ValueError:  # `__main__` has no spec
        spec = None
    if spec is None:
        raise PluginError(f"the source of module {module!r} cannot be found, so a run could not notice its changes")
    digest = hashlib.sha256()
    for root, path in _files(spec):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(spec: ModuleSpec) -> list[tuple[Path, Path]]:
    if spec.submodule_search_locations:
        roots = sorted(map(Path, spec.submodule_search_locations))
        return [(root, path) for root in roots for path in sorted(root.rglob("*.py"))]
    # Python's own frozen and built-in modules have no file.
    return [(Path(spec.origin).parent, Path(spec.origin))] if spec.origin and spec.has_location else []
