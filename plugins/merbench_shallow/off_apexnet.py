"""OFF-ApexNet (Gan, Liong, Yau, Huang, Tan, 2019): one stream for horizontal flow and one for vertical flow.

The authors published no code. Where each choice comes from:

- From the paper, as others describe it: two streams (u and v, 28x28), 5x5 convolutions with 6 and 16 kernels, 2x2
  max-pooling after each, two fully connected layers of 1024.
- From the implementation in Off-TANet's repository (ECNU-Cross-Innovation-Lab/PRICAI2021-Off-TANet), which quotes
  2.66 M parameters: padding 2, and dropout of one half after each fully connected layer. Padding decides the count:
  each stream ends with 16x7x7 values, and 2 x 784 x 1024 weights follow. That gives 2,664,475 with three classes.
- Open: STSTNet's authors print 2.77 M for it; no layout that was tried gives that number (without padding it is
  1.58 M). It is also open whether a ReLU follows each convolution: Off-TANet's version has none, meb's single-stream
  version has one, and so has this one.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_shallow.checks import check_divisor, check_images
from merbench_shallow.layout import channels_last

__all__ = ["OFFApexNet"]

SHAPE = (3, 28, 28)  # of the flow image: (strain, v, u)
KERNELS = (6, 16)  # of a stream's two convolutions
WIDTH = 1024  # of the fully connected layers
PLACES = 7 * 7  # two poolings of 28x28


class OFFApexNet(nn.Module):
    """Two streams of two convolutions, joined by three linear layers.

    Both streams are computed as one convolution in two groups; the first half of the channels belongs to u.

    Args:
        classes: number of logits.
        dropout: in [0, 1), after each layer of 1024.
        divisor: above 0; the flow is divided by it: 255 for images of 0..255, 1 if the recipe standardizes.

    Raises:
        ValueError: an option is out of range.
    """

    def __init__(self, classes: int = 3, *, dropout: float = 0.5, divisor: float = 255.0) -> None:
        super().__init__()
        merbench.check_whole(classes=classes)
        merbench.check_probability(dropout=dropout)
        check_divisor(divisor)
        self.divisor = divisor
        first, second = KERNELS
        self.conv1 = nn.Conv2d(2, 2 * first, 5, padding=2, groups=2)
        self.conv2 = nn.Conv2d(2 * first, 2 * second, 5, padding=2, groups=2)
        self.fc1 = nn.Linear(2 * second * PLACES, WIDTH)
        self.fc2 = nn.Linear(WIDTH, WIDTH)
        self.fc = nn.Linear(WIDTH, classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, 3, 28, 28]` float32, channels (strain, v, u).

        Raises:
            ValueError: the images have another shape.
        """
        check_images(self, flow, SHAPE)
        streams = channels_last(torch.stack((flow[:, 2], flow[:, 1]), 1) / self.divisor)
        # ReLU after the maximum instead of before it: the same values, at a quarter of the places.
        streams = functional.relu(functional.max_pool2d(self.conv1(streams), 2))
        streams = functional.relu(functional.max_pool2d(self.conv2(streams), 2))
        joined = self.dropout(functional.relu(self.fc1(streams.flatten(1))))
        joined = self.dropout(functional.relu(self.fc2(joined)))
        logits: Tensor = self.fc(joined)
        return logits
