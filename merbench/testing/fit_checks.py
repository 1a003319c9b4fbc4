"""The checks of a fit, the training loop of an author."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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


def saves_and_loads(toys: ModelToys) -> str:
    """If the model names a `predictor`, what that builds predicts as `fit`'s, once its tensors were written as
    safetensors, without pickle, and read."""
    if not toys.predictor:
        return "it names no predictor, so no weights are kept"
    from safetensors.torch import load, save  # imports torch

    from merbench.engine.predictors import predict_fit

    task, fold = toys.task(keep_weights=True), toys.folds[0]
    outcome = computed(task, [fold], toys.grouping)[fold.name]
    content = save(dict(outcome.weights))
    tested = replace(task, arrays=tuple(one[fold.test] for one in task.arrays), labels=task.labels[fold.test])
    same = np.array_equal(predict_fit(tested, load(content)), outcome.scores[-1])
    require(same, "the loaded predictor predicts something else: is a tensor that it needs no parameter and no buffer?")
    return f"{len(outcome.weights)} tensors, {len(content) / 1e6:.1f} MB"


FIT_CHECKS: tuple[Check[ModelToys], ...] = (reports_equal_epochs, saves_and_loads)
