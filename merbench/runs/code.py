"""Which code took part in a run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path

from merbench.errors import PluginError
from merbench.registry import Origin
from merbench.runs.schema import Code

__all__ = ["code_versions", "source_digest"]


def code_versions(origins: Iterable[Origin]) -> dict[str, Code]:
    """`distribution:plugin` to version and source digest, sorted; merbench's own core is `merbench:core`."""
    core = Origin(
        plugin="core", distribution="merbench", version=importlib.metadata.version("merbench"), module="merbench"
    )
    found = {
        f"{origin.distribution}:{origin.plugin}": Code(
            distribution=origin.distribution, version=origin.version, digest=source_digest(origin.module.split(".")[0])
        )
        for origin in (*origins, core)
    }
    return dict(sorted(found.items()))


@cache
def source_digest(module: str) -> str:
    """sha256 (hex) over the names and contents of a module's source files; of a package, all below it."""
    spec = importlib.util.find_spec(module)
    if spec is None:
        raise PluginError(f"the source of module {module!r} cannot be found, so a run could not tell when it changes")
    digest = hashlib.sha256()
    for root, path in _files(spec):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(spec: ModuleSpec) -> list[tuple[Path, Path]]:
    if spec.submodule_search_locations:
        roots = sorted(map(Path, spec.submodule_search_locations))
        return [(root, path) for root in roots for path in sorted(root.rglob("*.py"))]
    return [(Path(spec.origin).parent, Path(spec.origin))] if spec.origin else []
