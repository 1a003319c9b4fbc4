"""Turns a request into a job: the plan of a run, and the data to carry it out."""

from __future__ import annotations

import fnmatch
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from merbench.data.clips import clips_digest, labels_digest
from merbench.data.datasets import OpenDataset, open_dataset
from merbench.data.homes import Home
from merbench.engine.build import Build, Fit, predictor_of
from merbench.engine.folds import try_alone, try_fold
from merbench.engine.policies import Policy, inner_fold
from merbench.engine.seeds import fold_seed
from merbench.engine.task import Task
from merbench.errors import BrokenClips, OptionError, ReleaseError, UnknownName
from merbench.features.compute import arrays_digest, compute
from merbench.features.mirrors import find_mirrors
from merbench.features.resolve import Resolved, resolve_dataset, walk
from merbench.plugin.loading import Plugin
from merbench.plugin.registry import Registry
from merbench.plugin.specs import FitModel, Model, Protocol, Recipe, TorchModel
from merbench.progress import Progress
from merbench.protocols import Fold, folds_digest, protocol_folds
from merbench.runs.code import code_digests
from merbench.runs.notes import notes_on_files, notes_on_folds, notes_on_left_out, notes_on_pretraining
from merbench.runs.pretraining import Other, open_others
from merbench.runs.schema import Digests, Plan
from merbench.runs.settings import NOT_SETTINGS, Choice, choose_recipe, divided
from merbench.runs.weights import find_weights, weights_digest, without_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Job", "Request", "prepare", "seeded_folds", "task_of"]

TRIED = 6  # clips on which a model is tried


@dataclass(frozen=True, kw_only=True)
class Request:
    """The options of `merbench run`; an empty string means the default."""

    model: str
    dataset: str
    protocol: str = ""
    recipe: str = ""
    settings: Sequence[str] = ()
    seed: int = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    compiled: bool = False  # by torch.compile: other digits, in another time
    epoch_policy: Policy = "last"
    folds: str = "*"
    weights: Path | None = None
    jobs: int | None = None  # processes or threads, at most; None for one per core
    skip_broken: bool = False  # leave broken clips out instead of stopping


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plan and the data to carry it out.

    Attributes:
        plan: everything that decides the outcome.
        task: the input of the engine, for all folds.
        folds: the folds that run.
        clips: the clip table; folds hold positions in it.
        weights: fold name to checkpoint file; empty if the run trains.
        warnings: notes for readers of the record.
    """

    plan: Plan
    task: Task
    folds: list[Fold]
    clips: pd.DataFrame
    weights: dict[str, Path]
    warnings: list[str]

    def inner_folds(self) -> list[Fold]:
        """Split the training side of each fold into a training part and a held-out part, for the policy `inner`.

        Raises:
            ProtocolError: a training side cannot be split.
        """
        return [inner_fold(fold, self.clips, self.task.labels) for fold in self.folds]


def prepare(registry: Registry, request: Request, progress: Progress | None = None) -> Job:
    """Resolve names, settings, data, features and folds. Only features are written, and nothing is trained.

    Args:
        registry: finds names.
        request: the options of the run.
        progress: follows the clips whose features are computed.

    Raises:
        BrokenClips: clips cannot be read or have no face, and `skip_broken` is not set.
        MerbenchError: something in the request does not exist, cannot be read, or does not fit.
    """
    _let_threads_sleep()
    model = registry.models.get(request.model)
    chosen = choose_recipe(registry, request.model, request.recipe, request.settings)
    home, features = resolve_dataset(chosen.features, registry, request.dataset, model.name)
    released = open_dataset(registry, request.dataset, home)
    protocol = registry.protocols.get(request.protocol or released.spec.protocol)
    device = _device(model, request)
    _check_classes(released)
    others = _others(registry, chosen, model, protocol, released)
    first = partial(_try_first, registry, request, model, chosen, released, features, others)
    dataset, arrays = _computed(released, features, request, progress, first)
    others = [one.read(*_computed(one.dataset, one.features, request, progress), wanted=arrays) for one in others]
    all_folds = seeded_folds(registry, request.seed, model, protocol, dataset)
    folds = _matching(all_folds, request.folds)
    weights = find_weights(model, request.weights, [fold.name for fold in folds])
    plan = Plan(
        **_asked(request, model, chosen, protocol, device),
        **_seen(released, dataset, features, folds, arrays),
        pretraining=[one.planned for one in others] or None,
        weights=weights_digest(weights),
        code=code_digests(_origins(registry, request, protocol, home, features, others)),
    )
    task = replace(
        task_of(registry, model, chosen, dataset, features, arrays),
        pretraining=tuple(one.training for one in others),
        device=plan.device,
        precision=plan.precision,
        compiled=request.compiled,
        jobs=request.jobs,
    )
    warnings = _notes(plan, released, dataset, features, folds, all_folds)
    return Job(plan=plan, task=task, folds=folds, clips=dataset.clips, weights=weights, warnings=warnings)


def _let_threads_sleep() -> None:
    """Limit how long torch's threads wait by spinning: set before torch is loaded, which reads this once.

    Threads that spin stall on a busy machine (a step took 1324 ms on two busy cores); a short spin before sleep costs
    nothing on an idle machine (35 instead of 34 ms).
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")


