"""From what was asked for to a job: the plan, and the live things behind it."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from merbench.data.clips import clips_digest, labels_digest
from merbench.data.datasets import OpenDataset, open_dataset
from merbench.engine.policies import Policy
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldTask, Task
from merbench.errors import BrokenClips, OptionError, ReleaseError, UnknownName, and_more
from merbench.features.compute import arrays_digest, compute
from merbench.features.resolve import Resolved, resolve, walk
from merbench.plugin.calls import calling
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import EstimatorModel, Model, Recipe, TorchModel
from merbench.progress import Progress
from merbench.protocols import Fold, folds_digest, inner_split, protocol_folds, shared_subjects
from merbench.runs.build import Build
from merbench.runs.code import code_versions
from merbench.runs.mirrors import find_mirrors
from merbench.runs.schema import Code, Digests, Plan
from merbench.runs.settings import NOT_SETTINGS, apply_settings
from merbench.runs.weights import find_weights, given_files, starts_from, weights_digest, without_path

__all__ = ["Job", "Request", "prepare"]

NAMED = 20  # broken clips that a record names before "and n more"
CHECKPOINTS = "the predictions are those of checkpoints: how their epochs were chosen is not known"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What was asked for, as `merbench run` takes it; an empty text means the default."""

    model: str
    dataset: str
    protocol: str = ""
    recipe: str = ""
    settings: Sequence[str] = ()
    seed: int = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    epoch_policy: Policy = "last"
    folds: str = "*"
    weights: Path | None = None
    jobs: int | None = None  # processes that compute features; None for all cores
    skip_broken: bool = False  # whether broken clips are left out rather than refused


@dataclass(frozen=True, kw_only=True)
class Job:
    """A plan and what it takes to carry it out.

    Attributes:
        plan: everything that decides the outcome.
        task: what the engine is given, for all folds.
        folds: the folds that run; `evaluate` is the test side.
        dataset: the dataset, opened.
        weights: fold name to checkpoint file, where training is skipped.
        warnings: what a reader of the record should know.
    """

    plan: Plan
    task: Task
    folds: list[FoldTask]
    dataset: OpenDataset
    weights: dict[str, Path]
    warnings: list[str]

    def inner_folds(self) -> list[FoldTask]:
        """For the epoch policy `inner`: within each fold's training side, part to train on and part held out."""
        return [self._inner_fold(fold) for fold in self.folds]

    def _inner_fold(self, fold: FoldTask) -> FoldTask:
        seed = derive_seed(fold=fold.seed, purpose="inner split")
        train, held_out = inner_split(self.dataset.clips, fold.train, self.task.labels, seed)
        return replace(fold, train=train, evaluate=held_out)


