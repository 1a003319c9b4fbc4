"""flow-lr and flow-svm on the folds of the composite, beside scikit-learn's models on all 2,352 values, in turn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from merbench_handcrafted.reference import flow_lr, flow_svm
from merbench_handcrafted.svm import flattened
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from merbench.engine.estimators import design_matrix
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare
from tests.benchmarks.row import Row


class Side(NamedTuple):
    """Training clips, their classes, and test clips of one fold."""

    train: np.ndarray
    labels: np.ndarray
    test: np.ndarray


class Fitted(NamedTuple):
    """Seconds of the processor for fit and answers, and the answers."""

    seconds: float
    classes: np.ndarray
    scores: np.ndarray


def run(reference: Path | None) -> list[Row]:
    """One row per model; none where MERBENCH_REAL_DATA does not name the data."""
    data = os.environ.get("MERBENCH_REAL_DATA")
    if not data:
        return [Row("linear models on the composite", "not measured", "MERBENCH_REAL_DATA is not set")]
    os.environ["MERBENCH_DATA"] = data
    folds = _folds()
    with threadpool_limits(1):
        return [
            _row("flow-lr", folds, flow_lr, lambda: LogisticRegression(C=1e-3, class_weight="balanced", max_iter=1000)),
            _row("flow-svm", folds, flow_svm, lambda: SVC(class_weight="balanced", max_iter=100_000)),
        ]


def _folds() -> list[Side]:
    job = prepare(Registry(load(allow=())), Request(model="flow-lr", dataset="composite"))
    arrays, labels = job.task.arrays, job.task.labels
    return [
        Side(design_matrix(arrays, one.train), labels[one.train], design_matrix(arrays, one.test)) for one in job.folds
    ]


def _row(name: str, folds: list[Side], ours: Callable[[], Any], last: Callable[[], Any]) -> Row:
    found = [(_fitted(ours(), one), _fitted(_plain(last()), one)) for one in folds]
    seconds, alone = (sum(one[place].seconds for one in found) for place in (0, 1))
    ratio = median(plain.seconds / one.seconds for one, plain in found)
    labels = sum(int((one.classes != plain.classes).sum()) for one, plain in found)
    apart = max(float(np.abs(one.scores - plain.scores).max()) for one, plain in found)
    figure = f"{seconds:.1f} s; scikit-learn alone {alone:.1f} s: {ratio:.1f} times as fast"
    conditions = f"{len(folds)} folds, one core, time of the processor; {labels} labels differ, scores by {apart:.1g}"
    return Row(f"{name} default on the composite", figure, conditions)


def _plain(last: Any) -> Any:
    return make_pipeline(FunctionTransformer(flattened), StandardScaler(), last)


def _fitted(estimator: Any, fold: Side) -> Fitted:
    started = time.process_time()
    estimator.fit(fold.train, fold.labels)
    classes = estimator.predict(fold.test)
    answer = getattr(estimator, "predict_proba", None) or estimator.decision_function
    scores = answer(fold.test)
    return Fitted(time.process_time() - started, classes, scores)
