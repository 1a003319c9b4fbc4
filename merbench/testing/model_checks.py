"""The checks of every model: a network, an estimator, or a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from merbench.audit.clips import Clips
from merbench.engine.folds import compute_folds
from merbench.engine.generators import seeded
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import and_more
from merbench.plugin.registry import load_target
from merbench.plugin.validation import fault
from merbench.protocols import Fold
from merbench.testing.findings import Check, require
from merbench.testing.models import ModelToys, computed, differing

__all__ = ["MODEL_CHECKS"]

CLASSES = (2, 3, 7)  # of the field's label schemes


def spec_resolves(toys: ModelToys) -> str:
    """The spec has valid fields, and what it names can be imported."""
    if wrong := fault(replace(toys.spec, name=toys.spec.name.rpartition(":")[2]), "models"):
        require(False, wrong)
    for target in filter(None, (toys.spec.target, toys.loss)):
        require(callable(load_target(target, owner=toys.author.spec)), f"{target} cannot be called")
    return toys.spec.target


def gives_class_scores(toys: ModelToys) -> str:
    """For 2, 3 and 7 classes, the model gives a finite score for each class of each clip, also of one clip alone."""
    fold = toys.folds[0]
    for classes in CLASSES:
        task = toys.task(classes)
        if toys.spec.kind == "torch":
            _try(task, fold)
        else:
            for some in (fold, replace(fold, test=fold.test[:1])):
                _alone(toys, task, some)
    return f"{' and '.join(str(list(one.shape[1:])) for one in toys.arrays) or 'no feature'}, {_words(CLASSES)} classes"


def same_in_any_order(toys: ModelToys) -> str:
    """The same seed gives the same predictions, whatever the order of the folds."""
    again = computed(toys.task(), toys.folds[::-1], toys.grouping)
    return _same(toys.outcomes, again, "in the opposite order of folds")


def keeps_no_state(toys: ModelToys) -> str:
    """Nothing stays in a module or class: a fold gives the same predictions after one of a task with more classes."""
    before = toys.outcomes
    computed(toys.task(CLASSES[-1]), toys.folds[1:2], toys.grouping)
    return _same(before, computed(toys.task(), toys.folds[:1], toys.grouping), "after another task")


def same_in_another_process(toys: ModelToys) -> str:
    """The same seed gives the same predictions in another process, so the number of processes does not matter."""
    return _same(toys.outcomes, toys.outcomes_elsewhere, "in another process")


def runs_without_gpu(toys: ModelToys) -> str:
    """The model works where there is no GPU."""
    return f"{len(toys.outcomes_elsewhere)} folds in a process that sees no GPU"


def never_sees_the_test_side(toys: ModelToys) -> str:
    """Neither labels nor other clips of the test side move a prediction: each clip is predicted alone."""
    fold = toys.folds[0]
    kept, others = fold.test[:1], fold.test[1:]
    outcome = toys.outcomes[fold.name]
    poisoned = _alone(toys, _poisoned(toys, others), fold)
    require(np.array_equal(outcome.loss, poisoned.loss), "the training loss moves if the test side is poisoned")
    same = np.array_equal(outcome.scores[:, :1], poisoned.scores[:, :1])
    require(same, f"the prediction of clip {kept[0]} moves if other test clips become noise with other labels")
    relabelled = _alone(toys, _poisoned(toys, fold.test, features=False), fold)
    same = np.array_equal(outcome.scores, relabelled.scores)
    require(same, "predictions move if the labels of the test side change")
    return f"{len(others)} of {len(fold.test)} test clips poisoned, no other prediction moves"


def resumes(toys: ModelToys) -> str:
    """A run that continues after its first fold gives the same predictions as a run without a break."""
    done = {toys.folds[0].name}
    groups = compute_folds(toys.task(), toys.folds[:2], toys.grouping, done, lambda _: None)
    return _same(toys.outcomes, {one.name: one for group in groups for one in group}, "after a break")


def trains_on_one_clip(toys: ModelToys) -> str:
    """The model can be trained on one clip, and gives finite scores."""
    _alone(toys, toys.task(), replace(toys.folds[0], train=toys.folds[0].train[:1]))
    return "1 training clip"


def trains_on_one_class(toys: ModelToys) -> str:
    """The model can be trained on clips of a single class, and gives finite scores."""
    task, fold = toys.task(), toys.folds[0]
    train = fold.train[task.labels[fold.train] == 0]
    _alone(toys, task, replace(fold, train=train))
    return f"{len(train)} training clip(s) of one class"


def _try(task: Task, fold: Fold) -> None:
    from merbench.engine.device import threads  # imports torch, which estimators do not need
    from merbench.engine.trial import try_network

    with threads(1), seeded(fold.seed):
        try_network(task, fold)


def _alone(toys: ModelToys, task: Task, fold: Fold) -> FoldOutcome:
    return computed(task, [fold], toys.grouping)[fold.name]


def _poisoned(toys: ModelToys, positions: np.ndarray, *, features: bool = True) -> Task:
    """The task with other labels, and perhaps noise, at these positions."""
    task = toys.task()
    where = np.isin(np.arange(len(task.labels)), positions)
    names = (tuple(toys.table["clip"]), tuple(toys.table["subject"]))

    def clips(array: np.ndarray) -> Clips:
        return Clips(*names, task.labels, array, task.labels, array)

    noisy = [clips(array).with_noise(where, everywhere=True).features if features else array for array in task.arrays]
    turned = clips(np.zeros((len(where), 1), np.float32)).with_labels(where, 1, everywhere=True).labels
    return replace(task, arrays=tuple(noisy), labels=turned)


def _same(some: Mapping[str, FoldOutcome], others: Mapping[str, FoldOutcome], how: str) -> str:
    names = differing(some, others)
    require(not names, f"predictions of {len(names)} fold(s) differ {how}: {and_more(names, 3)}")
    return f"{len(others)} fold(s) give the same predictions {how}"


def _words(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}"


MODEL_CHECKS: tuple[Check[ModelToys], ...] = (
    spec_resolves,
    gives_class_scores,
    same_in_any_order,
    keeps_no_state,
    same_in_another_process,
    runs_without_gpu,
    never_sees_the_test_side,
    resumes,
    trains_on_one_clip,
    trains_on_one_class,
)