def _device(model: Model, request: Request) -> Literal["cpu", "cuda", "mps"]:
    if request.compiled and not isinstance(model, TorchModel):
        raise OptionError(f"{model.name} is no network that the engine trains; leave out --compile")
    if isinstance(model, TorchModel | FitModel):
        from merbench.engine.device import choose_device, choose_precision, require_compiler

        if isinstance(model, FitModel) and request.precision != "fp32":
            raise OptionError(f"{model.name} trains itself, in its own precision; leave out --precision")
        device = choose_device(request.device)
        choose_precision(request.precision, device)
        if request.compiled:
            require_compiler(device)
        if request.weights and request.epoch_policy != "last":
            raise OptionError("--weights: a checkpoint has no epochs to choose from; leave out --epoch-policy")
        return device
    if request.device not in ("auto", "cpu") or request.precision != "fp32" or request.epoch_policy != "last":
        raise OptionError(
            f"{model.name} is a scikit-learn estimator: it runs on the CPU in its own precision and has no epochs; "
            "leave out --device, --precision and --epoch-policy"
        )
    return "cpu"


def _check_classes(dataset: OpenDataset) -> None:
    """Check that every database of a canonical dataset has clips of every class."""
    if dataset.spec.clip_list:
        for database, clips in dataset.clips.groupby("database"):
            lacking = set(range(len(dataset.spec.scheme.classes))) - set(clips["label"])
            if lacking:
                raise ReleaseError(f"{dataset.spec.name}: {database} has no clip of class {min(lacking)}")


def _computed(
    dataset: OpenDataset,
    features: list[Resolved],
    request: Request,
    progress: Progress | None,
    first: Callable[[], None] | None = None,
) -> tuple[OpenDataset, tuple[np.ndarray, ...]]:
    """Compute the features of a dataset's clips; returns the dataset too, without broken clips if `skip_broken`."""
    try:
        return dataset, compute(dataset, features, jobs=request.jobs, progress=progress, first=first)
    except BrokenClips as error:
        if not request.skip_broken or len(error.reasons) == len(dataset.clips):
            raise
        dataset = dataset.without(error.reasons)
    return dataset, compute(dataset, features, jobs=request.jobs, progress=progress)


def _try_first(
    registry: Registry,
    request: Request,
    model: Model,
    chosen: Choice,
    dataset: OpenDataset,
    features: list[Resolved],
    others: list[Other],
) -> None:
    """Try the model on a few clips before the features of the others are computed, so that faults are told at once.

    An estimator and a fit get the few again and again, with the labels and subjects of all clips: they may need more
    subjects or classes than a few clips have.
    """
    if request.weights:
        return
    few = dataset.without(dataset.clips["clip"].iloc[TRIED:])
    try:
        arrays = compute(few, features, jobs=request.jobs)
    except BrokenClips:
        return  # reported with those among the other clips
    whole = few if model.kind == "torch" else dataset
    task = task_of(registry, model, chosen, whole, features, _repeated(arrays, len(whole.clips)))
    fold = Fold("trial", train=np.arange(len(whole.clips)), test=np.arange(len(few.clips)))
    if model.kind == "torch":
        try_alone(replace(task, jobs=request.jobs), fold)
    else:
        stand_ins = (replace(one, arrays=_repeated(arrays, len(one.dataset.clips))).training for one in others)
        try_fold(model.kind, replace(task, pretraining=tuple(stand_ins)), fold)


def _repeated(arrays: tuple[np.ndarray, ...], clips: int) -> tuple[np.ndarray, ...]:
    """The same clips again and again, `[clips, ...]`."""
    return tuple(array[np.arange(clips) % len(array)] for array in arrays)


def _others(registry: Registry, chosen: Choice, model: Model, protocol: Protocol, dataset: OpenDataset) -> list[Other]:
    """The datasets that the recipe pre-trains on: checked against every test side before anything is computed."""
    if not chosen.recipe.pretrain:
        return []
    folds = protocol_folds(registry, protocol.name, dataset.clips)
    tested = dataset.clips.iloc[np.unique(np.concatenate([fold.test for fold in folds]))]
    return open_others(registry, chosen.recipe.pretrain, chosen.features, model.name, tested)


def seeded_folds(registry: Registry, seed: int, model: Model, protocol: Protocol, dataset: OpenDataset) -> list[Fold]:
    """All folds of the dataset, each with its own seed, which follows from the seed of the run.

    Raises:
        PluginError: the splitter cannot be loaded, or fails.
        ProtocolError: the protocol cannot split the clips.
    """
    return [
        replace(fold, seed=fold_seed(seed, model.name, dataset.spec.name, protocol, fold.name))
        for fold in protocol_folds(registry, protocol.name, dataset.clips)
    ]


