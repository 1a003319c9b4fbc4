"""The toys of a model: clips in the shapes of its features, folds, and what the engine makes of them."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from merbench.engine.build import Build, Fit, predictor_of
from merbench.engine.folds import Grouping, compute_folds
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import UnknownName
from merbench.plugin.calls import Author
from merbench.plugin.registry import Registry
from merbench.plugin.specs import FitModel, Model, Recipe, TorchModel
from merbench.plugin.training import Training
from merbench.processes import each, keep_freed_memory
from merbench.protocols import Fold
from merbench.runs.settings import divided
from merbench.testing.toys import Shapes, shape_of, toy_array, toy_folds, toy_table

__all__ = ["ModelToys", "computed", "differing"]

CLASSES = 3
EPOCHS, BATCH = 2, 3  # two steps in an epoch, neither of them with a single clip
# What changes clips before the network sees them, and the epochs of schedules that are longer than the toys' training.
SHORT: Mapping[str, Any] = {"flip": 0.0, "rotation": 0.0, "crop_padding": 0, "warmup_epochs": 0}


class ModelToys:
    """A model with 9 toy clips of 3 subjects, and two folds that leave a subject out.

    Args:
        spec: the model.
        registry: finds the shapes that features declare.
        recipe: the name of the recipe to train with; empty for the first. Networks get two epochs.
        shapes: of features that do not declare one.

    Raises:
        UnknownName: the model has no such recipe.
        OptionError: the shape of a feature is not known.
    """

    def __init__(self, spec: Model, registry: Registry, *, recipe: str = "", shapes: Shapes | None = None) -> None:
        if recipe and recipe not in spec.recipes:
            raise UnknownName("recipe", recipe, spec.recipes, f"{spec.name} has {', '.join(spec.recipes)}")
        self.spec = spec
        self.loss = spec.training_loss if isinstance(spec, TorchModel) else ""
        self.predictor = spec.predictor if isinstance(spec, FitModel) else ""
        self.author = Author.of(f"model {spec.name}", "", spec.target)
        whole = spec.recipes[recipe or next(iter(spec.recipes))]
        self.recipe: Recipe = replace(whole, epochs=EPOCHS, batch_size=BATCH, **SHORT)
        self.features = whole.features or spec.features
        self.table = toy_table()
        self.folds = toy_folds(self.table)
        self.arrays = tuple(
            toy_array((len(self.table), *shape_of(one, registry, shapes or {})), seed)
            for seed, one in enumerate(self.features)
        )

    def task(self, classes: int = CLASSES, **changes: Any) -> Task:
        """The engine's input, with copies of the clips and with labels that go round the classes."""
        extra = {"classes": classes} if self.spec.kind == "torch" else {}
        kind = Fit if self.spec.kind == "fit" else Build
        options, of_loss = divided(self.recipe.options, self.spec.target, self.loss, self.author.spec)
        build = kind(self.spec.target, {**options, **extra}, self.author)
        labels = np.arange(len(self.table), dtype=np.int64) % classes
        subjects = self.table["subject"].factorize()[0].astype(np.int64)
        other = Training(arrays=self.arrays, labels=labels, subjects=subjects, classes=classes)
        given: dict[str, Any] = {
            "build": build,
            "author": self.author,
            "arrays": tuple(array.copy() for array in self.arrays),
            "labels": labels,
            "subjects": subjects,
            "classes": classes,
            "recipe": self.recipe,
            "predictor": predictor_of(build, self.predictor, classes),
            "training_loss": self.loss,
            "loss_options": of_loss,
            "pretraining": (other,) * len(self.recipe.pretrain),
        }
        return Task(**{**given, **changes})

    @functools.cached_property
    def grouping(self) -> Grouping:
        """How the folds are computed: always one at a time, where every digit is the same on every machine."""
        if self.spec.kind != "torch":
            return Grouping(self.spec.kind)
        return Grouping("sequential")

    @functools.cached_property
    def outcomes(self) -> dict[str, FoldOutcome]:
        """The outcome of each fold, by its name."""
        return computed(self.task(), self.folds, self.grouping)

    @functools.cached_property
    def outcomes_elsewhere(self) -> dict[str, FoldOutcome]:
        """The same from another process, which sees no GPU."""
        return _elsewhere(self.task(), self.folds, self.grouping)


def computed(task: Task, folds: Sequence[Fold], grouping: Grouping) -> dict[str, FoldOutcome]:
    """The outcome of each fold, by its name, computed in this process."""
    # Several folds would be computed in several processes.
    groups = (group for fold in folds for group in compute_folds(task, [fold], grouping, set(), lambda _: None))
    return {outcome.name: outcome for group in groups for outcome in group}


def differing(some: Mapping[str, FoldOutcome], others: Mapping[str, FoldOutcome]) -> list[str]:
    """The folds of both whose class scores or classes are not the same, bit for bit."""
    return [
        name
        for name in some
        if name in others
        and not (
            np.array_equal(some[name].scores, others[name].scores)
            and np.array_equal(some[name].predicted, others[name].predicted)
        )
    ]


def _elsewhere(task: Task, folds: Sequence[Fold], grouping: Grouping) -> dict[str, FoldOutcome]:
    """As `computed`, in another process that sees no GPU."""
    arguments = [(task, folds, grouping)]
    (outcomes,) = each(
        computed, arguments, 2, does="trains", advice="make room and run again", begin=_hide_gpus, stay=True
    )
    return outcomes


def _hide_gpus() -> None:
    keep_freed_memory()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # read when torch first looks for a GPU
