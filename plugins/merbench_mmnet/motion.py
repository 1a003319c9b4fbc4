"""MMNet's main branch: residual blocks that pass on their attention maps, each as a prior for the next."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["MainBranch", "normed_convolution"]

STRIDES = (1, 2, 2, 2)  # of the four blocks


class MainBranch(nn.Module):
    """Maps of motion with `widths[0]` channels, to maps with `widths[-1]` channels, an eighth as high and wide.

    The classifier `fc` is here because of its name in checkpoints; the network applies it after it has added the
    position branch's map.

    Args:
        classes: number of logits.
        widths: channels of the input, then of the four blocks.
        side: rows and columns of the last block's map.
    """

    def __init__(self, classes: int, widths: Sequence[int], side: int) -> None:
        super().__init__()
        stem, *blocks = widths
        self.conv1 = nn.Conv2d(stem, blocks[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(blocks[0])
        width_in = blocks[0]
        for number, (width, stride) in enumerate(zip(blocks, STRIDES, strict=True), start=1):
            # Sequential gives the names that checkpoints use, such as "layer1.0.conv1.weight".
            self.add_module(f"layer{number}", nn.Sequential(AttendingBlock(width_in, width, stride)))
            width_in = width
        self.fc = nn.Linear(width_in * side**2, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, motion: Tensor) -> Tensor:
        """A map `[batch, widths[-1], side, side]`."""
        x = functional.relu(self.bn1(self.conv1(motion)), inplace=True)
        attention = None
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x, attention = layer[0](x, attention)  # type: ignore[index,operator]
        return x


class AttendingBlock(nn.Module):
    """F = relu(conv1x1(relu(conv3x3(x))) + shortcut), A = sigmoid(conv1x1[mean_c F, max_c F]) x previous block's A.

    A batch norm follows every convolution. The map A of the previous block is shrunk first, by the maximum over 3x3
    neighbourhoods at every second place.
    """

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width_in, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.attn = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False), nn.BatchNorm2d(1), nn.Sigmoid())
        changed = stride != 1 or width_in != width
        self.downsample = normed_convolution(width_in, width, 1, stride) if changed else None

    def forward(self, x: Tensor, before: Tensor | None) -> tuple[Tensor, Tensor]:
        """F x A `[batch, width, rows, columns]`, and A `[batch, 1, rows, columns]`."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x = functional.relu(self.bn2(self.conv2(x)).add_(shortcut), inplace=True)
        attention = self.attn(torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True).values], 1))
        if before is not None:
            attention = attention * functional.max_pool2d(before, 3, stride=2, padding=1)
        return x * attention, attention


def normed_convolution(width_in: int, width: int, kernel: int, stride: int) -> nn.Sequential:
    """A convolution without bias, then a batch norm."""
    convolution = nn.Conv2d(width_in, width, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(width))