def prepare(registry: Registry, request: Request, progress: Progress | None = None) -> Job:
    """Resolves names, settings, data, features and folds. Nothing but features is written, and nothing is trained.

    Args:
        registry: where names are looked up.
        request: what was asked for.
        progress: told of clips whose features are computed.

    Raises:
        BrokenClips: clips that cannot be read or have no face, unless they are to be left out.
        MerbenchError: anything that was asked for is not there, cannot be read, or does not fit.
    """
    model = registry.models.get(request.model)
    title = registry.datasets.get(request.dataset).name
    recipe_name, recipe, features, target = _recipe(model, request, registry)
    author = registry.models.author(request.model, target)

    def resolved_from(provides: set[str]) -> list[Resolved]:
        return [resolve(one, registry, provides, title, model.name) for one in features]

    dataset = open_dataset(registry, request.dataset, resolved_from)
    # By its plain name, as model and dataset: the qualified one names the same plan.
    protocol = registry.protocols.get(request.protocol or dataset.spec.protocol)
    device = _device(model, request)
    resolved = resolved_from(dataset.provides)
    _check_classes(dataset)
    clips_total = len(dataset.clips)
    dataset, arrays, broken = _computed(dataset, resolved, request, progress)
    all_folds = protocol_folds(registry, protocol.name, dataset.clips)
    folds = _matching(all_folds, request.folds)
    weights = find_weights(model, request.weights, [fold.name for fold in folds])
    plan = Plan(
        model=model.name,
        kind="torch" if isinstance(model, TorchModel) else "estimator",
        dataset=dataset.spec.name,
        protocol=protocol.name,
        recipe=recipe_name,
        settings=_settings(model, recipe),
        options=_json(model, recipe.options),
        features=[str(one) for one in resolved],
        classes=list(dataset.spec.scheme.classes),
        seed=request.seed,
        epoch_policy=request.epoch_policy,
        precision=request.precision,
        device=device,
        folds=request.folds,
        clips_total=clips_total,
        weights=weights_digest(weights),
        digests=_digests(dataset, folds, arrays),
        code=_code(registry, request, dataset, resolved),
    )
    classes = len(plan.classes)
    extra = {"classes": classes} if isinstance(model, TorchModel) else {}
    return Job(
        plan=plan,
        task=Task(
            build=Build(target, {**recipe.options, **extra}, author),
            author=author,
            arrays=arrays,
            labels=dataset.clips["label"].to_numpy(np.int64, copy=True),  # pandas hands out what cannot be written
            classes=classes,
            recipe=recipe,
            mirrors=find_mirrors(registry, recipe, resolved, arrays),
            device=device,
            precision=request.precision,
        ),
        folds=[_fold_task(plan, fold) for fold in folds],
        dataset=dataset,
        weights=weights,
        warnings=[
            *([CHECKPOINTS] if weights else []),
            *_given(plan),
            *dataset.notes({one.name for one in walk(resolved)}),
            *_left_out(dataset, broken, clips_total),
            *_warnings(dataset, folds, all_folds),
            *_leak(dataset, folds),
        ],
    )


def _computed(
    dataset: OpenDataset, features: list[Resolved], request: Request, progress: Progress | None
) -> tuple[OpenDataset, tuple[np.ndarray, ...], list[str]]:
    """The dataset without its broken clips, the features of the others, and which clips are broken."""
    try:
        return dataset, compute(dataset, features, jobs=request.jobs, progress=progress), []
    except BrokenClips as error:
        if not request.skip_broken or len(error.reasons) == len(dataset.clips):
            raise
        broken = list(error.reasons)
    dataset = dataset.without(broken)
    return dataset, compute(dataset, features, jobs=request.jobs, progress=progress), broken


def _left_out(dataset: OpenDataset, broken: list[str], total: int) -> list[str]:
    if not broken:
        return []
    # In a sentence of its own: it goes where a record is published without its clips, and the number stays.
    named = [f"broken: {and_more(broken, NAMED)}"] if dataset.spec.public_labels else []
    return [f"{len(broken)} of {total} clips are broken and were left out", *named]


def _recipe(model: Model, request: Request, registry: Registry) -> tuple[str, Recipe, tuple[str, ...], str]:
    name = request.recipe or next(iter(model.recipes))
    if name not in model.recipes:
        hint = f"{model.name} has: {', '.join(model.recipes)}"
        raise UnknownName("recipe", name, model.recipes, hint)
    target = model.network if isinstance(model, TorchModel) else model.estimator
    build = load_target(target, owner=f"model {model.name}")
    recipe, features = apply_settings(request.settings, model, model.recipes[name], build)
    if isinstance(model, TorchModel) and model.with_paths:
        with_paths = load_target(model.with_paths, owner=f"model {model.name}")
        author = registry.models.author(request.model, model.with_paths)
        with calling(author, model.with_paths.partition(":")[2], "give a mapping of options"):
            recipe = replace(recipe, options=dict(with_paths(recipe.options)))
    return name, recipe, features, target


