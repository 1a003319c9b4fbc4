"""Training loops of authors: one call of `fit` for each fold, which gets the training side only."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from merbench.engine.device import choose_precision, threads
from merbench.engine.estimators import taken
from merbench.engine.faults import in_folds
from merbench.engine.generators import seeded
from merbench.engine.memory import if_full
from merbench.engine.predictors import RETURNS, evaluated, kept_of
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import PluginError
from merbench.plugin.authors import now_at
from merbench.plugin.calls import calling, gets_on, kind, wrong
from merbench.plugin.training import Predictor, Training
from merbench.protocols import Fold

__all__ = ["run_fit", "try_fit"]


def try_fit(task: Task, fold: Fold) -> None:
    """Call the author's `fit` as `run_fit` does, and end it after the first epoch that it reports.

    Raises:
        TrainingError, OptionError: as in `run_fit`.
    """
    with contextlib.suppress(_Enough):
        _fitted(task, fold, _Epochs(task, fold, trial=True))


def run_fit(task: Task, fold: Fold) -> FoldOutcome:
    """Call the author's `fit` on the training side of a fold; predict the evaluated side after every reported epoch.

    `task.build()` gives `fit`. What `fit` returns predicts the last epoch, or the only one if none was reported. On a
    CPU, the fit uses one thread, so its result does not depend on what runs in parallel.

    Raises:
        TrainingError: `fit` or a predictor fails, gives a loss or scores that are wrong, or memory runs out.
        OptionError: `fit` does not take its options.
    """
    started, epochs = time.perf_counter(), _Epochs(task, fold)
    last, weights = _fitted(task, fold, epochs)
    scores = np.stack([*epochs.scores[:-1], last])
    return FoldOutcome(
        name=fold.name,
        scores=scores,
        predicted=scores.argmax(-1),
        loss=np.array(epochs.loss, np.float32),
        seconds=time.perf_counter() - started,
        weights=weights,
    )


def _fitted(task: Task, fold: Fold, epochs: _Epochs) -> tuple[np.ndarray, dict[str, Tensor]]:
    """The scores of what `fit` returns, and its tensors if they are to be kept; `epochs` has what it reports."""
    seed = derive_seed(fold=fold.seed, purpose="training")
    choose_precision(task.precision, task.device)
    with in_folds([fold]), if_full(task.device, 1), threadpool_limits(1), threads(1):
        fit: Callable[..., Predictor] = task.build()
        with seeded(seed), calling(task.author, "fit"):
            predictor = fit(_training(task, fold), seed=seed, device=task.device, report=epochs.report)
        if epochs.failed:  # and `fit` caught it
            raise epochs.failed
        last = epochs.predict(predictor, RETURNS)
        return last, kept_of(task, predictor) if task.keep_weights else {}


class _Enough(BaseException):
    """Ends a trial; no `Exception`, so that a fit which catches those does not go on."""


@dataclass
class _Epochs:
    """The reported epochs: class scores `[clips, classes]` of the evaluated side, and training losses.

    The first one ends a trial.
    """

    task: Task
    fold: Fold
    trial: bool = False
    scores: list[np.ndarray] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    failed: PluginError | None = None

    def report(self, predictor: Predictor, *, loss: float) -> None:
        """Note an epoch, see `merbench.plugin.training.Report`.

        Raises:
            PluginError: the loss is not a finite number, or the predictor fails or gives wrong scores.
        """
        gets_on()
        epoch = len(self.loss) + 1
        try:
            self.loss.append(self._finite(loss, epoch))
            self.scores.append(self.predict(predictor, f"the predictor of epoch {epoch}"))
        except PluginError as error:
            self.failed = error
            raise
        if self.trial:
            raise _Enough

    def _finite(self, loss: object, epoch: int) -> float:
        try:
            value = float(loss)  # type: ignore[arg-type]  # of an author: anything
        except (TypeError, ValueError):
            value = np.nan
        if np.isfinite(value):
            return value
        where = now_at(sys._getframe(2), self.task.author)
        advice = "give a finite loss; perhaps the learning rate is too large"
        raise PluginError(f"{self.task.author}: fit reports{where} the loss {loss!r} for epoch {epoch}; {advice}")

    def predict(self, predictor: Predictor, function: str) -> np.ndarray:
        """The scores of the evaluated side, float32. The random numbers of training do not move."""
        author, clips = self.task.author, len(self.fold.test)
        wanted = f"give a finite score for each clip and class, [{clips}, {self.task.classes}]"
        if not callable(predictor):
            returns = "return a function from an array per feature to class scores"
            raise wrong(author, function, kind(predictor), returns)
        inputs = taken(self.task.arrays, self.fold.test)
        with seeded(derive_seed(fold=self.fold.seed, purpose="evaluation")), calling(author, function, wanted):
            found = evaluated(predictor, inputs) if isinstance(predictor, nn.Module) else predictor(*inputs)
            scores = np.array(found.detach().float().cpu().numpy() if isinstance(found, Tensor) else found, np.float32)
        if scores.shape != (clips, self.task.classes):
            raise wrong(author, function, f"an array of shape {list(scores.shape)}", wanted, predictor)
        if not np.isfinite(scores).all():
            raise wrong(author, function, "scores that are not finite", wanted, predictor)
        return scores


def _training(task: Task, fold: Fold) -> Training:
    assert task.subjects is not None
    return Training(
        arrays=taken(task.arrays, fold.train),
        labels=task.labels[fold.train],
        subjects=task.subjects[fold.train],
        classes=task.classes,
        pretraining=tuple(map(_copied, task.pretraining)),
    )


def _copied(whole: Training) -> Training:
    every = np.arange(len(whole.labels))
    copies = whole.labels.copy(), whole.subjects.copy()
    return replace(whole, arrays=taken(whole.arrays, every), labels=copies[0], subjects=copies[1])
