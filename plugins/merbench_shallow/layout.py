"""How images lie in memory: channel beside channel, in which convolutions of few channels are faster on a CPU."""

from __future__ import annotations

from torch import Tensor

__all__ = ["channels_last"]


def channels_last(images: Tensor) -> Tensor:
    """`[batch, channels, rows, columns]` as it was, laid out channels last; what is computed does not change.

    Written with axes, since `torch.vmap`, which trains many folds at once, refuses `memory_format=`.
    """
    return images.movedim(1, -1).contiguous().movedim(-1, 1)
