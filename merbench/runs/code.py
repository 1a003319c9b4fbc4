"""Digests of the code that decides the outcome of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from merbench.plugin.digests import CORE, source_digest
from merbench.plugin.loading import Plugin
from merbench.runs.schema import Code

__all__ = ["DECIDING", "code_digests"]

# The core's modules that make folds, label clips, compute the input of models, and train. The rest of the core (pages,
# records, the command line, the feature store) can change without changing a prediction.
DECIDING = (
    "merbench.data.clips",
    "merbench.data.datasets",
    "merbench.data.frames",
    "merbench.data.readers",
    "merbench.engine",
    "merbench.features.clip",
    "merbench.features.mirrors",
    "merbench.features.resolve",
    "merbench.plugin.labels",
    "merbench.protocols",
)


def code_digests(plugins: Iterable[Plugin]) -> dict[str, Code]:
    """Map `distribution:plugin` to the digest of the plugin's package, sorted; `merbench:core` stands for `DECIDING`.

    Args:
        plugins: all that take part. What the core itself registers counts as core.

    Raises:
        PluginError: the source of a plugin cannot be found.
    """
    packages = {f"{one.distribution}:{one.name}": (one.distribution, one.module.partition(".")[0]) for one in plugins}
    found = {
        name: Code(distribution=distribution, digest=source_digest(package))
        for name, (distribution, package) in packages.items()
        if package != CORE
    }
    found["merbench:core"] = Code(distribution="merbench", digest=_core_digest())
    return dict(sorted(found.items()))


def _core_digest() -> str:
    return hashlib.sha256(" ".join(map(source_digest, DECIDING)).encode()).hexdigest()
