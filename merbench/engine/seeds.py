"""Derives seeds from named axes, so that results do not depend on the order, grouping or resuming of work."""

from __future__ import annotations

import hashlib

from merbench.plugin.specs import Protocol

__all__ = ["derive_seed", "fold_seed"]


def derive_seed(**axes: str | int) -> int:
    """Hash named axes to a seed in [0, 2**32), e.g. `derive_seed(run=0, fold="smic/s01", purpose="init")`.

    The order of the arguments does not matter. A different name or value gives an unrelated seed.
    """
    text = "\n".join(f"{name}={axes[name]!r}" for name in sorted(axes))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def fold_seed(run: int, model: str, dataset: str, protocol: Protocol, fold: str) -> int:
    """The seed of a fold. The seed depends on names only, not on the whole plan: it stays the same if other folds, the
    epoch policy or the device change.
    """
    return derive_seed(run=run, model=model, dataset=dataset, protocol=protocol.oldest_name, fold=fold)
