"""Which code took part in a run."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from merbench.registry import Origin
from merbench.runs.schema import Code

__all__ = ["code_versions", "source_digest"]


def code_versions(origins: Iterable[Origin]) -> dict[str, Code]:
    """Plugin name to distribution, version and source digest, sorted by name; and `engine`, merbench's own training."""
    engine = Code(
        distribution="merbench", version=importlib.metadata.version("merbench"), digest=source_digest("merbench.engine")
    )
    found = {"engine": engine} | {
        origin.plugin: Code(
            distribution=origin.distribution, version=origin.version, digest=source_digest(origin.module)
        )
        for origin in origins
    }
    return dict(sorted(found.items()))


@cache
def source_digest(module: str) -> str:
    """sha256 (hex) over the names and contents of a module's source files; of a package, all below it."""
    spec = importlib.util.find_spec(module)
    digest = hashlib.sha256()
    if spec is None or spec.origin is None:
        return digest.hexdigest()
    file = Path(spec.origin)
    root = file.parent
    for path in sorted(root.rglob("*.py")) if spec.submodule_search_locations else [file]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
