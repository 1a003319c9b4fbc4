"""Models that keep the rules, and models that each break one. Loaded by name, in this process and in others."""

from __future__ import annotations

import inspect
import os
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from torch import Tensor, nn

import merbench

SIZE = 2 * 4 * 4  # numbers in a toy clip

WEARY = 14  # forwards


class Linear(nn.Module):
    """Keeps every rule. The others differ from it in one thing."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(SIZE, classes)

    def forward(self, image: Tensor) -> Any:
        return self.head(image.flatten(1) / 255)


class ThreeClasses(Linear):
    """Does not ask how many classes there are."""

    def __init__(self, classes: int) -> None:
        super().__init__(3)


class Dividing(Linear):
    """Divides by zero."""

    def forward(self, image: Tensor) -> Any:
        return super().forward(image) / 0 * 0


class Pairing(Linear):
    """Returns its input as well."""

    def forward(self, image: Tensor) -> Any:
        return super().forward(image), image


def own_loss(outputs: Any, labels: Tensor, weights: Tensor, scale: float = 1.0) -> Tensor:
    """The mean cross-entropy."""
    losses = nn.functional.cross_entropy(outputs, labels, reduction="none")
    return scale * (losses * weights).sum() / weights.sum()


def two_losses(outputs: Any, labels: Tensor, weights: Tensor) -> Tensor:
    """One loss for each clip, where one for the batch is wanted."""
    return nn.functional.cross_entropy(outputs, labels, reduction="none")


class Transductive(Linear):
    """Centres each clip on the clips that are predicted with it."""

    def forward(self, image: Tensor) -> Any:
        return super().forward(image - image.mean(0))


class Normed(Linear):
    """Needs the statistics of several clips."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.norm = nn.BatchNorm1d(SIZE)

    def forward(self, image: Tensor) -> Any:
        return super().forward(self.norm(image.flatten(1)))


class Overwriting(Linear):
    """Scales its input in place."""

    def forward(self, image: Tensor) -> Any:
        return super().forward(image.div_(2))


class Forgetful(Linear):
    """Has a random tensor that is neither a parameter nor a buffer."""

    def __init__(self, classes: int) -> None:
        super().__init__(classes)
        self.shift = torch.randn(classes)

    def forward(self, image: Tensor) -> Any:
        return super().forward(image) + self.shift


class Weary(Linear):
    """After some forwards, of whichever network, its answers change."""

    forwards = 0

    def forward(self, image: Tensor) -> Any:
        Weary.forwards += 1
        return super().forward(image) + (torch.arange(3.0) if Weary.forwards > WEARY else 0.0)


class NeedsGPU(Linear):
    """Fails where no GPU is to be seen."""

    def forward(self, image: Tensor) -> Any:
        if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
            raise RuntimeError("no GPU is available")
        return super().forward(image)


class Nearest(ClassifierMixin, BaseEstimator):
    """An estimator that keeps every rule: the class of the training clip with the nearest mean."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        self.means, self.classes_, self.y = X.mean((1, 2, 3)), np.unique(y), y
        return self

    def predict(self, X: np.ndarray) -> Any:
        return self.y[np.abs(X.mean((1, 2, 3))[:, None] - self.means).argmin(1)]


class Short(Nearest):
    """Leaves a clip out."""

    def predict(self, X: np.ndarray) -> Any:
        return super().predict(X)[1:]


class Unsure(Nearest):
    """Its scores are not numbers."""

    def predict_proba(self, X: np.ndarray) -> Any:
        return np.full((len(X), len(self.classes_)), np.nan)


class Counting(Nearest):
    """From the third fit on, of whichever estimator, its answers change."""

    fits = 0

    def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        Counting.fits += 1
        return super().fit(X, y)

    def predict(self, X: np.ndarray) -> Any:
        return np.full(len(X), int(Counting.fits > 2))


class Homesick(Nearest):
    """Answers differently in another process than the one that ZOO_HOME names."""

    def predict(self, X: np.ndarray) -> Any:
        return np.full(len(X), int(os.environ["ZOO_HOME"]) == os.getpid(), np.int64)


class Peeking(Nearest):
    """Takes the labels of the test side from the engine's own variables."""

    def predict(self, X: np.ndarray) -> Any:
        frame = inspect.currentframe()
        while frame and "fold" not in frame.f_locals:
            frame = frame.f_back
        assert frame
        return frame.f_locals["task"].labels[frame.f_locals["fold"].test][: len(X)]


class Scaling(Nearest):
    """Scales the test clips by their own largest mean."""

    def predict(self, X: np.ndarray) -> Any:
        return super().predict(X * (self.means.max() / X.mean((1, 2, 3)).max()))


class Blanking(Nearest):
    """Overwrites its training clips."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        super().fit(X, y)
        X[:] = 0
        return self


class TwoClasses(Nearest):
    """Cannot be fitted on a single class."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
        if len(np.unique(y)) < 2:
            raise ValueError("one class is not enough")
        return super().fit(X, y)


