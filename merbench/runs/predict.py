"""Answers for a clip of one's own: the class scores of a run's networks, and what these scores are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from merbench.data.frames import Frames
from merbench.data.own.single import single_clip
from merbench.engine.build import Build, Fit, predictor_of
from merbench.engine.task import Task
from merbench.errors import RecordError, ReleaseError
from merbench.features.clip import ClipValues
from merbench.features.extract import of_each
from merbench.features.resolve import Resolved
from merbench.features.store import stacked_type
from merbench.plugin.registry import Registry
from merbench.protocols import Fold
from merbench.runs.ensemble import RAW, Ensemble, open_ensemble
from merbench.runs.refit import refit_scores
from merbench.runs.settings import divided

__all__ = ["Answer", "Answered", "ClassAnswer", "predict"]

NOT_SHOWN = (
    "This is no diagnosis and no lie detector: it compares the movement of a face with examples that somebody "
    "labelled, and does not show what a person feels, thinks or hides."
)
NO_CHANCE = "A score is not the chance that the class is right."
DIGITS = 6  # of a score


@dataclass(frozen=True, kw_only=True)
class ClassAnswer:
    """What the models of all folds say about one class.

    Attributes:
        name: of the class.
        score: mean over the folds; of networks a probability in [0, 1].
        lowest, highest: of a single fold.
        folds: how many folds prefer this class.
    """

    name: str
    score: float
    lowest: float
    highest: float
    folds: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer for one clip.

    Attributes:
        clip: name of the video or folder.
        onset, apex, offset: frame numbers; the apex is None if it was not given.
        model, recipe, dataset, run: the run behind the networks; `run` is its id.
        folds: number of models that were asked.
        predicted: the class with the highest mean score.
        classes: one entry for each class, in the order of the dataset.
        features: what the models saw, and how it was computed from the frames.
        uf1, uf1_interval: of the run, on people whom the tested model had never seen; the interval is of 95 %. None if
            UF1 is not defined.
        notes: sentences that belong to every use of the answer.
    """

    clip: str
    onset: int
    apex: int | None
    offset: int
    model: str
    recipe: str
    dataset: str
    run: str
    folds: int
    predicted: str
    classes: tuple[ClassAnswer, ...]
    features: tuple[str, ...]
    uf1: float | None
    uf1_interval: tuple[float, float] | None
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Answered:
    """An answer, and what is needed to draw what the models saw.

    Attributes:
        answer: for the clip.
        features: what the models see.
        values: of the clip.
    """

    answer: Answer
    features: tuple[Resolved, ...]
    values: ClipValues


def predict(registry: Registry, run: Path, clip: Path, onset: int | None = None, apex: int | None = None) -> Answered:
    """Ask the models of all folds of a run about a clip.

    Args:
        registry: finds names.
        run: see `open_ensemble`.
        clip, onset, apex: see `single_clip`.

    Raises:
        ReleaseError: the clip cannot be read, or has no face.
        RecordError, UnknownName, UnresolvableFeature: the models of the run cannot be used, see `open_ensemble`.
        PluginError: a feature or a model fails.
    """
    frames = single_clip(clip, onset, apex)  # first, because it is quick
    ensemble = open_ensemble(registry, run)
    values = _values(ensemble, clip, frames)
    return Answered(_answer(registry, ensemble, values, frames), ensemble.features, values)


def _values(ensemble: Ensemble, clip: Path, frames: Frames) -> ClipValues:
    """Compute what the models see of a clip. Nothing of it is stored."""
    values = ClipValues(clip.resolve().name, {RAW: frames})

    def compute(_: str, raw: Mapping[str, Any]) -> None:
        for feature in ensemble.features:
            values.array(feature)

    try:
        list(of_each(compute, [(values.clip, values.raw)], 1))
    except ReleaseError as error:
        raise ReleaseError(f"{clip}: {error}") from error
    return values


