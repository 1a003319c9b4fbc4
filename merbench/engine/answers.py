"""The predictions of an estimator: a class for each clip, and class scores that agree with it."""

from __future__ import annotations

from typing import Any

import numpy as np

from merbench.engine.task import Task
from merbench.plugin.calls import calling, kind, wrong

__all__ = ["class_scores", "predicted_classes"]

TIE = 1e-6  # times the largest score; a record rounds to 1e-6, so smaller differences count as ties
LEFT_OUT = "predict disagrees with {}: the scores are 1 for the predicted class and 0 for the others"
LARGEST_CONFIDENCE = 1 / 3  # scikit-learn adds less than this to the votes of a class, see `_votes`


def predicted_classes(estimator: Any, X: np.ndarray, task: Task) -> np.ndarray:
    """Predict the class of each clip, `[clips]` int64.

    Raises:
        PluginError: `predict` fails, or gives anything but one class index for each clip.
    """
    wanted = f"give a whole number from 0 to {task.classes - 1} for each of {len(X)} clips, like the labels fit gets"
    with calling(task.author, "predict", wanted):
        found = np.asarray(estimator.predict(X.copy()))
        found = np.asarray(found.tolist()) if found.dtype.kind == "O" else found
    if fault := _fault(found, len(X), task.classes):
        raise wrong(task.author, "predict", fault, wanted, getattr(type(estimator), "predict", None))
    return found.astype(np.int64)


def _fault(found: np.ndarray, clips: int, classes: int) -> str:
    """Describe in a few words what is wrong with the predicted classes; empty if nothing is wrong."""
    if found.dtype.kind in "US":
        return f"names ({str(found.flat[0])!r})" if found.size else "nothing"
    if found.dtype.kind not in "iufb":
        return kind(found.tolist()) if found.ndim == 0 else f"values of type {found.dtype}"
    if found.shape != (clips,):
        return f"an array of shape {list(found.shape)}"
    unknown = found[~np.isin(found, range(classes))]
    return f"{unknown[0]:g}" if len(unknown) else ""


def class_scores(estimator: Any, X: np.ndarray, predicted: np.ndarray, task: Task) -> tuple[np.ndarray, str]:
    """Return class scores `[clips, classes]` float64, and a note about them, which may be empty.

    The scores come from `predict_proba`, or from `decision_function` if there are no probabilities or they contradict
    `predict`, as in `SVC(probability=True)`, where `predict` follows the decisions. If both contradict `predict`, as in
    scikit-learn's NearestCentroid, the scores are 1 for the predicted class and 0 for the others, and the note says so.

    A class without training clips gets the lowest score (probability 0, or the smallest value). For two classes
    scikit-learn gives one decision value, that of the second class; the first class gets the negative value.

    Raises:
        PluginError: a method fails, or does not give one finite value for each class.
    """
    seen = _seen(estimator, task)
    contradicting = []
    for method in ("predict_proba", "decision_function"):
        if not callable(getattr(estimator, method, None)) or (method == "decision_function" and len(seen) == 1):
            continue
        with calling(task.author, method):
            values = np.asarray(getattr(estimator, method)(X.copy()), np.float64)
        scores = _by_class(values, method, seen, estimator, task, len(X))
        if not _contradicts(scores, method, seen, predicted):
            return scores, ""
        contradicting.append(method)
    said = LEFT_OUT.format(" and ".join(contradicting)) if contradicting else ""
    return np.eye(task.classes)[predicted], said


def _contradicts(scores: np.ndarray, method: str, seen: np.ndarray, predicted: np.ndarray) -> bool:
    """Whether any clip has its highest score on a class that was not predicted; ties do not count."""
    judged = scores.copy()
    if method == "decision_function":
        judged[:, seen] = _votes(scores[:, seen])
    own = judged[np.arange(len(judged)), predicted]
    return bool((own < judged.max(1) - TIE * np.abs(judged).max()).any())


def _votes(values: np.ndarray) -> np.ndarray:
    """Return the part of the decision values `[clips, classes]` that `predict` uses.

    scikit-learn's SVC adds a confidence between -1/3 and 1/3 to the votes of the pairs of classes
    (`sklearn.utils.multiclass._ovr_decision_function`). Its `predict` uses only the votes, unless `break_ties` is set.
    """
    votes, classes = values.round(), values.shape[1]
    pairs = classes * (classes - 1) / 2
    cast = (np.abs(values - votes) < LARGEST_CONFIDENCE).all() and (votes.sum(1) == pairs).all()
    return votes if classes > 2 and cast else values


def _seen(estimator: Any, task: Task) -> np.ndarray:
    """The class that each column of scores belongs to."""
    with calling(task.author, "classes_"):
        seen = np.asarray(getattr(estimator, "classes_", np.arange(task.classes)))
    if seen.ndim != 1 or _fault(seen, len(seen), task.classes) or len(set(seen.tolist())) < len(seen):
        raise wrong(task.author, "classes_", f"{seen.tolist()}"[:100], f"be some of 0 to {task.classes - 1}, each once")
    return seen.astype(np.int64)


def _by_class(values: np.ndarray, method: str, seen: np.ndarray, estimator: Any, task: Task, clips: int) -> np.ndarray:
    if values.ndim == 1 and len(seen) == 2 and method == "decision_function":
        values = np.stack([-values, values], 1)
    if values.shape != (clips, len(seen)):
        wanted = f"give a column for each of {len(seen)} classes, or list the classes of its columns in classes_"
        gives = f"an array of shape {list(values.shape)}"
        raise wrong(task.author, method, gives, wanted, getattr(type(estimator), method, None))
    if not np.isfinite(values).all():
        raise wrong(task.author, method, "values that are not finite", "give finite values")
    scores = np.full((len(values), task.classes), 0.0 if method == "predict_proba" else values.min())
    scores[:, seen] = values
    return scores
