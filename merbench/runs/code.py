"""Which code took part in a run."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from merbench.plugin.digests import source_digest
from merbench.plugin.registry import Origin
from merbench.runs.schema import Code

__all__ = ["code_versions"]


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
