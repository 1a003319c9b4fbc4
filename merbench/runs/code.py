"""Which code took part in a run."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable

from merbench.plugin.digests import source_digest
from merbench.plugin.loading import Plugin
from merbench.runs.schema import Code

__all__ = ["code_versions"]


def code_versions(plugins: Iterable[Plugin]) -> dict[str, Code]:
    """`distribution:plugin` to version and source digest, sorted; merbench's own core is `merbench:core`."""
    core = Plugin(
        name="core", distribution="merbench", version=importlib.metadata.version("merbench"), module="merbench"
    )
    found = {
        f"{plugin.distribution}:{plugin.name}": Code(
            distribution=plugin.distribution, version=plugin.version, digest=source_digest(plugin.module.split(".")[0])
        )
        for plugin in (*plugins, core)
    }
    return dict(sorted(found.items()))
