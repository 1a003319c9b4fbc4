"""Adds the names of the folds to the error of a plugin that fails while folds are computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from merbench.errors import PluginError, TrainingError
from merbench.protocols import Fold

__all__ = ["in_folds"]


@contextmanager
def in_folds(folds: Sequence[Fold]) -> Iterator[None]:
    """Wrap the work on `folds`.

    Raises:
        TrainingError: a plugin's code failed in the block, or gave a wrong result.
    """
    try:
        yield
    except PluginError as error:
        names = ", ".join(fold.name for fold in folds)
        raise TrainingError(f"fold{'s' if len(folds) > 1 else ''} {names}: {error}; finished folds are kept") from error
