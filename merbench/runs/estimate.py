"""Estimates the time and memory of a job from its first group of folds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from merbench.engine.folds import Grouping, group_network, processes
from merbench.engine.generators import seeded
from merbench.engine.seeds import derive_seed
from merbench.protocols import Fold
from merbench.runs.prepare import Job

if TYPE_CHECKING:
    from merbench.engine.loop import Group
    from merbench.engine.steps import Batch

__all__ = ["Estimate", "estimate"]

FEW = 4  # clips of the first step, which warms up and shows how long a full step takes
PATIENCE = 5.0  # seconds; a longer step is estimated from a few clips
STEPS = 3


class Estimate:
    """Seconds and bytes of a whole run, and the grouping of its folds."""

    def __init__(self, seconds: float, memory: int, grouping: Grouping) -> None:
        self.seconds, self.memory, self.grouping = seconds, memory, grouping


def estimate(job: Job) -> Estimate | None:
    """Time a few training steps of the first group of folds; None for estimators and checkpoints, which take seconds.

    The estimate is the time of a step, on this machine with its present load, times the number of steps.
    """
    if job.plan.kind != "torch" or job.weights:
        return None
    grouping = group_network(job.task, job.folds)
    seconds = _seconds(job, job.folds, grouping)
    if job.plan.epoch_policy == "inner":
        seconds += _seconds(job, job.inner_folds(), grouping)
    at_once = processes(grouping, len(job.folds), job.task.jobs) if _apart(job, grouping) else grouping.at_once
    return Estimate(seconds, grouping.fold_bytes * at_once, grouping)


def _apart(job: Job, grouping: Grouping) -> bool:
    """Whether each fold runs in its own process."""
    return grouping.mode == "sequential" and job.task.device == "cpu"


def _seconds(job: Job, folds: list[Fold], grouping: Grouping) -> float:
    from merbench.engine.batches import steps_per_epoch
    from merbench.engine.device import threads
    from merbench.engine.grouping import groups, most_threads
    from merbench.engine.loop import Group
    from merbench.engine.steps import epoch_steps

    # A constant learning rate, because a schedule may be shorter than the steps that are timed.
    task = replace(job.task, recipe=replace(job.task.recipe, schedule="constant"), compiled=False)
    per_group = groups(task, folds, grouping.at_once)
    group = Group(task, per_group[0], stacked=grouping.mode == "batched")
    apart = _apart(job, grouping)
    most = 1 if apart else most_threads(task, grouping.fold_bytes, len(group.folds))  # as in training
    with threads(most), seeded(derive_seed(fold=group.folds[0].seed, purpose="trial")):
        step = _step_seconds(group, epoch_steps(task, group.folds, 0)[0])
    steps = sum(steps_per_epoch(one[0], task.recipe.batch_size) for one in per_group) * task.recipe.epochs
    return step * steps / (processes(grouping, len(folds), task.jobs) if apart else 1)


def _step_seconds(group: Group, batch: Batch) -> float:
    """Seconds of a step, measured on full steps if they are short, else on a few of its clips."""

    from merbench.engine.steps import Batch

    def timed(clips: int) -> float:
        started = time.perf_counter()
        group.step(Batch(batch.positions[:, :clips], batch.weights[:, :clips], batch.keys)).cpu()
        return time.perf_counter() - started

    clips = batch.positions.shape[1]
    few = min(FEW, clips)
    timed(few)
    guess = timed(few) * clips / few
    return guess if guess > PATIENCE else sum(timed(clips) for _ in range(STEPS)) / STEPS
