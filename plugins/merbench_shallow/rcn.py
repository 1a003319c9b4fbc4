"""RCN (Xia, Peng, Khor, Feng, Zhao, 2020): a recurrent convolution, and three modules without parameters of their own.

Everything follows the first author's code (xiazhaoqiang/ParameterFreeRCNs-MicroExpressionRec, MeNets.py and
ModelTrain_Final.py), which has an `rcn_*` for each row; only the abstract of the paper was read.

| model | first layers | recurrent block | attention |
| --- | --- | --- | --- |
| rcn-a | 5x5 convolution, batch norm, ReLU, 2x2 maximum | plain | `pooled` |
| rcn-s | the same | with shortcuts | none |
| rcn-w | three 3x3 convolutions with stride 3, ReLU, batch norm | plain | none |
| rcn-f | as rcn-w | with shortcuts | `inside` |

The README runs it with 32 maps, pooling to 5x5 and 20 epochs; the script's defaults are 64, 7 and 100. The recipe
`published` is the README's command, which fits 28x28 (the wide layers turn it into 10x10, the block into 5x5); 7x7
would repeat values. From the script come also values of 0..1, SGD with momentum .9 at 5e-4, and batches of 64. The
script makes a `StepLR` that would halve the rate every 10 epochs, but its loop never steps it, so the rate stays.

Open or different:

- Which of these settings made the paper's figures is open. The recipe `halved-rate` (32 maps, 100 epochs, halved rate)
  is neither; it was called `published` before the missing step was seen.
- The size of the flow images is open: the paper speaks of low resolution; the flow release has 28x28.
- The released RCN-F cannot be built (it names a class that does not exist), and it runs its second stream twice, so the
  third is never used. This version has the three streams of RCN-W.
- The released shortcut block has a third convolution that nothing uses; it is left out.
- RCN-P and RCN-C, other combinations of the same modules, are not included.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_shallow.checks import check_divisor, check_images
from merbench_shallow.layout import channels_last

__all__ = ["RCN", "class_attention"]

SHAPE = (3, 28, 28)
DROPOUT = 0.5
LINEAR_DEVIATION = 0.01  # of the classifier's initial weights
ATTENTIONS = ("none", "pooled", "inside")


class RCN(nn.Module):
    """First layers, one recurrent block, average-pooling, and a linear classifier whose weights also guide attention.

    Args:
        classes: number of logits.
        wide: whether the first layers are three streams of dilation 1, 2 and 3 instead of one 5x5 convolution.
        shortcut: whether a recurrent step sees the results of all earlier steps.
        attention: `none`; `pooled`, the pooled result times an attention map of the block's input; or `inside`, the
            block's feed-forward part times that map.
        maps: channels of every layer, a multiple of 4.
        pooled: rows and columns that the classifier sees, at most 6 (wide: 5).
        divisor: above 0; the flow is divided by it: 255 for images of 0..255, 1 if the recipe standardizes.

    Raises:
        ValueError: an option is out of range.
    """

    def __init__(
        self,
        classes: int = 3,
        *,
        wide: bool = False,
        shortcut: bool = False,
        attention: str = "none",
        maps: int = 32,
        pooled: int = 5,
        divisor: float = 255.0,
    ) -> None:
        super().__init__()
        merbench.check_whole(classes=classes, maps=maps, pooled=pooled)
        if maps % 4:
            raise ValueError(f"maps is {maps}; it must be a multiple of 4")
        if pooled > (most := 5 if wide else 6):
            raise ValueError(f"pooled is {pooled}; it must be at most {most}, the rows after the block")
        merbench.check_choice(ATTENTIONS, attention=attention)
        check_divisor(divisor)
        self.attention, self.pooled, self.divisor = attention, pooled, divisor
        self.first: nn.Module = Wide(maps) if wide else narrow(maps)
        self.block = Recurrent(maps, shortcut)
        self.classifier = nn.Linear(maps * pooled**2, classes)
        self.apply(initialise)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, 3, 28, 28]` float32.

        Raises:
            ValueError: the images have another shape.
        """
        check_images(self, flow, SHAPE)
        seen = self.first(channels_last(flow / self.divisor))
        if self.attention == "none":
            x = self.shrunk(self.block(seen))
        else:
            attention = class_attention(self.shrunk(seen), self.classifier.weight)
            inside = self.attention == "inside"
            x = self.shrunk(self.block(seen, attention)) if inside else self.shrunk(self.block(seen)) * attention
        logits: Tensor = self.classifier(x.flatten(1))
        return logits

    def shrunk(self, x: Tensor) -> Tensor:
        """Means over areas, one for each place that the classifier sees."""
        return functional.adaptive_avg_pool2d(x, self.pooled)


