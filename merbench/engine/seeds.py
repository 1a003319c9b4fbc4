"""Seeds derived from named axes, so that no result depends on the order, grouping or resuming of work."""

from __future__ import annotations

import hashlib

from merbench.plugin.specs import Protocol

__all__ = ["derive_seed", "fold_seed"]


def derive_seed(**axes: str | int) -> int:
    """A seed in [0, 2**32): a hash of the named axes, e.g. `derive_seed(run=0, fold="smic/s01", purpose="init")`.

    The order of the arguments does not matter; any other name or value gives an unrelated seed.
    """
    text = "\n".join(f"{name}={axes[name]!r}" for name in sorted(axes))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def fold_seed(run: int, model: str, dataset: str, protocol: Protocol, fold: str) -> int:
    """The seed of a fold. It hangs on names alone, not on the whole plan: a fold keeps its seed when only its
    neighbours, the epoch policy or the device change.
    """
    return derive_seed(run=run, model=model, dataset=dataset, protocol=protocol.oldest_name, fold=fold)
