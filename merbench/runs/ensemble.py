"""The networks that a run kept, one for each fold, to use on other clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from merbench.errors import OptionError, RecordError, UnresolvableFeature, and_more
from merbench.features.resolve import Resolved, resolve, walk
from merbench.plugin.registry import Registry
from merbench.runs.changes import assignments
from merbench.runs.code import code_digests
from merbench.runs.kept import KeptWeights, read_weights, weights_file
from merbench.runs.record import read_record, shown
from merbench.runs.schema import Plan, Record
from merbench.runs.settings import Choice, choose_recipe
from merbench.runs.verify import check_scores

__all__ = ["RAW", "Ensemble", "open_ensemble"]

CORE = "merbench:core"  # in `Plan.code`
RAW = "frames"  # the raw feature that a clip of one's own is


@dataclass(frozen=True)
class Ensemble:
    """The finished run behind the networks, and how a clip becomes their input.

    Attributes:
        record: of the run.
        plan: of the run.
        choice: the recipe with the run's settings, and what builds the network or estimator.
        features: what the model sees, computed from a clip's frames.
        files: one file of weights for each network; empty for an estimator, and for a fit that kept none.
    """

    record: Record
    plan: Plan
    choice: Choice
    features: tuple[Resolved, ...]
    files: tuple[Path, ...]

    def weights(self) -> Iterator[KeptWeights]:
        """Read the weights of one network after the other.

        Raises:
            RecordError: a file cannot be read, or belongs to another run.
        """
        for path in self.files:
            kept = read_weights(path)
            if kept.plan.digest() != self.record.id:
                raise RecordError(f"{path} has the weights of another plan ({kept.plan.model} on {kept.plan.dataset})")
            if path.name != weights_file(path, kept.fold).name:
                raise RecordError(f"{path} has the weights of fold {shown(kept.fold)}: it was renamed or copied")
            yield kept

    @property
    def other_extractions(self) -> list[str]:
        """A sentence for each feature that was computed in another way in the run."""
        pairs = zip(self.plan.features, map(str, self.features), strict=True)
        return [
            f"Another extraction: the model was trained on {trained}, but sees {seen} of this clip. The run's UF1 does "
            "not show how well that works."
            for trained, seen in pairs
            if trained != seen
        ]


def open_ensemble(registry: Registry, path: Path) -> Ensemble:
    """Find the networks of a run, and check that they mean here what they meant when they were trained.

    Args:
        registry: finds names.
        path: the record of a run, its folder, its folder of weights, or one file of weights.

    Raises:
        RecordError: there is no record, or no weights of the run; or the code or the classes have changed since.
        UnknownName: the model is not installed.
        UnresolvableFeature: what the model sees cannot be computed from frames.
    """
    record_path, alone = _found(path.expanduser())
    record = read_record(record_path)
    check_scores(record)
    if record.plan.kind == "rescored":
        raise RecordError(f"{record_path} has predictions that were handed in; there is no model to use")
    plan = record.plan
    choice = _choice(registry, plan, record_path)
    features = tuple(_from_frames(one, registry, plan) for one in choice.features)
    _check_code(registry, plan, features)
    _check_classes(registry, plan)
    return Ensemble(record, plan, choice, features, _files(record, record_path, alone, bool(choice.predictor)))


def _found(path: Path) -> tuple[Path, Path | None]:
    """The record, and the only file of weights to use if one was named."""
    if not path.exists():
        raise RecordError(f"{path} does not exist; name a record, or the folder of a run")
    alone = path.is_file() and path.suffix == ".safetensors"
    if path.is_file() and not alone:
        return path, None
    run = path.absolute().parent.parent if alone else path.absolute()
    for folder in (run, run.parent):
        if (record := folder / "record.json").is_file():
            return record, path if alone else None
    raise RecordError(f"{path} has no record.json beside it, so nothing is known about its scores; finish the run")


def _choice(registry: Registry, plan: Plan, record: Path) -> Choice:
    try:
        choice = choose_recipe(registry, plan.model, plan.recipe, assignments(plan, registry))
    except OptionError as error:
        raise RecordError(f"{record}: the model of this record cannot be built here: {error}") from error
    if len(choice.features) != len(plan.features):
        raise RecordError(f"{record}: {plan.model} sees other features now; train it again")
    return choice


def _from_frames(reference: str, registry: Registry, plan: Plan) -> Resolved:
    try:
        return resolve(reference, registry, (RAW,), plan.dataset, plan.model)
    except UnresolvableFeature as error:
        raise UnresolvableFeature(
            f"{plan.model} sees {reference}, which cannot be computed from the frames of a clip; use another model"
        ) from error


def _check_code(registry: Registry, plan: Plan, features: tuple[Resolved, ...]) -> None:
    """Compare the code that takes part in a prediction with that of the run."""
    model = registry.models.origin(plan.model)
    (key,) = [name for name in code_digests([model]) if name != CORE] or [CORE]
    if key not in plan.code:
        raise RecordError(f"{plan.model} comes from {key} here, but was trained as a model of another plugin")
    origins = [registry.features.origin(one.name) for one in walk(features) if one.spec]
    now = code_digests([model, *origins])
    if changed := [name for name, code in now.items() if name in plan.code and plan.code[name].digest != code.digest]:
        raise RecordError(
            f"the code of {and_more(changed, 3)} is not that of the run, so the model may see or compute something "
            "else; install the versions that its record names, or train it again"
        )


def _check_classes(registry: Registry, plan: Plan) -> None:
    if plan.dataset not in registry.datasets.names():
        return
    classes = list(registry.datasets.get(plan.dataset).scheme.classes)
    if classes != plan.classes:
        raise RecordError(
            f"the model was trained for the classes {', '.join(plan.classes)} of {plan.dataset}, which now has "
            f"{', '.join(classes)}; train it again"
        )


def _files(record: Record, path: Path, alone: Path | None, predictor: bool) -> tuple[Path, ...]:
    if record.plan.kind != "torch" and not predictor:
        return ()
    if alone:
        return (alone,)
    files = [weights_file(path.parent, fold.name) for fold in record.folds]
    missing = [one.name for one in files if not one.is_file()]
    if len(missing) == len(files) and predictor:
        return ()
    if len(missing) == len(files):
        raise RecordError(f"{path.parent} has no weights; train again with: merbench run --keep-weights --fresh")
    if missing:
        raise RecordError(f"{path.parent}: the weights of {len(missing)} of {len(files)} folds are missing")
    return tuple(files)