def class_attention(x: Tensor, weights: Tensor) -> Tensor:
    """The classifier's attention: `[batch, channels, rows, columns]` to `[batch, 1, rows, columns]` in 0..1.

    For each class, the mean over channels of values times the classifier's weights (`[classes, channels * rows *
    columns]`), stretched so that the smallest value is 0 and the largest 1; then the mean over classes. A class whose
    map has one value everywhere counts as 0 (the released code divides by zero there).
    """
    by_class = torch.einsum("bchw,kchw->bkhw", x, weights.reshape(-1, *x.shape[1:])) / x.shape[1]
    raised = by_class - by_class.amin((2, 3), keepdim=True)
    highest = raised.amax((2, 3), keepdim=True)
    return (raised / highest.clamp_min(torch.finfo(x.dtype).tiny)).mean(1, keepdim=True)


class Recurrent(nn.Module):
    """A feed-forward 1x1 convolution, then one 3x3 convolution that is used repeatedly, with the same weights.

    Two steps, each of which sees the block's input and the result of the step before; with `shortcut` three steps, each
    of which sees the results of all steps before. The batch norm is shared too. Then a 2x2 maximum and dropout.
    """

    def __init__(self, maps: int, shortcut: bool) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.forward_convolution = normed(nn.Conv2d(maps, maps, 1))
        self.recurrent_convolution = normed(nn.Conv2d(maps, maps, 3, padding=1))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, attention: Tensor | None = None) -> Tensor:
        """`[batch, maps, rows, columns]` to half the rows and columns; `attention` is a map in 0..1 of any size."""
        y = self.forward_convolution(x)
        if attention is not None:
            y = y * functional.interpolate(attention, x.shape[2:])
        seen = x + y
        for _ in range(3 if self.shortcut else 2):
            y = self.recurrent_convolution(seen)
            seen = (seen if self.shortcut else x) + y
        dropped: Tensor = self.dropout(functional.max_pool2d(y, 2))
        return dropped


class Wide(nn.Module):
    """Three streams with half, a quarter and a quarter of the channels, of dilation 1, 2 and 3: 28x28 to 10x10."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(SHAPE[0], channels, 3, stride=3, padding=dilation, dilation=dilation),
                nn.ReLU(inplace=True),
                nn.BatchNorm2d(channels),
                nn.Dropout(DROPOUT),
            )
            for dilation, channels in ((1, maps // 2), (2, maps // 4), (3, maps // 4))
        )

    def forward(self, flow: Tensor) -> Tensor:
        """`[batch, 3, 28, 28]` to `[batch, maps, 10, 10]`."""
        return torch.cat([stream(flow) for stream in self.streams], 1)


def narrow(maps: int) -> nn.Sequential:
    """One 5x5 convolution without padding: `[batch, 3, 28, 28]` to `[batch, maps, 12, 12]`."""
    convolution, norm, relu = normed(nn.Conv2d(SHAPE[0], maps, 5))
    # ReLU after the maximum instead of before it: the same values, at a quarter of the places.
    return nn.Sequential(convolution, norm, nn.MaxPool2d(2), relu, nn.Dropout(DROPOUT))


def normed(convolution: nn.Conv2d) -> nn.Sequential:
    """The convolution, batch norm and ReLU."""
    return nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels), nn.ReLU(inplace=True))


def initialise(module: nn.Module) -> None:
    """As in the released code: Kaiming's normal weights by a convolution's output, small ones for the classifier."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, LINEAR_DEVIATION)
        nn.init.zeros_(module.bias)