def _matching(folds: list[Fold], pattern: str) -> list[Fold]:
    found = [fold for fold in folds if fnmatch.fnmatchcase(fold.name, pattern)]
    if not found:
        raise UnknownName("fold", pattern, [fold.name for fold in folds], f"folds are named like {folds[0].name}")
    return found


def _asked(
    request: Request, model: Model, chosen: Choice, protocol: Protocol, device: Literal["cpu", "cuda", "mps"]
) -> dict[str, Any]:
    """The fields of a plan that the request decides."""
    return {
        "model": model.name,
        "kind": model.kind,
        "protocol": protocol.name,
        "recipe": chosen.name,
        "training_loss": chosen.training_loss or None,
        "settings": _settings(model, chosen.recipe),
        "options": _json(model, chosen.recipe.options),
        "seed": request.seed,
        "epoch_policy": request.epoch_policy,
        "precision": request.precision,
        "compiled": request.compiled or None,
        "device": device,
        "folds": request.folds,
    }


def _seen(
    released: OpenDataset,
    dataset: OpenDataset,
    features: Sequence[Resolved],
    folds: list[Fold],
    arrays: tuple[np.ndarray, ...],
) -> dict[str, Any]:
    """The fields of a plan that the data decide."""
    return {
        "dataset": dataset.spec.name,
        "features": [str(one) for one in features],
        "classes": list(dataset.spec.scheme.classes),
        "clips_total": len(released.clips),
        "same_people": dataset.same_people or None,
        "digests": _digests(dataset, folds, arrays),
    }


def _origins(
    registry: Registry,
    request: Request,
    protocol: Protocol,
    home: Home,
    features: Sequence[Resolved],
    others: Sequence[Other],
) -> list[Plugin]:
    """The plugins of everything that takes part in the run."""
    homes = [home, *(one.home for one in others)]
    computed = walk([*features, *(feature for one in others for feature in one.features)])
    return [
        registry.models.origin(request.model),
        registry.datasets.origin(request.dataset),
        registry.protocols.origin(protocol.name),
        *(registry.datasets.origin(one.dataset.spec.name) for one in others),
        *(registry.sources.origin(name) for one in homes for name in one.sources),
        *(registry.features.origin(one.name) for one in computed if one.spec),
    ]


def _settings(model: Model, recipe: Recipe) -> dict[str, Any]:
    if not isinstance(model, TorchModel):
        return {}
    return {name: value for name, value in asdict(recipe).items() if name not in NOT_SETTINGS}


def _json(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as JSON for the record."""
    try:
        plain: dict[str, Any] = json.loads(
            json.dumps({name: without_path(value) for name, value in options.items()}, allow_nan=False)
        )
    except (TypeError, ValueError) as error:
        raise OptionError(f"an option of {model.name} cannot be written as JSON: {error}") from error
    return plain


def _digests(dataset: OpenDataset, folds: list[Fold], arrays: tuple[np.ndarray, ...]) -> Digests:
    tested = dataset.clips.iloc[np.sort(np.concatenate([fold.test for fold in folds]))]
    return Digests(
        clips=clips_digest(tested),
        labels=labels_digest(tested),
        folds=folds_digest(dataset.clips, folds),
        data=arrays_digest(arrays),
    )


def task_of(
    registry: Registry,
    model: Model,
    chosen: Choice,
    dataset: OpenDataset,
    features: list[Resolved],
    arrays: tuple[np.ndarray, ...],
) -> Task:
    """The task of a model on the CPU, without pre-training.

    Args:
        registry, model, chosen, dataset, features: what the plan names.
        arrays: of each feature, `[clips, ...]`, in the order of the dataset's clips.

    Raises:
        OptionError: the recipe flips, rotates or crops a feature that does not allow it.
        PluginError: the model's code cannot be loaded.
    """
    classes = len(dataset.spec.scheme.classes)
    extra = {"classes": classes} if isinstance(model, TorchModel) else {}
    kind = Fit if isinstance(model, FitModel) else Build
    options, of_loss = divided(chosen.recipe.options, chosen.target, chosen.training_loss, chosen.author.spec)
    build = kind(chosen.target, {**options, **extra}, chosen.author)
    return Task(
        build=build,
        author=chosen.author,
        arrays=arrays,
        labels=dataset.clips["label"].to_numpy(np.int64, copy=True),  # pandas returns a read-only array
        subjects=dataset.clips["subject"].factorize()[0].astype(np.int64),
        classes=classes,
        recipe=chosen.recipe,
        predictor=predictor_of(build, chosen.predictor, classes),
        training_loss=chosen.training_loss,
        loss_options=of_loss,
        mirrors=find_mirrors(registry, chosen.recipe, features, arrays),
    )


def _notes(
    plan: Plan,
    released: OpenDataset,
    dataset: OpenDataset,
    features: list[Resolved],
    folds: list[Fold],
    all_folds: list[Fold],
) -> list[str]:
    """What readers of the record should know."""
    return [
        *notes_on_files(plan),
        *notes_on_pretraining(plan),
        *dataset.notes({one.name for one in walk(features)}),
        *notes_on_left_out(released, dataset),
        *notes_on_folds(dataset, folds, all_folds),
    ]
