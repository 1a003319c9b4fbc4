"""scikit-learn estimators: one fit per fold. This module does not import torch, so linear models finish in seconds."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from merbench.engine.answers import class_scores, predicted_classes
from merbench.engine.faults import in_folds
from merbench.engine.generators import seeded
from merbench.engine.memory import if_full
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.mapping import is_large, release
from merbench.plugin.calls import calling, kind, wrong
from merbench.protocols import Fold

__all__ = ["build_estimator", "design_matrix", "fit_fold", "taken"]


def taken(arrays: Sequence[np.ndarray], positions: np.ndarray) -> tuple[np.ndarray, ...]:
    """Copies of the clips at `positions` `[n]`: one array `[n, ...]` per feature, uint8 as float32."""
    rows = [array[positions] for array in arrays]
    for array in filter(is_large, arrays):
        release(array)
    return tuple(one.astype(np.float32) if one.dtype == np.uint8 else one for one in rows)


def design_matrix(arrays: Sequence[np.ndarray], positions: np.ndarray) -> np.ndarray:
    """Return the input of an estimator for the clips at `positions` `[n]`.

    One feature: `[n, ...]`, uint8 as float32. Several features: flattened and joined. No feature: zeros `[n, 1]`.
    """
    if not arrays:
        return np.zeros((len(positions), 1), np.float32)
    found = taken(arrays, positions)
    return found[0] if len(found) == 1 else np.concatenate([rows.reshape(len(positions), -1) for rows in found], 1)


def build_estimator(task: Task, fold: Fold) -> Any:
    """Build a new estimator. Each `random_state` that is None is set to the fold's seed.

    Raises:
        PluginError: the estimator has no method `fit` or `predict`.
        OptionError: the estimator cannot be built with its options.
    """
    with seeded(derive_seed(fold=fold.seed, purpose="init")):
        estimator = task.build()
    for method in ("fit", "predict"):
        if not callable(getattr(estimator, method, None)):
            gives = f"{kind(estimator)} without a method {method}"
            raise wrong(task.author, "what builds the estimator", gives, "give one with fit and predict")
    with calling(task.author, "get_params or set_params"):
        _seed(estimator, derive_seed(fold=fold.seed, purpose="training"))
    return estimator


def fit_fold(task: Task, fold: Fold) -> FoldOutcome:
    """Fit a new estimator on the training side and predict the evaluated side.

    The fit uses one thread, so its result does not depend on what runs in parallel. The fold's seed decides all random
    numbers: those of each `random_state` that is None, and of Python's, NumPy's and torch's global generators. The
    scores are described in `class_scores`.

    Raises:
        TrainingError: the estimator fails, does not give a class and finite scores for each clip, or memory runs out.
        OptionError: the estimator cannot be built with its options.
    """
    started = time.perf_counter()
    with in_folds([fold]), if_full("cpu", 1), threadpool_limits(1):
        without_torch = "torch" not in sys.modules
        predicted, scores, note = _answers(task, fold)
        if without_torch and "torch" in sys.modules:  # imported during the fit: torch's generator was not seeded
            predicted, scores, note = _answers(task, fold)
    return FoldOutcome(
        name=fold.name,
        scores=scores[None].astype(np.float32),
        predicted=predicted[None],
        loss=np.empty(0, np.float32),
        seconds=time.perf_counter() - started,
        note=note,
    )


def _answers(task: Task, fold: Fold) -> tuple[np.ndarray, np.ndarray, str]:
    estimator = build_estimator(task, fold)
    with seeded(derive_seed(fold=fold.seed, purpose="training")):
        X = design_matrix(task.arrays, fold.train)
        with calling(task.author, "fit", f"take an array {list(X.shape)} and the class of each clip [{len(X)}]"):
            estimator.fit(X, task.labels[fold.train], **_groups(estimator, task, fold))
        X = design_matrix(task.arrays, fold.test)
        predicted = predicted_classes(estimator, X, task)
        return predicted, *class_scores(estimator, X, predicted, task)


def _groups(estimator: Any, task: Task, fold: Fold) -> dict[str, np.ndarray]:
    """The subjects of the training clips, if `fit` has an argument named `groups`: to choose settings on held-out
    training subjects."""
    try:
        takes = "groups" in inspect.signature(estimator.fit).parameters
    except (TypeError, ValueError):  # a `fit` without a signature, such as compiled code
        return {}
    return {"groups": task.subjects[fold.train]} if takes and task.subjects is not None else {}


def _seed(estimator: Any, seed: int) -> None:
    if hasattr(estimator, "get_params"):
        unset = {
            name: seed
            for name, value in estimator.get_params().items()
            if value is None and (name == "random_state" or name.endswith("__random_state"))
        }
        estimator.set_params(**unset)
