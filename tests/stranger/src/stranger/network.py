"""The network of stranger-net."""

import torch
from torch import nn


class StrangerNet(nn.Module):
    """Flow `[batch, 3, 28, 28]` to logits `[batch, classes]`."""

    def __init__(self, classes: int, width: int = 4) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, width, kernel_size=7, stride=7)
        self.head = nn.Linear(width * 16, classes)

    def forward(self, flow: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.convolution(flow)).flatten(1))
