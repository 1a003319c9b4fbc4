"""Memory layout of images: with channels last, convolutions of few channels are faster on a CPU."""

from __future__ import annotations

from torch import Tensor

__all__ = ["channels_last"]


def channels_last(images: Tensor) -> Tensor:
    """The same `[batch, channels, rows, columns]`, with channels last in memory; results do not change.

    Written with axes because `torch.vmap`, which trains many folds at once, does not accept `memory_format=`.
    """
    return images.movedim(1, -1).contiguous().movedim(-1, 1)
