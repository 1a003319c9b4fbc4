"""What choosing the epoch on the test subject yields, against the number of epochs: with the labels of the composite,
and with permuted labels, which carry nothing.

    python -m tests.benchmarks.oracle --write                   # STSTNet, about 20 minutes on two cores
    python -m tests.benchmarks.oracle --model softmax --write   # a linear layer, about a minute

A network is trained as in a run with leave-one-subject-out folds, and every epoch's predictions are kept. For each
number of epochs E, `last` has the predictions after epoch E, and `oracle` those of the epoch among the first E that is
best on the fold's test subject (the rule of the epoch policy `oracle`). The recipe must have a constant learning rate,
so that the first E epochs are those of a shorter run.

Permuted labels: one permutation of the classes over all clips of all subjects and databases, for training and test
alike. The classes stay as frequent as they are, but no clip, subject or database says anything about a class; a UAR of
1/3 is chance. What the oracle scores there is what the choice makes out of nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from merbench.engine.folds import compute_folds, group_network
from merbench.engine.policies import oracle_epoch
from merbench.engine.task import FoldOutcome
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Job, Request, prepare
from merbench.scores import Metric, confusion_per_subject, mean_rate
from tests.rows import in_lines

__all__ = ["CURVES", "chosen", "curves", "main", "permuted"]

CURVES = Path(__file__).with_name("oracle.json")
METRICS: tuple[Metric, ...] = ("uf1", "uar")
PERMUTATIONS = 3
DATASET = "composite"
SOFTMAX = Path(__file__).with_name("softmax.py")  # a model that takes seconds


def main(argv: Sequence[str] | None = None, path: Path = CURVES) -> None:
    """Train with the true labels and with each permutation; with --write, keep the curves after each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.oracle", description=__doc__)
    parser.add_argument("--model", default="ststnet")
    parser.add_argument("--recipe", default="quick")
    parser.add_argument("--permutations", type=int, default=PERMUTATIONS)
    parser.add_argument("--write", action="store_true", help=f"keep the curves in {CURVES.name}, for the docs")
    asked = parser.parse_args(argv)
    registry = Registry(load(files=[SOFTMAX]))
    job = prepare(registry, Request(model=asked.model, recipe=asked.recipe, dataset=DATASET, device="cpu"))
    found: dict[str, Any] = {"epochs": job.task.recipe.epochs, "true": [], "permuted": []}
    for number in range(asked.permutations + 1):
        labels = permuted(job.task.labels, number) if number else job.task.labels
        found["permuted" if number else "true"].append(curves(job, labels))
        print(f"{'permutation ' + str(number) if number else 'true labels'} done", flush=True)
        if asked.write:
            _keep(path, f"{asked.model} {asked.recipe}", found)


def _keep(path: Path, name: str, found: dict[str, Any]) -> None:
    """Replace the curves of one model; the others stay."""
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(in_lines({**known, name: found}) + "\n", "utf-8")


def permuted(labels: np.ndarray, number: int) -> np.ndarray:
    """The labels `[clips]`, permuted over all clips."""
    return np.random.default_rng(number).permutation(labels)


def curves(job: Job, labels: np.ndarray) -> dict[str, list[float]]:
    """`last uf1`, `last uar`, `oracle uf1` and `oracle uar` after 1, 2, ... epochs, with these labels on both sides."""
    if job.task.recipe.schedule != "constant":
        raise ValueError("the first epochs of a schedule are not those of a shorter run; take a constant rate")
    task = replace(job.task, labels=labels)
    grouping = group_network(task, job.folds)
    groups = compute_folds(task, job.folds, grouping, set(), lambda units: None)
    outcomes = {one.name: one for group in groups for one in group}
    sides = [(fold.test, outcomes[fold.name]) for fold in job.folds]
    subjects = job.clips["subject"].to_numpy(str)
    found: dict[str, list[float]] = {f"{way} {metric}": [] for way in ("last", "oracle") for metric in METRICS}
    for epochs in range(1, task.recipe.epochs + 1):
        for way in ("last", "oracle"):
            predicted = chosen(sides, labels, epochs, oracle=way == "oracle")
            _, confusions = confusion_per_subject(labels, predicted, subjects, task.classes)
            for metric in METRICS:
                found[f"{way} {metric}"].append(round(mean_rate(confusions[None], metric), 6))
    return found


def chosen(
    sides: Sequence[tuple[np.ndarray, FoldOutcome]], labels: np.ndarray, epochs: int, *, oracle: bool
) -> np.ndarray:
    """The predictions `[clips]` that count after so many epochs.

    Args:
        sides: of each fold the positions of its test clips, and what was predicted of them after every epoch.
        labels: `[clips]` class indices.
        epochs: how many of the epochs there are.
        oracle: whether each fold has its best epoch on its test side, instead of the last.
    """
    predicted = np.full(len(labels), -1)
    for test, outcome in sides:
        first = outcome.predicted[:epochs]
        predicted[test] = first[oracle_epoch(first, labels[test]) if oracle else -1]
    return predicted


if __name__ == "__main__":
    main()
