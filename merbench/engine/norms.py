"""Batch norm of folds that train at once: padding does not count, and each fold has statistics of its own."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = ["WeightedNorms", "statistics_of"]


def statistics_of(network: nn.Module) -> dict[str, Tensor]:
    """The running statistics of all batch norms of a network, by the names of its buffers."""
    norms = [(name, one) for name, one in network.named_modules() if isinstance(one, nn.modules.batchnorm._BatchNorm)]
    return {
        f"{name}.{of_norm}" if name else of_norm: buffer
        for name, one in norms
        for of_norm, buffer in one.named_buffers(recurse=False)
    }


class WeightedNorms(TorchFunctionMode):
    """A context in which a batch norm that trains leaves out the clips that fill up a batch.

    The mean and variance are those of the batch without padding, as torch computes them, and so are the running
    statistics: the biased variance normalises, and the unbiased one is kept.

    Args:
        weights: `[batch]`, 0 for padding, else 1. If the first axis of an input is longer, e.g. because it has several
            frames of each clip, those of a clip are adjacent.
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run `norm` instead of torch's batch norm, and everything else as it is. Torch calls this method."""
        return (self.norm if func is functional.batch_norm else func)(*args, **(kwargs or {}))

    def norm(
        self,
        input: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        training: bool = False,
        momentum: float = 0.1,
        eps: float = 1e-5,
    ) -> Tensor:
        """`torch.nn.functional.batch_norm` of `[batch, channels, ...]`."""
        if not training:
            return functional.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
        x, shape = input.float(), (1, -1, *[1] * (input.dim() - 2))
        others = [axis for axis in range(x.dim()) if axis != 1]
        counted = self.weights.repeat_interleave(len(x) // len(self.weights)).reshape(-1, *[1] * (x.dim() - 1))
        count = self.weights.sum() * (math.prod(x.shape) // (x.shape[1] * len(self.weights)))
        mean = (x * counted).sum(others) / count
        centred = x - mean.reshape(shape)
        variance = (centred.square() * counted).sum(others) / count
        with torch.no_grad():
            for running, new in ((running_mean, mean), (running_var, variance * (count / (count - 1)))):
                if running is not None:
                    running.mul_(1 - momentum).add_(momentum * new)
        normed = centred * torch.rsqrt(variance + eps).reshape(shape)
        if weight is not None:
            normed = normed * weight.reshape(shape)
        if bias is not None:
            normed = normed + bias.reshape(shape)
        return normed.to(input.dtype)
