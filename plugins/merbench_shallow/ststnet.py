"""STSTNet (Liong et al., 2019), with the parameter names of the authors' checkpoints (christy1206/STSTNet, main.py)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["STSTNet"]

KERNELS = (3, 5, 8)  # of the three streams
DROPOUT = 0.5
SIDE = 28  # rows and columns of the flow
POOLED = 5  # rows and columns that are left: padding 2 makes 28 to 30, the maximum 11, the average 5


class STSTNet(nn.Module):
    """Three parallel 3x3 convolutions over the flow, each ReLU, batch norm, pooling and dropout; one linear layer.

    Args:
        classes: number of logits.
        channels: of the flow image (u, v, optical strain).

    Raises:
        ValueError: an option below 1.
    """

    def __init__(self, classes: int = 3, *, channels: int = 3) -> None:
        super().__init__()
        for name, value in (("classes", classes), ("channels", channels)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")
        self.channels = channels
        # Named one by one, and in this order, as the authors' checkpoints are.
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(channels, kernels, 3, padding=2) for kernels in KERNELS)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm2d(kernels) for kernels in KERNELS)
        self.fc = nn.Linear(sum(KERNELS) * POOLED**2, classes)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, channels, 28, 28]`, float32 of any scale.

        Raises:
            ValueError: images of another shape.
        """
        if tuple(flow.shape[1:]) != (self.channels, SIDE, SIDE):
            wanted = (self.channels, SIDE, SIDE)
            raise ValueError(f"STSTNet was built for images of shape {wanted}, not {tuple(flow.shape[1:])}")
        streams = ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3))
        joined = torch.cat([self._stream(flow, convolution, norm) for convolution, norm in streams], 1)
        logits: Tensor = self.fc(functional.avg_pool2d(joined, 2).flatten(1))
        return logits

    def _stream(self, flow: Tensor, convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> Tensor:
        normed = norm(functional.relu(convolution(flow)))
        pooled = functional.max_pool2d(normed, 3, stride=3, padding=1)
        return functional.dropout(pooled, DROPOUT, self.training)