def fit(training: merbench.Training, *, seed: int, device: str, report: Any, epochs: int = 2) -> Any:
    """A fit that keeps every rule: a linear classifier, also trained on what it is to be pre-trained on."""
    torch.manual_seed(seed)
    network = Linear(training.classes).to(device)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)

    def predictor(array: np.ndarray) -> Any:
        return network(torch.as_tensor(array))

    for _ in range(epochs):
        for some in (*training.pretraining, training):
            logits = network(torch.as_tensor(some.arrays[0]))
            loss = nn.functional.cross_entropy(logits, torch.as_tensor(some.labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        report(predictor, loss=loss.item())
    return predictor


def patient_fit(training: merbench.Training, **given: Any) -> Any:
    """Its epochs depend on the number of clips."""
    return fit(training, **given, epochs=len(training.labels))


def peeking_fit(training: merbench.Training, **given: Any) -> Any:
    """Adds what it finds of the test side, in the engine's own variables, to its scores."""
    frame = inspect.currentframe()
    while frame and "fold" not in frame.f_locals:
        frame = frame.f_back
    assert frame
    labels = frame.f_locals["task"].labels[frame.f_locals["fold"].test]
    plain = fit(training, **given)
    return lambda array: plain(array) + nn.functional.one_hot(torch.as_tensor(labels[: len(array)]), training.classes)


def growing_fit(training: merbench.Training, **given: Any) -> Any:
    """Starts from what the fit before it has learned."""
    plain, before = fit(training, **given), LEARNED[-1] if LEARNED else None
    LEARNED.append(plain(training.arrays[0]).mean().item())
    return lambda array: plain(array) * (1 if before is None else 2 + before)


LEARNED: list[float] = []


def module_fit(training: merbench.Training, *, report: Any, kind: type[Linear] = Linear, **_: Any) -> Any:
    """Keeps every rule, and returns a module; it overwrites its arrays, which are copies."""
    network = kind(training.classes)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)
    for _epoch in range(2):
        clips = torch.as_tensor(training.arrays[0])
        loss = nn.functional.cross_entropy(network(clips), torch.as_tensor(training.labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(network, loss=loss.item())
    for array in (*training.arrays, training.labels, training.subjects):
        array[:] = 0
    return network


def forgetful_fit(training: merbench.Training, **given: Any) -> Any:
    """Returns a module with a random tensor that is neither a parameter nor a buffer."""
    return module_fit(training, kind=Forgetful, **given)


def other_fit(training: merbench.Training, **given: Any) -> Any:
    """Returns another module than the one that its predictor builds."""
    return nn.Sequential(module_fit(training, **given))


def plain_fit(training: merbench.Training, **given: Any) -> Any:
    """Returns a function, though it names a predictor."""
    return fit(training, **given)


def undecided_fit(training: merbench.Training, **given: Any) -> Any:
    """Its scores are not numbers."""
    return lambda array: np.full((len(array), training.classes), np.nan)


def lonely_fit(training: merbench.Training, **given: Any) -> Any:
    """Has the class of each clip, and no scores."""
    return lambda array: np.zeros(len(array), np.int64)


def three_classes_fit(training: merbench.Training, **given: Any) -> Any:
    """Does not ask how many classes there are."""
    return lambda array: np.zeros((len(array), 3))


def hanging_fit(training: merbench.Training, *, seed: int, **given: Any) -> Any:
    """Never ends."""
    while True:
        seed += 1


def wide_fit(training: merbench.Training, **given: Any) -> Any:
    """Remembers the greatest number of classes that it has seen."""
    WIDEST.append(max([training.classes, *WIDEST[-1:]]))
    plain, most = fit(training, **given), WIDEST[-1]
    return lambda array: plain(array) * most


WIDEST: list[int] = []


def single_fit(training: merbench.Training, **given: Any) -> Any:
    """Needs a clip of every class."""
    if len(np.unique(training.labels)) < training.classes:
        raise ValueError("a class is missing")
    return fit(training, **given)


def aware_fit(training: merbench.Training, **given: Any) -> Any:
    """Answers differently in another process than the one that ZOO_HOME names."""
    plain = fit(training, **given)
    return lambda array: plain(array) + int(int(os.environ["ZOO_HOME"]) == os.getpid()) * torch.eye(3)[0]


def gpu_fit(training: merbench.Training, **given: Any) -> Any:
    """Fails where no GPU is to be seen."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        raise RuntimeError("no GPU is available")
    return fit(training, **given)


def transductive_fit(training: merbench.Training, **given: Any) -> Any:
    """Centres each clip on the clips that are predicted with it."""
    plain = fit(training, **given)
    return lambda array: plain(array - array.mean(0))
