"""Random numbers for dropout and the like: a fold gets the same numbers alone and in a group."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from merbench.engine.seeds import derive_seed
from merbench.protocols import Fold

__all__ = ["KeyedDraws", "draw_keys", "philox"]

# Constants of Philox2x32 (Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011). Seven
# rounds are the fewest that pass all tests in the paper.
MULTIPLIER, WEYL, WORD, ROUNDS = 0xD256D193, 0x9E3779B9, 0xFFFFFFFF, 7


def draw_keys(folds: Sequence[Fold], epoch: int, step: int) -> Tensor:
    """Return the key of each fold's random numbers in a training step: `[folds]` int64 in [0, 2**32).

    Epoch and step count from 0.
    """
    seeds = [derive_seed(fold=fold.seed, purpose="draws", epoch=epoch, step=step) for fold in folds]
    return torch.tensor(seeds, dtype=torch.int64)


class KeyedDraws(TorchFunctionMode):
    """A context in which dropout and `torch.rand` compute their numbers from a key, the count of earlier draws, and the
    position in the tensor.

    Torch takes random numbers from one stream, in the order of the calls. Folds in a group would get other numbers than
    each fold alone, so `vmap` refuses randomness. Keyed numbers need no stream: under `vmap` each network has its own
    key. If clips are the first axis, a padded batch starts with the same numbers as the batch without padding.

    Other random operations (`nn.AlphaDropout`, attention with dropout, a separate generator) are left to torch.

    Args:
        key: int64 scalar in [0, 2**32), on the network's device.
    """

    def __init__(self, key: Tensor) -> None:
        super().__init__()
        self.key, self.draws = key, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the keyed version of `func`, or `func` itself. Torch calls this method instead of `func`."""
        drawn = DRAWN.get(func)
        return drawn(self, *args, **(kwargs or {})) if drawn else func(*args, **(kwargs or {}))

    def uniform(self, size: Sequence[int]) -> Tensor:
        """Draw float32 numbers of shape `size` in [0, 1), multiples of 2**-24."""
        count = math.prod(size)
        places = torch.arange((count + 1) // 2, device=self.key.device)
        words = torch.stack(philox(places, torch.full_like(places, self.draws), self.key), -1)
        self.draws += 1
        return ((words.flatten()[:count] >> 8) * 2.0**-24).reshape(size)

    def dropout(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """`torch.nn.functional.dropout`."""
        if not training or p == 0:
            return input
        if not 0 < p <= 1:
            return functional.dropout(input, p)  # raises torch's own error
        return self._dropped(input, input.shape, p, inplace)

    def dropout2d(self, input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        """`torch.nn.functional.dropout2d` of `[batch, channels, rows, columns]`; other shapes are left to torch."""
        if not training or p == 0:
            return input
        if not 0 < p <= 1 or input.dim() != 4:
            return functional.dropout2d(input, p, training, inplace)
        return self._dropped(input, (*input.shape[:2], 1, 1), p, inplace)

    def _dropped(self, input: Tensor, size: Sequence[int], p: float, inplace: bool) -> Tensor:
        kept = ((self.uniform(size) >= p) * (1 / (1 - p) if p < 1 else 0.0)).to(input.dtype)
        return input.mul_(kept) if inplace else input * kept

    def rand(self, *size: Any, **settings: Any) -> Tensor:
        """`torch.rand` with separate sizes or a sequence; any keyword besides `device` is left to torch."""
        if settings.keys() - {"device"}:
            return torch.rand(*size, **settings)
        sizes = size[0] if len(size) == 1 and isinstance(size[0], Sequence) else size
        device = settings.get("device")
        return self.uniform(sizes).to(torch.get_default_device() if device is None else device)


DRAWN: dict[Any, Callable[..., Tensor]] = {
    functional.dropout: KeyedDraws.dropout,
    functional.dropout2d: KeyedDraws.dropout2d,
    torch.rand: KeyedDraws.rand,
}


def philox(low: Tensor, high: Tensor, key: Tensor, rounds: int = ROUNDS) -> tuple[Tensor, Tensor]:
    """Philox2x32: two random words for each counter (low, high) and key; all are int64 in [0, 2**32)."""
    for _ in range(rounds):
        # int64 overflow flips the sign, but shifting and masking give the same bits as unsigned arithmetic.
        product = low * MULTIPLIER
        low, high = ((product >> 32) & WORD) ^ key ^ high, product & WORD
        key = (key + WEYL) & WORD
    return low, high
