"""Fits the models of a run again that keep no weights: their state cannot be kept without code in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from merbench.engine.folds import Grouping, compute_folds
from merbench.errors import RecordError
from merbench.plugin.registry import Registry
from merbench.runs.changes import assignments
from merbench.runs.prepare import Job, Request, prepare

if TYPE_CHECKING:
    from merbench.runs.ensemble import Ensemble

__all__ = ["refit_scores"]


def refit_scores(registry: Registry, ensemble: Ensemble, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    """Fit each fold's model on its training side, and let it predict one more clip: scores `[folds, classes]`.

    Args:
        registry: finds names.
        ensemble: of a model that the engine does not train.
        arrays: one array `[1, ...]` for each feature of the model.

    Raises:
        RecordError: the dataset is not what the run had.
        MerbenchError: the dataset is not on this machine, or a model fails.
    """
    plan = ensemble.plan
    job = prepare(
        registry,
        Request(
            model=plan.model,
            dataset=plan.dataset,
            protocol=plan.protocol,
            recipe=plan.recipe,
            settings=assignments(plan, registry),
            seed=plan.seed,
            device=plan.device,
            epoch_policy=plan.epoch_policy,
            folds=plan.folds,
            skip_broken=True,
        ),
    )
    if job.plan.digest() != ensemble.record.id:
        raise RecordError(
            f"{plan.model} cannot be fitted as in this run, because code or data of {plan.dataset} have changed; run "
            "it again"
        )
    return _scores(job, arrays)


def _scores(job: Job, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    task, place = job.task, len(job.task.labels)
    assert task.subjects is not None
    for known, one in zip(task.arrays, arrays, strict=True):
        if known.shape[1:] != one.shape[1:]:
            shapes = f"{list(one.shape[1:])} of this clip, and {list(known.shape[1:])} of those that the model learns"
            raise RecordError(f"{job.plan.model} sees an array {shapes}")
    longer: dict[str, Any] = {
        "arrays": tuple(np.concatenate([known, one]) for known, one in zip(task.arrays, arrays, strict=True)),
        "labels": np.append(task.labels, 0),  # not used: the clip is on no training side
        "subjects": np.append(task.subjects, -1),
    }
    folds = [replace(fold, test=np.array([place])) for fold in job.folds]
    groups = compute_folds(replace(task, **longer), folds, Grouping(job.plan.kind), set(), lambda finished: None)
    found = {outcome.name: outcome.scores[-1, 0] for outcomes in groups for outcome in outcomes}
    return np.stack([found[fold.name] for fold in folds])