def _json(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as a record can hold them."""
    try:
        plain: dict[str, Any] = json.loads(
            json.dumps({name: without_path(value) for name, value in options.items()}, allow_nan=False)
        )
    except (TypeError, ValueError) as error:
        raise OptionError(f"an option of {model.name} is nothing that JSON can hold: {error}") from error
    return plain


def _settings(model: Model, recipe: Recipe) -> dict[str, Any]:
    if isinstance(model, EstimatorModel):
        return {}
    return {name: value for name, value in asdict(recipe).items() if name not in NOT_SETTINGS}


def _device(model: Model, request: Request) -> Literal["cpu", "cuda", "mps"]:
    if isinstance(model, TorchModel):
        from merbench.engine.device import choose_device, choose_precision

        device = choose_device(request.device)
        choose_precision(request.precision, device)
        if request.weights and request.epoch_policy != "last":
            raise OptionError("--weights: a checkpoint has no epochs to choose from; leave out --epoch-policy")
        return device
    if request.device not in ("auto", "cpu") or request.precision != "fp32" or request.epoch_policy != "last":
        raise OptionError(
            f"{model.name} is a scikit-learn estimator: it runs on the CPU in its own precision and has no epochs; "
            "leave out --device, --precision and --epoch-policy"
        )
    return "cpu"


def _matching(folds: list[Fold], pattern: str) -> list[Fold]:
    found = [fold for fold in folds if fnmatch.fnmatchcase(fold.name, pattern)]
    if not found:
        raise UnknownName("fold", pattern, [fold.name for fold in folds], f"folds are named like {folds[0].name}")
    return found


def _fold_task(plan: Plan, fold: Fold) -> FoldTask:
    # Not the whole plan: a fold keeps its seed when only its neighbours, the policy or the device change.
    seed = derive_seed(run=plan.seed, model=plan.model, dataset=plan.dataset, protocol=plan.protocol, fold=fold.name)
    return FoldTask(name=fold.name, train=fold.train, evaluate=fold.test, seed=seed)


def _digests(dataset: OpenDataset, folds: list[Fold], arrays: tuple[np.ndarray, ...]) -> Digests:
    tested = dataset.clips.iloc[np.sort(np.concatenate([fold.test for fold in folds]))]
    return Digests(
        clips=clips_digest(tested),
        labels=labels_digest(tested),
        folds=folds_digest(dataset.clips, folds),
        data=arrays_digest(arrays),
    )


def _code(registry: Registry, request: Request, dataset: OpenDataset, features: Sequence[Resolved]) -> dict[str, Code]:
    origins = [
        registry.models.origin(request.model),
        registry.datasets.origin(request.dataset),
        registry.protocols.origin(request.protocol or dataset.spec.protocol),
        *(registry.sources.origin(name) for name in dataset.readers),
        *(registry.features.origin(one.name) for one in walk(features) if one.spec),
    ]
    return code_versions(origins)


def _check_classes(dataset: OpenDataset) -> None:
    """A canonical dataset has every class in every database; one that lacks a class is not that dataset."""
    if dataset.spec.clip_list:
        for database, clips in dataset.clips.groupby("database"):
            lacking = set(range(len(dataset.spec.scheme.classes))) - set(clips["label"])
            if lacking:
                raise ReleaseError(f"{dataset.spec.name}: {database} has no clip of class {min(lacking)}")


def _given(plan: Plan) -> list[str]:
    files = given_files(plan)
    return [f"{starts_from(files)}; it is not ranked"] if files else []


def _leak(dataset: OpenDataset, folds: list[Fold]) -> list[str]:
    shared = shared_subjects(dataset.clips, folds)
    if not any(shared):
        return []
    return [
        f"subjects on both sides: {min(shared)} to {max(shared)} of a fold's subjects are trained on and tested; the "
        "scores say nothing about people who were never seen"
    ]


def _warnings(dataset: OpenDataset, folds: list[Fold], all_folds: list[Fold]) -> list[str]:
    labels = dataset.clips["label"].to_numpy(np.int64)
    names = dataset.spec.scheme.classes
    warnings = []
    if len(folds) < len(all_folds):
        warnings.append(f"only {len(folds)} of {len(all_folds)} folds were run")
    for fold in folds:
        lacking = [name for index, name in enumerate(names) if index not in labels[fold.train]]
        if lacking:
            warnings.append(f"fold {fold.name} trains without any clip of class {', '.join(lacking)}")
    return warnings
