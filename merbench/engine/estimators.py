"""scikit-learn estimators: one fit per fold. Nothing here imports torch, so a linear model is done in seconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, FoldTask, Task
from merbench.errors import TrainingError
from merbench.mapping import is_large, release

__all__ = ["design_matrix", "fit_fold"]


def design_matrix(arrays: Sequence[np.ndarray], positions: np.ndarray) -> np.ndarray:
    """What an estimator is shown of the clips at `positions` `[n]`: one feature `[n, ...]` (bytes as float32); several,
    each flattened, and joined; none: zeros `[n, 1]`.
    """
    if not arrays:
        return np.zeros((len(positions), 1), np.float32)
    taken: list[np.ndarray] = [array[positions] for array in arrays]
    for array in filter(is_large, arrays):
        release(array)
    taken = [rows.astype(np.float32) if rows.dtype == np.uint8 else rows for rows in taken]
    if len(taken) == 1:
        return taken[0]
    return np.concatenate([rows.reshape(len(positions), -1) for rows in taken], 1)


def fit_fold(task: Task, fold: FoldTask) -> FoldOutcome:
    """Fits a new estimator on the training side and predicts the evaluated side, on one thread: its figures do not
    depend on how many run beside it.

    An estimator that has a `random_state` of None gets the fold's seed. The scores are `predict_proba`, else
    `decision_function`, else 1 for the predicted class and 0 for the others.
    """
    started = time.perf_counter()
    X = design_matrix(task.arrays, fold.train)
    estimator = task.build()
    _seed(estimator, derive_seed(fold=fold.seed, purpose="training"))
    try:
        with threadpool_limits(1):
            estimator.fit(X, task.labels[fold.train])
            X = design_matrix(task.arrays, fold.evaluate)
            predicted = _predicted(estimator, X, task.classes)
            scores = _scores(estimator, X, predicted, task.classes)
    except ValueError as error:  # how scikit-learn says that a parameter or the data do not fit
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(
            f"fold {fold.name}: {type(estimator).__name__}: {reason}; finished folds are kept"
        ) from error
    return FoldOutcome(
        name=fold.name,
        scores=scores[None].astype(np.float32),
        predicted=predicted[None],
        loss=np.empty(0, np.float32),
        seconds=time.perf_counter() - started,
    )


def _predicted(estimator: Any, X: np.ndarray, classes: int) -> np.ndarray:
    predicted: np.ndarray = np.asarray(estimator.predict(X)).astype(np.int64)
    if predicted.shape != (len(X),) or not np.isin(predicted, range(classes)).all():
        raise ValueError(f"predict does not give one class of 0..{classes - 1} for each of {len(X)} clips")
    return predicted


def _seed(estimator: Any, seed: int) -> None:
    if hasattr(estimator, "get_params"):
        unset = {
            name: seed
            for name, value in estimator.get_params().items()
            if value is None and (name == "random_state" or name.endswith("__random_state"))
        }
        estimator.set_params(**unset)


def _scores(estimator: Any, X: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """`[clips, classes]`; a class that the training side lacked scores lowest (probability 0, or the least value).

    Of two classes scikit-learn gives one decision value, which speaks for the second: the first gets its negative.
    """
    seen = np.asarray(getattr(estimator, "classes_", np.arange(classes))).astype(np.int64)
    for method, floor in (("predict_proba", 0.0), ("decision_function", None)):
        if not hasattr(estimator, method):
            continue
        values = np.asarray(getattr(estimator, method)(X), np.float64)
        if values.shape == (len(X),) and len(seen) == 2:
            values = np.stack([-values, values], 1)
        if values.shape == (len(X), len(seen)):
            scores = np.full((len(X), classes), values.min() if floor is None else floor)
            scores[:, seen] = values
            if not np.isfinite(scores).all():
                raise ValueError(f"{method} gives values that are not finite")
            return scores
    one_hot: np.ndarray = np.eye(classes)[predicted]
    return one_hot
