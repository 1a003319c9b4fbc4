"""STSTNet (Liong, Gan, See, Khor, Huang, 2019, "Shallow triple stream three-dimensional CNN (STSTNet)").

Where each choice comes from:

- The network comes from the authors' PyTorch script (christy1206/STSTNet, main.py); its checkpoints load, because the
  parameters have the same names. The paper describes the same layers.
- Training comes from the same script: Adam at 5e-5, batches of 256, 800 epochs, values of 0..255 as they are read, no
  shuffling, and the last epoch counts.
- The order of the classes. The script takes class folders as the file system lists them, which differs between
  machines. On the authors' machine they came as 0, 1, 2: the truths of every one of the 68 folds ascend in their log
  (STSTNet_python_logfile.txt), and one loop lists both sides alike (main.py, main(), os.listdir). Here too.
- Open: the order of clips within a class; here they come as the dataset lists them.
- Open: the paper's own training. The script is a later port. Its authors log UF1 .721 and UAR .725 for it; the paper
  prints UF1 .735 and UAR .761. That "UAR" is the mean precision in the paper's own log; its mean recall is .719.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_shallow.checks import check_images
from merbench_shallow.layout import channels_last

__all__ = ["STSTNet"]

SHAPE = (3, 28, 28)
KERNELS = (3, 5, 8)  # of the three streams
DROPOUT = 0.5
POOLED = 5  # rows and columns at the end: padding 2 turns 28 into 30, the maximum into 10, the average into 5


class STSTNet(nn.Module):
    """Three parallel 3x3 convolutions over the flow, each with ReLU, batch norm, pooling, dropout; one linear layer.

    Args:
        classes: number of logits.

    Raises:
        ValueError: `classes` is below 1.
    """

    def __init__(self, classes: int = 3) -> None:
        super().__init__()
        merbench.check_whole(classes=classes)
        # The names, and their order, are those of the authors' checkpoints.
        self.conv1, self.conv2, self.conv3 = (nn.Conv2d(SHAPE[0], kernels, 3, padding=2) for kernels in KERNELS)
        self.bn1, self.bn2, self.bn3 = (nn.BatchNorm2d(kernels) for kernels in KERNELS)
        self.fc = nn.Linear(sum(KERNELS) * POOLED**2, classes)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, 3, 28, 28]`, float32 of any scale.

        Raises:
            ValueError: the images have another shape.
        """
        check_images(self, flow, SHAPE)
        # The three streams as one, channels last: the same sums in two thirds of the time.
        convolutions, norms = (self.conv1, self.conv2, self.conv3), (self.bn1, self.bn2, self.bn3)
        weight, bias = (torch.cat([getattr(one, name) for one in convolutions]) for name in ("weight", "bias"))
        seen = functional.conv2d(channels_last(flow), weight, bias, padding=2)
        streams = joint_norm(functional.relu(seen), norms, self.training)
        pooled = functional.max_pool2d(streams, 3, stride=3, padding=1)
        dropped = functional.dropout(pooled, DROPOUT, self.training)
        logits: Tensor = self.fc(functional.avg_pool2d(dropped, 2).flatten(1))
        return logits


def joint_norm(x: Tensor, norms: Sequence[nn.BatchNorm2d], training: bool) -> Tensor:
    """Several batch norms on adjacent channels as one, which is the same: a batch norm treats each channel separately.
    Updates all running values."""
    names = ("running_mean", "running_var", "weight", "bias")
    mean, variance, weight, bias = (torch.cat([getattr(norm, name) for norm in norms]) for name in names)
    normed = functional.batch_norm(x, mean, variance, weight, bias, training)
    if training:
        sizes = [norm.num_features for norm in norms]
        parts = torch.split(mean, sizes), torch.split(variance, sizes)
        for norm, one, other in zip(norms, *parts, strict=True):
            norm.running_mean.copy_(one)  # type: ignore[union-attr]
            norm.running_var.copy_(other)  # type: ignore[union-attr]
            norm.num_batches_tracked.add_(1)  # type: ignore[union-attr]
    return normed
