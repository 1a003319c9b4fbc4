"""The field's databases: releases that can be read, and the datasets cut from them."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_databases.registered import datasets, protocols, sources


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The releases of videos, and the flow release of the composite."""
    return sources()


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """The composite of MEGC2019, its three parts alone, and what the field cuts from single databases."""
    return datasets()


@merbench.hookimpl
def merbench_protocols() -> Iterable[merbench.Protocol]:
    """Folds that somebody published."""
    return protocols()
