"""What a job will cost, measured on its first group of folds."""

from __future__ import annotations

import time

from merbench.engine.execute import Schedule, schedule_network
from merbench.engine.task import FoldTask
from merbench.runs.prepare import Job

__all__ = ["Estimate", "estimate"]

STEPS = 3  # timed after one that warms up


class Estimate:
    """Seconds and bytes of a whole run; `schedule` says how the folds are computed."""

    def __init__(self, seconds: float, memory: int, schedule: Schedule) -> None:
        self.seconds, self.memory, self.schedule = seconds, memory, schedule


def estimate(job: Job) -> Estimate | None:
    """Times a few training steps of the first group of folds; None for estimators and checkpoints, which take seconds.

    The time is that of a step times the number of steps, on this machine as busy as it is now.
    """
    if job.plan.kind != "torch" or job.weights:
        return None
    schedule = schedule_network(job.task, job.folds)
    seconds = _seconds(job, job.folds, schedule)
    if job.plan.epoch_policy == "inner":
        seconds += _seconds(job, job.inner_folds(), schedule)
    return Estimate(seconds, schedule.fold_bytes * schedule.at_once, schedule)


def _seconds(job: Job, folds: list[FoldTask], schedule: Schedule) -> float:
    import joblib

    from merbench.engine.batches import epoch_batches, steps_per_epoch
    from merbench.engine.grouping import groups
    from merbench.engine.loop import Group

    per_group = groups(job.task, folds, schedule.at_once)
    group = Group(job.task, per_group[0], stacked=schedule.mode == "batched")
    batch = epoch_batches(job.task, group.folds, 0)[0]
    group.step(*batch).cpu()
    started = time.perf_counter()
    for _ in range(STEPS):
        group.step(*batch).cpu()
    step = (time.perf_counter() - started) / STEPS
    steps = sum(steps_per_epoch(one[0], job.task.recipe.batch_size) for one in per_group) * job.task.recipe.epochs
    at_once = joblib.cpu_count() if schedule.mode == "sequential" and job.task.device == "cpu" else 1
    return step * steps / at_once
