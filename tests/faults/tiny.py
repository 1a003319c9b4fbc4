"""A plugin with the smallest network, on the folders of small images that `tests/features/toys.py` reads."""

from __future__ import annotations

from collections.abc import Iterable

import torch

import merbench


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    recipe = merbench.Recipe(optimizer="adam", lr=0.01, batch_size=4, epochs=2)
    yield merbench.TorchModel(name="tiny", network="tiny:Tiny", features=("toy-sum",), recipes={"quick": recipe})


class Tiny(torch.nn.Module):
    """One layer."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layer(inputs / 100)