def _answer(registry: Registry, ensemble: Ensemble, values: ClipValues, frames: Frames) -> Answer:
    arrays = tuple(_array(one.name, values.array(one)) for one in ensemble.features)
    scores = _kept_scores(ensemble, arrays) if ensemble.files else refit_scores(registry, ensemble, arrays)
    plan, part = ensemble.plan, ensemble.record.scores["last"]["full"]
    classes = _classes(plan.classes, scores)
    return Answer(
        clip=values.clip,
        onset=frames.onset,
        apex=frames.apex,
        offset=frames.offset,
        model=plan.model,
        recipe=plan.recipe,
        dataset=plan.dataset,
        run=ensemble.record.id,
        folds=len(scores),
        predicted=max(classes, key=lambda one: one.score).name,
        classes=classes,
        features=tuple(map(str, ensemble.features)),
        uf1=part.uf1 if part else None,
        uf1_interval=part.intervals["uf1"] if part else None,
        notes=tuple(_notes(ensemble, len(scores))),
    )


def _array(name: str, value: np.ndarray) -> np.ndarray:
    """A feature of the clip as a batch of one, in the type that a run computes."""
    shape, dtype = stacked_type(name, [(value.shape, value.dtype)])
    return value.reshape(shape).astype(dtype)


def _kept_scores(ensemble: Ensemble, arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    """`[folds, classes]`, the class scores of each fold's kept network."""
    from merbench.engine.kept import predict_kept
    from merbench.engine.predictors import predict_fit

    task = _task(ensemble, arrays)
    found = []
    for path, kept in zip(ensemble.files, ensemble.weights(), strict=True):
        fold = Fold(name=kept.fold, train=np.arange(1), test=np.arange(1), seed=0)
        try:
            scores = predict_fit(task, kept.tensors) if task.predictor else predict_kept(task, fold, kept.tensors)
            found.append(scores[0])
        except ReleaseError as error:
            raise RecordError(f"{path}: {error}") from error
    return np.stack(found)


def _task(ensemble: Ensemble, arrays: tuple[np.ndarray, ...]) -> Task:
    """The task of predicting one clip; its label is not used."""
    choice, classes = ensemble.choice, len(ensemble.plan.classes)
    if ensemble.plan.kind == "fit":
        build: Build = Fit(choice.target, choice.recipe.options, choice.author)
    else:
        options, _ = divided(choice.recipe.options, choice.target, choice.training_loss, choice.author.spec)
        build = Build(choice.target, {**options, "classes": classes}, choice.author)
    return Task(
        build=build,
        author=choice.author,
        arrays=arrays,
        labels=np.zeros(1, np.int64),
        classes=classes,
        recipe=replace(choice.recipe, class_weights="none"),
        predictor=predictor_of(build, choice.predictor, classes),
        training_loss=choice.training_loss,
    )


def _classes(names: Sequence[str], scores: np.ndarray) -> tuple[ClassAnswer, ...]:
    preferred = scores.argmax(1)
    return tuple(
        ClassAnswer(
            name=name,
            score=round(float(own.mean()), DIGITS),
            lowest=round(float(own.min()), DIGITS),
            highest=round(float(own.max()), DIGITS),
            folds=int((preferred == place).sum()),
        )
        for place, (name, own) in enumerate(zip(names, scores.T, strict=True))
    )


def _notes(ensemble: Ensemble, folds: int) -> list[str]:
    record, plan = ensemble.record, ensemble.plan
    part = record.scores["last"]["full"]
    if part is None:
        known = f"UF1 of this run on {plan.dataset} is not defined: nothing is known about people never seen."
    else:
        low, high = part.intervals["uf1"]
        known = (
            f"On people never seen, the models of this run reached UF1 {part.uf1:.3f} (95 % interval {low:.3f} to "
            f"{high:.3f}) on {plan.dataset}; 1 is perfect."
        )
    alone = [f"Each of the {folds} models was tested alone; their mean was not tested."] if folds > 1 else []
    incomplete = [] if record.complete else [f"The run covers only {record.clips} of {plan.clips_total} clips."]
    return [NOT_SHOWN, known, *alone, *incomplete, NO_CHANCE, *ensemble.other_extractions]
