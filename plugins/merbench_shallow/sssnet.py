"""SSSNet (Varanka, Peng, Zhao, 2021, "Micro-expression recognition with noisy labels"), a shallow single stream.

Where each choice comes from:

- The network comes from the first author's library meb (tvaranka/meb, me_networks.py); its checkpoints load, because
  the parameters have the same names. It sees 64x64, which two convolutions and two poolings turn into 9x9. The flow
  release has 28x28, which is enlarged; that adds no detail. `side=28` takes it as it is, with a smaller linear layer.
- The channels are (u, v, strain) there and (strain, v, u) here; this only matters for a checkpoint.
- Training: meb's defaults (Adam at 1e-4, weight decay 1e-3, batches of 32, 200 epochs). The library uses them for any
  network and for action units, with another loss than the cross-entropy here. The paper was not read.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_shallow.checks import check_divisor
from merbench_shallow.layout import channels_last

__all__ = ["SSSNet"]

CHANNELS = 3
LEAST = 22  # leaves 2x2 places after both poolings: a batch norm cannot train on one place of one clip


class SSSNet(nn.Module):
    """Two convolutions, each with pooling, batch norm and dropout of whole channels, and two linear layers.

    Args:
        classes: number of logits.
        side: rows and columns, at least 22; images of another size are resized to it (bilinear).
        widths: channels of the two convolutions, and of the hidden linear layer.
        dropout: in [0, 1), after each of the three.
        divisor: above 0; the flow is divided by it: 255 for images of 0..255, 1 if the recipe standardizes.

    Raises:
        ValueError: an option is out of range.
    """

    def __init__(
        self,
        classes: int = 3,
        *,
        side: int = 64,
        widths: Sequence[int] = (32, 64, 256),
        dropout: float = 0.5,
        divisor: float = 255.0,
    ) -> None:
        super().__init__()
        if not isinstance(widths, Sequence) or len(widths) != 3:
            raise ValueError(f"widths is {widths!r}; it must be three whole numbers")
        first, second, hidden = widths
        merbench.check_whole(
            classes=classes, side=side, **{f"widths[{place}]": width for place, width in enumerate(widths)}
        )
        if side < LEAST:
            raise ValueError(f"side is {side}; it must be at least {LEAST}")
        merbench.check_probability(dropout=dropout)
        check_divisor(divisor)
        self.side, self.dropout, self.divisor = side, dropout, divisor
        self.conv1 = nn.Conv2d(CHANNELS, first, 5)
        self.bn1 = nn.BatchNorm2d(first)
        self.conv2 = nn.Conv2d(first, second, 3)
        self.bn2 = nn.BatchNorm2d(second)
        places = ((side - 4) // 3 - 2) // 2
        self.fc1 = nn.Linear(second * places**2, hidden)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits `[batch, classes]` of flow images `[batch, 3, rows, columns]` float32, of any size.

        Raises:
            ValueError: the images have another shape.
        """
        if flow.ndim != 4 or flow.shape[1] != CHANNELS:
            raise ValueError(
                f"SSSNet was built for images of {CHANNELS} channels, not of shape {tuple(flow.shape[1:])}"
            )
        if flow.shape[2:] != (self.side, self.side):
            flow = functional.interpolate(flow, size=(self.side, self.side), mode="bilinear", align_corners=False)
        x = self.conv1(channels_last(flow / self.divisor))
        # ReLU after the maximum instead of before it: the same values, at a ninth (a quarter) of the places.
        x = self.bn1(functional.relu(functional.max_pool2d(x, 3)))
        x = self.conv2(functional.dropout2d(x, self.dropout, self.training))
        x = self.bn2(functional.relu(functional.max_pool2d(x, 2)))
        x = functional.relu(self.fc1(functional.dropout2d(x, self.dropout, self.training).flatten(1)))
        logits: Tensor = self.fc(functional.dropout(x, self.dropout, self.training))
        return logits
