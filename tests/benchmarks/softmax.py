"""The smallest network: a linear layer on the flow, trained by the engine like any other network."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

import merbench

__all__ = ["Softmax", "merbench_models"]

SHAPE = (3, 28, 28)


class Softmax(nn.Module):
    """A linear layer on the values of `flow-28`, whose weights are 0 at first."""

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(torch.Size(SHAPE).numel(), classes)
        nn.init.zeros_(self.linear.weight)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of `[batch, 3, 28, 28]`."""
        logits: Tensor = self.linear(flow.flatten(1))
        return logits


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """A logistic regression that learns in epochs; its settings were fixed before any of its scores was seen."""
    recipe = merbench.Recipe(optimizer="adam", lr=1e-3, batch_size=64, epochs=100, standardize=True)
    yield merbench.TorchModel(
        name="softmax",
        network="softmax:Softmax",
        features=("flow-28",),
        recipes={"quick": recipe},
        about="a linear layer on the flow, trained in epochs",
    )
