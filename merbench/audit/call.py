"""The process in which an audited function runs: `python -m merbench.audit.call MODULE:FUNCTION DATA OUT SEED`.

The function is called once for each left-out subject, with the arguments of `ARGUMENTS` that it names.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from merbench.audit.layouts import write_csv

__all__ = ["ARGUMENTS", "main"]

NEEDED = ("train_features", "train_labels", "test_features")
ARGUMENTS = (*NEEDED, "test_labels", "seed")


def main(target: str, data: Path, out: Path, seed: int) -> None:
    """Call the function for each fold, and write `predictions.csv`."""
    function = _load(target)
    named = _named(target, function)
    with open(data / "clips.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    subjects = np.array([row["subject"] for row in rows])
    labels = np.array([int(row["label"]) for row in rows])
    features = np.load(data / "features.npy")
    test_labels, test_features = np.load(data / "test_labels.npy"), np.load(data / "test_features.npy")
    written: list[tuple[str, int, int]] = []
    for subject in sorted(set(subjects.tolist())):
        test = subjects == subject
        given = (features[~test], labels[~test], test_features[test], test_labels[test], seed)
        chosen = {name: value for name, value in zip(ARGUMENTS, given, strict=True) if name in named}
        predicted = _classes(target, subject, function(**chosen), int(test.sum()), int(labels.max()) + 1)
        written += zip([subject] * len(predicted), np.flatnonzero(test).tolist(), predicted, strict=True)
    rows_out = [(fold, rows[at]["clip"], one) for fold, at, one in written]
    write_csv(out / "predictions.csv", ("fold", "clip", "predicted"), rows_out)


def _load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        function: Callable[..., Any] | None = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        _end(f"{target}: {error}; run merbench where the module can be imported")
    if function is None or not callable(function):
        _end(f"{target}: {module} has no function {name!r}")
    return function


def _named(target: str, function: Callable[..., Any]) -> list[str]:
    """The arguments that the function names."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        _end(f"{target}: its arguments cannot be read; write it as a plain function")
    open_ended = [one for one in parameters if one.kind is inspect.Parameter.VAR_KEYWORD]
    named = [one.name for one in parameters if one.kind not in (inspect.Parameter.POSITIONAL_ONLY,)]
    strange = [one.name for one in parameters if one.default is one.empty and one.name not in ARGUMENTS]
    strange = [] if open_ended else strange
    missing = [] if open_ended else [name for name in NEEDED if name not in named]
    if strange or missing:
        what = f"needs {strange[0]!r}" if strange else f"does not take {missing[0]!r}"
        _end(f"{target}: {what}; name its arguments {', '.join(ARGUMENTS)} (the last two if it uses them)")
    return list(ARGUMENTS) if open_ended else named


def _classes(target: str, subject: str, returned: object, clips: int, classes: int) -> list[int]:
    """What a function returned, checked: one class index for each test clip."""
    try:
        found = np.asarray(returned)
    except (TypeError, ValueError, RuntimeError) as error:
        _end(f"{target}: what it returned for {subject} is not an array: {error}")
    if found.shape != (clips,) or found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= classes:
        _end(
            f"{target}: must return {clips} class indices 0..{classes - 1} for the test clips of {subject}, not "
            f"{found.dtype} of shape {list(found.shape)}"
        )
    return [int(one) for one in found]


def _end(message: str) -> NoReturn:
    sys.exit(message)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
