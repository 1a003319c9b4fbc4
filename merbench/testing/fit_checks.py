"""The checks of a fit, the training loop of an author."""

from __future__ import annotations

from dataclasses import replace

from merbench.testing.findings import Check, require
from merbench.testing.models import ModelToys, computed

__all__ = ["FIT_CHECKS"]


def reports_equal_epochs(toys: ModelToys) -> str:
    """`fit` reports the same number of epochs on every fold, however many clips its training side has."""
    fold = toys.folds[0]
    few = replace(fold, name="few clips", train=fold.train[: len(fold.train) // 2])
    outcomes = {**toys.outcomes, **computed(toys.task(), [few], toys.grouping)}
    epochs = {name: len(outcome.loss) for name, outcome in outcomes.items()}
    require(len(set(epochs.values())) == 1, f"the number of epochs depends on the fold: {epochs}")
    return f"{epochs[fold.name]} epoch(s) reported"


FIT_CHECKS: tuple[Check[ModelToys], ...] = (reports_equal_epochs,)
