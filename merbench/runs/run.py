"""Carries out a job fold by fold, saves each fold as soon as it is finished, and then writes the record."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from merbench.engine.checkpoints import predict_from, unused_tensors
from merbench.engine.estimators import build_estimator
from merbench.engine.executors import UnitRunner
from merbench.engine.folds import Grouping, compute_folds, group_estimator, group_network
from merbench.engine.policies import Policy, inner_epoch, oracle_epoch
from merbench.engine.task import FoldOutcome
from merbench.engine.units import divide, software
from merbench.errors import OptionError, RecordError, TrainingError
from merbench.progress import Progress, Silent
from merbench.protocols import Fold
from merbench.runs.environment import environment, machine, watch_memory
from merbench.runs.gpu_memory import LeftOnGPU
from merbench.runs.kept import announce, can_keep, check_kept, has_weights, write_weights
from merbench.runs.merge import merge, missing_folds
from merbench.runs.outcome import make_record
from merbench.runs.prepare import Job
from merbench.runs.record import read_record, unlike
from merbench.runs.schema import FoldResult, FoldSummary, PolicyPrediction, Prediction, Record
from merbench.runs.shards import Shard, ShardEnvironment, ShardNote, read_shards
from merbench.runs.store import RunFolder, write_whole
from merbench.runs.verify import check_scores

__all__ = ["Unmerged", "held_out", "run", "run_shard"]

DIGITS = 6  # of a class score in a record


def run(
    job: Job,
    out: Path,
    *,
    fresh: bool = False,
    keep_weights: bool = False,
    runner: UnitRunner | None = None,
    progress: Progress | None = None,
) -> tuple[Record, Path]:
    """Run a job, continue it, or return the record of a finished run.

    Args:
        job: from `prepare`.
        out: folder of results, in which the run gets its own folder.
        fresh: remove the files of an earlier run of the same plan.
        keep_weights: save the network of each fold after its last epoch, for `merbench.runs.ensemble`. An estimator
            has no such file, and a note says so.
        runner: computes the units, see `open_executor`; None for this machine.
        progress: follows the work.

    Returns:
        The record, and the path of its file.

    Raises:
        MerbenchError: training failed, or a file cannot be written; finished folds are kept.
        OptionError: weights cannot be kept, or the run was finished without them.
    """
    folder = RunFolder(out, job.plan)
    progress = progress or Silent()
    earlier = _earlier(folder) if fresh else None
    if fresh:
        folder.start_over()
    keeping = keep_weights and can_keep(job, progress)
    if folder.has_record():
        folder.clear()
        record = _answer(folder)
        if keeping:
            check_kept(folder, job)
        return record, folder.record
    record = _Run(job, folder, progress, keeping, runner).run()
    folder.clear()  # another process with the same run may have been killed meanwhile
    if earlier and (difference := unlike(earlier, record)):
        progress.note(f"the earlier record has the same id, but {difference}")
    return record, folder.record


@dataclass(frozen=True)
class Unmerged:
    """A finished shard whose folder lacks folds of other shards, so that there is no record yet.

    Attributes:
        folder: of the run.
        missing: number of folds that the folder lacks.
        folds: number of folds of the run.
    """

    folder: Path
    missing: int
    folds: int


def run_shard(
    job: Job,
    out: Path,
    shard: Shard,
    *,
    fresh: bool = False,
    keep_weights: bool = False,
    runner: UnitRunner | None = None,
    progress: Progress | None = None,
) -> tuple[Record, Path] | Unmerged:
    """Compute a share of a job; the other arguments and errors are those of `run`.

    Args:
        shard: which share. All shards need the same job, on machines that group folds alike.

    Returns:
        The record and its file if other shards with the same `out` have all other folds.

    Raises:
        OptionError: nothing is trained.
    """
    if job.weights:
        raise OptionError("--shard: --weights trains nothing, so there is nothing to share out; leave one out")
    folder = RunFolder(out, job.plan)
    progress = progress or Silent()
    if fresh:
        folder.start_over()
    if folder.has_record():
        return run(job, out, keep_weights=keep_weights, progress=progress)
    keeping = keep_weights and can_keep(job, progress)
    _Run(job, folder, progress, keeping, runner).shard(shard)
    folder.clear()
    if missing := missing_folds(read_shards(folder.path)):
        return Unmerged(folder.path, len(missing), len(job.folds))
    return merge([folder.path], out)


def held_out(
    job: Job, out: Path, *, runner: UnitRunner | None = None, progress: Progress | None = None
) -> dict[str, FoldResult]:
    """Train on a part of each training side and predict the other part; a policy `inner` has done so already.

    Args:
        job: from `prepare`.
        out: folder of results, in which the run has its own folder.
        runner: computes the units; None for this machine.
        progress: follows the work.

    Returns:
        The result of each fold on held-out training clips, under the policy `inner` if it is that of the plan, or else
        `last`.

    Raises:
        MerbenchError: training failed, a training side cannot be split, or a file cannot be written.
    """
    return _Run(job, RunFolder(out, job.plan), progress or Silent(), False, runner).held_out()


def _earlier(folder: RunFolder) -> Record | None:
    """The record of an earlier run, if it can be read and belongs to this run."""
    try:
        record = read_record(folder.record)
    except RecordError:
        return None
    return record if record.id == folder.id else None


def _answer(folder: RunFolder) -> Record:
    try:
        record = read_record(folder.record)
        check_scores(record)
    except RecordError as error:
        raise RecordError(f"{error}; to replace it, run again with --fresh") from error
    if record.plan.digest() != folder.id:
        raise RecordError(f"{folder.record} is the record of another run; to replace it, run again with --fresh")
    return record


class _Run:
    """One run. Its finished folds are in its folder, so it can be interrupted and continued at any moment."""

    def __init__(
        self, job: Job, folder: RunFolder, progress: Progress, keep_weights: bool, runner: UnitRunner | None
    ) -> None:
        self.job, self.folder, self.progress, self.keep_weights = job, folder, progress, keep_weights
        self.runner = runner
        self.started, self.resumed = time.perf_counter(), False
        self.mine = {fold.name for fold in job.folds}  # the folds to compute
        self.here: dict[str, Any] = {}  # describes this machine, if others may take part

    def run(self) -> Record:
        watch_memory(self.job.plan.device)
        self.grouping = Grouping("checkpoints") if self.job.weights else self._grouping()
        stages = self._stages()
        if self.keep_weights:
            self.progress.note(announce(self.job, self.folder))
        # Nothing has been written yet, so a network, estimator or inner split that fails leaves no files.
        if self.job.weights:
            results = self._weights()
            self.folder.open(self.job.plan)
        else:
            results = self._train(stages)
        record = self._record([results[fold.name] for fold in self.job.folds])
        write_whole(self.folder.record, record.to_json())
        return record

    def shard(self, shard: Shard) -> None:
        watch_memory(self.job.plan.device)
        self.here = machine(self.job.plan.device)
        self.grouping = self._grouping()
        units = divide(self.job.task, self.job.folds, self.grouping, set())
        self.mine = {fold.name for unit in shard.of(units) for fold in unit.folds}
        folds = [fold for fold in self.job.folds if fold.name in self.mine]
        stages = self._stages()
        if self.keep_weights:
            self.progress.note(announce(replace(self.job, folds=folds), self.folder))
        self._train(stages)
        ShardNote(
            id=self.folder.id,
            number=shard.number,
            count=shard.count,
            folds=[fold.name for fold in folds],
            all_folds=[fold.name for fold in self.job.folds],
            clips=list(self.job.clips["clip"]),
            warnings=self.job.warnings,
            software=software(self.job.task),
            environment=ShardEnvironment(**self._environment()),
        ).write(self.folder)

    def held_out(self) -> dict[str, FoldResult]:
        self.grouping = self._grouping()
        return self._train([("inner", self.job.inner_folds())])

    def _grouping(self) -> Grouping:
        """The grouping of the interrupted run, if there is one: other groups would give another record."""
        if kept := self.folder.kept_grouping():
            return Grouping(**kept)
        if self.job.plan.kind == "torch":
            return group_network(self.job.task, self.job.folds)
        if self.job.plan.kind == "fit":
            return Grouping("fit")
        build_estimator(self.job.task, self.job.folds[0])
        return group_estimator()

    def _stages(self) -> list[tuple[str, Sequence[Fold]]]:
        inner = [("inner", self.job.inner_folds())] if self.job.plan.epoch_policy == "inner" else []
        return [*inner, ("folds", self.job.folds)]

    def _train(self, stages: list[tuple[str, Sequence[Fold]]]) -> dict[str, FoldResult]:
        self.folder.open(self.job.plan)
        self.folder.keep_grouping(asdict(self.grouping))
        kept = {stage: self._kept(stage, folds) for stage, folds in stages}
        epochs = self.job.task.recipe.epochs if self.job.plan.kind == "torch" else 1
        finished = sum(map(len, kept.values()))
        self.resumed = finished > 0
        self._announce()
        self.progress.start(len(stages) * len(self.mine) * epochs, finished * epochs)
        inner: dict[str, FoldResult] = {}
        for stage, folds in stages:
            # The folds of other shards count as finished.
            done = kept[stage].keys() | {fold.name for fold in folds if fold.name not in self.mine}
            for fold, outcome in self._outcomes(stage, folds, done):
                if fold.name in self.mine - kept[stage].keys():
                    kept[stage][fold.name] = self._keep(stage, fold, outcome, inner)
            inner = kept["inner"] if stage == "inner" else inner
        return kept[stages[-1][0]]

    def _announce(self) -> None:
        grouping = self.grouping
        if grouping.mode == "sequential":
            self.progress.note(f"folds train one at a time: {grouping.reason}")
        elif grouping.mode == "batched":
            together = f"{grouping.at_once} fold(s) train at once" + (f": {grouping.reason}" if grouping.reason else "")
            self.progress.note(f"{together}; {grouping.parameters:,} parameters each")
        if grouping.note:
            self.progress.note(f"note: {grouping.note}")

    def _kept(self, stage: str, folds: Sequence[Fold]) -> dict[str, FoldResult]:
        found = ((fold, self.folder.finished(stage, fold.name)) for fold in folds if fold.name in self.mine)
        return {
            fold.name: result
            for fold, result in found
            if result is not None and self._fits(result, fold) and self._has_weights(stage, fold)
        }

    def _has_weights(self, stage: str, fold: Fold) -> bool:
        """Whether no weights of the fold are missing; otherwise the fold is computed again."""
        return not self._keeps(stage) or has_weights(self.folder, fold.name)

    def _keeps(self, stage: str) -> bool:
        return self.keep_weights and stage == "folds"

    def _fits(self, result: FoldResult, fold: Fold) -> bool:
        """Whether a kept result has exactly these clips and this grouping; otherwise the fold is computed again."""
        clips = self.job.clips["clip"].iloc[fold.test]
        return result.grouping == str(self.grouping) and [one.clip for one in result.predictions] == list(clips)

    def _outcomes(self, stage: str, folds: Sequence[Fold], done: set[str]) -> Iterator[tuple[Fold, FoldOutcome]]:
        by_name = {fold.name: fold for fold in folds}
        task = replace(self.job.task, keep_weights=self._keeps(stage))
        describe = partial(machine, self.job.plan.device)
        left = LeftOnGPU(task.author)
        for outcomes in compute_folds(task, folds, self.grouping, done, self.progress.advance, self.runner, describe):
            for outcome in outcomes:
                yield by_name[outcome.name], outcome
            if self.job.plan.device == "cuda" and (said := left.after_unit()):
                self.progress.note(f"note: {said}")

    def _keep(self, stage: str, fold: Fold, outcome: FoldOutcome, inner: dict[str, FoldResult]) -> FoldResult:
        choices = self._inner_choice(fold, outcome) if stage == "inner" else self._choices(fold, outcome, inner)
        result = self._result(fold, outcome, choices)
        if outcome.weights:  # first, so that a finished fold has them
            write_weights(self.folder, self.job.plan, fold.name, outcome.weights)
        self.folder.finish(stage, result)
        return result

    def _inner_choice(self, fold: Fold, outcome: FoldOutcome) -> dict[Policy, int]:
        """The epoch (0-based) on held-out training clips."""
        if self.job.plan.epoch_policy != "inner":
            return {"last": len(outcome.predicted) - 1}
        if not len(outcome.loss):
            raise OptionError(f"{self.job.plan.model} reports no epochs to choose from; leave out --epoch-policy")
        return {"inner": inner_epoch(outcome.predicted, self.job.task.labels[fold.test])}

    def _choices(self, fold: Fold, outcome: FoldOutcome, inner: dict[str, FoldResult]) -> dict[Policy, int]:
        """The epoch (0-based) of each policy."""
        last = len(outcome.predicted) - 1
        epochs: dict[Policy, int] = {"last": last}
        if inner:
            epochs["inner"] = inner[fold.name].summary.epochs["inner"] - 1
            if epochs["inner"] > last:
                raise TrainingError(
                    f"{self.job.plan.model} reports {last + 1} epochs on fold {fold.name}, but more on a part of its "
                    "training side; --epoch-policy inner needs the same number of epochs each time"
                )
        if len(outcome.loss):  # without epochs there is nothing to choose from
            epochs["oracle"] = oracle_epoch(outcome.predicted, self.job.task.labels[fold.test])
        return epochs

    def _result(self, fold: Fold, outcome: FoldOutcome, epochs: dict[Policy, int]) -> FoldResult:
        clips = self.job.clips["clip"].iloc[fold.test]
        predictions = [
            Prediction(
                clip=clip,
                fold=fold.name,
                truth=int(self.job.task.labels[position]),
                policies={
                    policy: PolicyPrediction(
                        predicted=int(outcome.predicted[epoch, index]),
                        scores=[round(float(value), DIGITS) for value in outcome.scores[epoch, index]],
                    )
                    for policy, epoch in epochs.items()
                },
            )
            for index, (clip, position) in enumerate(zip(clips, fold.test, strict=True))
        ]
        summary = FoldSummary(
            name=fold.name,
            seconds=round(outcome.seconds, 3),
            epochs={policy: epoch + 1 for policy, epoch in epochs.items()},
            loss=[round(float(value), DIGITS) for value in outcome.loss],
        )
        return FoldResult(
            id=self.folder.id,
            grouping=str(self.grouping),
            note=outcome.note,
            machine=dict(outcome.machine or self.here),
            summary=summary,
            predictions=predictions,
        )

    def _weights(self) -> dict[str, FoldResult]:
        if unused := unused_tensors(self.job.task):
            self.progress.note(unused)
        self.progress.start(len(self.job.folds), 0)
        results = {}
        for fold in self.job.folds:
            outcome = predict_from(self.job.task, fold, self.job.weights[fold.name])
            result = self._result(fold, outcome, {"last": 0})
            untrained = result.summary.model_copy(update={"epochs": {}})
            results[fold.name] = result.model_copy(update={"summary": untrained})
            self.progress.advance(1)
        return results

    def _record(self, results: list[FoldResult]) -> Record:
        return make_record(self.job.plan, results, list(self.job.clips["clip"]), self.job.warnings, self._environment())

    def _environment(self) -> dict[str, Any]:
        seconds = round(time.perf_counter() - self.started, 1)
        taking_part = {one.distribution for one in self.job.plan.code.values()}
        timed = {"engine": asdict(self.grouping), "seconds": seconds, "resumed": self.resumed}
        return environment(self.job.plan.device, taking_part, timed)
