"""A plugin with a training loop of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import merbench

if TYPE_CHECKING:
    import numpy as np


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.FitModel | merbench.TorchModel]:
    yield merbench.FitModel(
        name="own-loop",
        fit="own_loop:fit",
        features=("flow-28",),
        recipes={"default": merbench.Recipe(options={"epochs": 3})},
    )
    yield merbench.FitModel(
        name="own-module",
        fit="own_loop:fit_module",
        predictor="own_loop:perceptron",
        features=("flow-28",),
        recipes={"default": merbench.Recipe(options={"epochs": 2})},
    )
    yield merbench.TorchModel(
        name="own-loss",
        network="own_loop:network",
        training_loss="own_loop:training_loss",
        features=("flow-28",),
        recipes={"default": merbench.Recipe(epochs=2)},
    )


def network(classes: int) -> Any:
    """A linear classifier."""
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, classes))


def training_loss(outputs: Any, labels: Any, weights: Any, scale: float = 1.0) -> Any:
    """Squared errors in place of cross-entropy."""
    from torch.nn import functional

    errors = (outputs - functional.one_hot(labels, outputs.shape[-1])).square().mean(-1)
    return scale * (errors * weights).sum() / weights.sum()


KEPT: list[Any] = []


def fit(
    training: merbench.Training,
    *,
    seed: int,
    device: str,
    report: Callable[..., None],
    epochs: int = 10,
    harm: str = "",
) -> Any:
    """Logistic regression by gradient descent. `harm`: what is done wrong on purpose, see the tests."""
    import torch

    x, labels = torch.as_tensor(training.arrays[0]).flatten(1), torch.as_tensor(training.labels)
    network = torch.nn.Linear(x.shape[1], training.classes)
    optimizer = torch.optim.SGD(network.parameters(), 0.01)

    def predictor(array: np.ndarray) -> Any:
        with torch.no_grad():
            return network(torch.as_tensor(array).flatten(1)).softmax(-1)

    while harm == "hang":
        seed += 1
    if harm == "keep":
        KEPT.append(torch.ones(2**20))
    for _ in range(epochs):
        loss = torch.nn.functional.cross_entropy(network(x), labels)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if harm != "silent":
            report(predictor, loss=float("nan") if harm == "diverge" else loss.item())
    return predictor


def perceptron(classes: int, width: int = 2) -> Any:
    """A network with a dropout, which acts in training mode alone."""
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, width), nn.Dropout(), nn.Linear(width, classes))


def fit_module(
    training: merbench.Training,
    *,
    seed: int,
    device: str,
    report: Callable[..., None],
    epochs: int = 10,
    width: int = 3,
) -> Any:
    """Trains the network, and reports and returns it as it is."""
    import torch

    flow, labels = torch.as_tensor(training.arrays[0]), torch.as_tensor(training.labels)
    network = perceptron(training.classes, width)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(epochs):
        assert network.training
        loss = torch.nn.functional.cross_entropy(network(flow), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        report(network, loss=loss.item())
    return network
