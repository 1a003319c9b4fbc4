"""The network of the plugin beside this file."""

from __future__ import annotations

import chatty
import torch
from torch import Tensor, nn


class Network(nn.Module):
    """Linear, with a part that is drawn as it is built; where it is `noisy`, draws in its forward pass too."""

    def __init__(self, classes: int, drawn: float, noisy: bool) -> None:
        super().__init__()
        self.head, self.noisy = nn.Linear(3, classes), noisy
        self.scale = nn.Parameter(torch.full((), drawn))

    def forward(self, light: Tensor) -> Tensor:
        print("forward speaks")
        noise = chatty.drawn() if self.noisy else 0.0
        logits: Tensor = self.head(light * self.scale + noise)
        return logits
