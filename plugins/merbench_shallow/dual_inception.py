"""Dual-Inception (Zhou, Mao, Xue, 2019): one inception network for horizontal flow and one for vertical flow.

Where each choice comes from:

- From the first author's code (xly135846/MEGC2019, dual_inception.py): two inception blocks a stream, with 6 and 16
  kernels in each of four branches (1x1; 1x1 then 3x3; 1x1 then 5x5; 3x3 maximum then 1x1), a ReLU after every
  convolution, and 2x2 max-pooling after every block; both streams flattened, one linear layer of 1024 with ReLU, then
  the logits. Values of 0..1, Adam at 1e-4, and 40 epochs in batches of 3.
- That code reads each flow component as a grey image in three equal channels. One channel computes the same functions
  with fewer parameters, 6,449,867 with three classes: the 6.45 M that Off-TANet's repository counts for its version.
- Open: the paper's settings differ in places (the code has a second layer of 1024, commented out). The released script
  keeps the epoch with the smallest loss on a validation part; here the epoch policies `last` and `inner` replace it.
- Open: which run made the paper's figures. The script repeats all 68 folds 100 times (line 192, `for round_time in
  range(100)`) and adds the scores of each round to one table; neither says how one figure came of them.
- Different: torch draws the initial weights its own way, Keras draws Glorot's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_shallow.checks import check_divisor, check_images
from merbench_shallow.layout import channels_last

__all__ = ["DualInception", "Inception"]

SHAPE = (3, 28, 28)  # of the flow image: (strain, v, u)
KERNELS = (6, 16)  # of every branch of a stream's two blocks
BRANCHES = 4
WIDTH = 1024
PLACES = 7 * 7  # two poolings of 28x28


class DualInception(nn.Module):
    """Two streams of two inception blocks, joined by two linear layers.

    Args:
        classes: number of logits.
        width: of the first linear layer.
        divisor: above 0; the flow is divided by it: 255 for images of 0..255, 1 if the recipe standardizes.

    Raises:
        ValueError: an option is out of range.
    """

    def __init__(self, classes: int = 3, *, width: int = WIDTH, divisor: float = 255.0) -> None:
        super().__init__()
        merbench.check_whole(classes=classes, width=width)
        check_divisor(divisor)
        self.divisor = divisor
        first, second = KERNELS
        self.u, self.v = (
            nn.Sequential(Inception(1, first), Inception(BRANCHES * first, second), nn.Flatten()) for _ in "uv"
        )
        self.fc1 = nn.Linear(2 * BRANCHES * second * PLACES, width)
        self.fc = nn.Linear(width, classes)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, 3, 28, 28]` float32, channels (strain, v, u).

        Raises:
            ValueError: the images have another shape.
        """
        check_images(self, flow, SHAPE)
        flow = flow / self.divisor
        streams = (self.u(channels_last(flow[:, 2:3])), self.v(channels_last(flow[:, 1:2])))
        logits: Tensor = self.fc(functional.relu(self.fc1(torch.cat(streams, 1))))
        return logits


class Inception(nn.Module):
    """`[batch, channels, rows, columns]` to `[batch, 4 * kernels, rows // 2, columns // 2]`."""

    def __init__(self, channels: int, kernels: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(channels, kernels, 1)
        self.to_three, self.three = nn.Conv2d(channels, kernels, 1), nn.Conv2d(kernels, kernels, 3, padding=1)
        self.to_five, self.five = nn.Conv2d(channels, kernels, 1), nn.Conv2d(kernels, kernels, 5, padding=2)
        self.pooled = nn.Conv2d(channels, kernels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """The four branches side by side, after ReLU and 2x2 max-pooling."""
        branches = (
            self.one(x),
            self.three(functional.relu(self.to_three(x))),
            self.five(functional.relu(self.to_five(x))),
            self.pooled(functional.max_pool2d(x, 3, stride=1, padding=1)),
        )
        # One ReLU after the maximum instead of before it: the same values, at a quarter of the places.
        return functional.relu(functional.max_pool2d(torch.cat(branches, 1), 2))
