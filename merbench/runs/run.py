"""Carries out a job fold by fold, saves each fold as soon as it is finished, and then writes the record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from merbench.engine.checkpoints import predict_from, unused_tensors
from merbench.engine.estimators import build_estimator
from merbench.engine.folds import Grouping, compute_folds, group_estimator, group_network
from merbench.engine.policies import Policy, inner_epoch, oracle_epoch
from merbench.engine.task import FoldOutcome
from merbench.errors import RecordError
from merbench.progress import Progress, Silent
from merbench.protocols import Fold
from merbench.runs.environment import environment, watch_memory
from merbench.runs.prepare import Job
from merbench.runs.record import read_record, unlike
from merbench.runs.schema import FoldResult, FoldSummary, PolicyPrediction, Prediction, Record
from merbench.runs.scoring import score_predictions, undefined_parts
from merbench.runs.store import RunFolder, write_whole
from merbench.runs.verify import check_scores

__all__ = ["run"]

DIGITS = 6  # of a class score in a record


def run(job: Job, out: Path, *, fresh: bool = False, progress: Progress | None = None) -> tuple[Record, Path]:
    """Run a job, continue it, or return the record of a finished run.

    Args:
        job: from `prepare`.
        out: folder of results, in which the run gets its own folder.
        fresh: remove the files of an earlier run of the same plan.
        progress: follows the work.

    Returns:
        The record, and the path of its file.

    Raises:
        MerbenchError: training failed, or a file cannot be written; finished folds are kept.
    """
    folder = RunFolder(out, job.plan)
    progress = progress or Silent()
    earlier = _earlier(folder) if fresh else None
    if fresh:
        folder.start_over()
    if folder.has_record():
        folder.clear()
        return _answer(folder), folder.record
    record = _Runner(job, folder, progress).run()
    folder.clear()  # another process with the same run may have been killed meanwhile
    if earlier and (difference := unlike(earlier, record)):
        progress.note(f"the earlier record has the same id, but {difference}")
    return record, folder.record


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


class _Runner:
    """One run. Its finished folds are in its folder, so it can be interrupted and continued at any moment."""

    def __init__(self, job: Job, folder: RunFolder, progress: Progress) -> None:
        self.job, self.folder, self.progress = job, folder, progress
        self.started, self.resumed = time.perf_counter(), False

    def run(self) -> Record:
        watch_memory(self.job.plan.device)
        self.grouping = Grouping("checkpoints") if self.job.weights else self._grouping()
        stages = self._stages()
        # Nothing has been written yet, so a network, estimator or inner split that fails leaves no files.
        if self.job.weights:
            results = self._weights()
            self.folder.open(self.job.plan)
        else:
            self.folder.open(self.job.plan)
            self.folder.keep_grouping(asdict(self.grouping))
            results = self._train(stages)
        record = self._record([results[fold.name] for fold in self.job.folds])
        write_whole(self.folder.record, record.to_json())
        return record

    def _grouping(self) -> Grouping:
        """The grouping of the interrupted run, if there is one: other groups would give another record."""
        if kept := self.folder.kept_grouping():
            return Grouping(**kept)
        if self.job.plan.kind == "torch":
            return group_network(self.job.task, self.job.folds)
        build_estimator(self.job.task, self.job.folds[0])
        return group_estimator()

    def _stages(self) -> list[tuple[str, Sequence[Fold]]]:
        inner = [("inner", self.job.inner_folds())] if self.job.plan.epoch_policy == "inner" else []
        return [*inner, ("folds", self.job.folds)]

    def _train(self, stages: list[tuple[str, Sequence[Fold]]]) -> dict[str, FoldResult]:
        kept = {stage: self._kept(stage, folds) for stage, folds in stages}
        epochs = self.job.task.recipe.epochs if self.job.plan.kind == "torch" else 1
        finished = sum(map(len, kept.values()))
        self.resumed = finished > 0
        self._announce()
        self.progress.start(len(stages) * len(self.job.folds) * epochs, finished * epochs)
        inner: dict[str, FoldResult] = {}
        for stage, folds in stages:
            for fold, outcome in self._outcomes(folds, set(kept[stage])):
                if fold.name not in kept[stage]:
                    kept[stage][fold.name] = self._keep(stage, fold, outcome, inner)
            inner = kept["inner"] if stage == "inner" else inner
        return kept["folds"]

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
        found = ((fold, self.folder.finished(stage, fold.name)) for fold in folds)
        return {fold.name: result for fold, result in found if result is not None and self._fits(result, fold)}

    def _fits(self, result: FoldResult, fold: Fold) -> bool:
        """Whether a kept result has exactly these clips and this grouping; otherwise the fold is computed again."""
        clips = self.job.clips["clip"].iloc[fold.test]
        return result.grouping == str(self.grouping) and [one.clip for one in result.predictions] == list(clips)

    def _outcomes(self, folds: Sequence[Fold], done: set[str]) -> Iterator[tuple[Fold, FoldOutcome]]:
        by_name = {fold.name: fold for fold in folds}
        for outcomes in compute_folds(self.job.task, folds, self.grouping, done, self.progress.advance):
            for outcome in outcomes:
                yield by_name[outcome.name], outcome

    def _keep(self, stage: str, fold: Fold, outcome: FoldOutcome, inner: dict[str, FoldResult]) -> FoldResult:
        if stage == "inner":
            epochs: dict[Policy, int] = {"inner": inner_epoch(outcome.predicted, self.job.task.labels[fold.test])}
        else:
            epochs = self._choices(fold, outcome, inner)
        result = self._result(fold, outcome, epochs)
        self.folder.finish(stage, result)
        return result

    def _choices(self, fold: Fold, outcome: FoldOutcome, inner: dict[str, FoldResult]) -> dict[Policy, int]:
        """The epoch (0-based) of each policy."""
        last = len(outcome.predicted) - 1
        epochs: dict[Policy, int] = {"last": last}
        if inner:
            epochs["inner"] = inner[fold.name].summary.epochs["inner"] - 1
        if len(outcome.loss):  # estimators have no epochs to choose from
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
        order = {clip: index for index, clip in enumerate(self.job.clips["clip"])}
        predictions = sorted((one for result in results for one in result.predictions), key=lambda one: order[one.clip])
        seconds = round(time.perf_counter() - self.started, 1)
        taking_part = {one.distribution for one in self.job.plan.code.values()}
        timed = {"engine": asdict(self.grouping), "seconds": seconds, "resumed": self.resumed}
        scores = score_predictions(predictions, self.job.plan.classes)
        return Record(
            id=self.job.plan.digest(),
            plan=self.job.plan,
            environment=environment(self.job.plan.device, taking_part, timed),
            predictions=predictions,
            scores=scores,
            folds=[result.summary for result in results],
            warnings=[*self.job.warnings, *_noted(results), *undefined_parts(scores)],
        )


def _noted(results: Sequence[FoldResult]) -> list[str]:
    """The notes on folds, each with the number of folds that it applies to."""
    counted = Counter(result.note for result in results if result.note)
    return [f"{note} (in {folds} of {len(results)} folds)" for note, folds in counted.items()]
