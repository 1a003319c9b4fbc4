"""What a network draws while it trains, such as dropout: a fold draws the same alone and beside others."""

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

# Of Philox2x32: Salmon, Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011. Seven rounds are the
# fewest with which it passed all of their tests.
MULTIPLIER, WEYL, WORD, ROUNDS = 0xD256D193, 0x9E3779B9, 0xFFFFFFFF, 7


def draw_keys(folds: Sequence[Fold], epoch: int, step: int) -> Tensor:
    """A key for what each fold's network draws in a step (both from 0): `[folds]` int64 in [0, 2**32)."""
    seeds = [derive_seed(fold=fold.seed, purpose="draws", epoch=epoch, step=step) for fold in folds]
    return torch.tensor(seeds, dtype=torch.int64)


class KeyedDraws(TorchFunctionMode):
    """In it, dropout and `torch.rand` give numbers that follow from a key, from how many draws there were before, and
    from the place in the tensor.

    Torch hands the numbers of one stream to whoever asks next: folds that train at once would draw other numbers than
    each alone, which is why `vmap` refuses randomness. These need no stream, so the key may be another for each network
    under `vmap`; and where clips are the first axis, a batch that is padded begins with the numbers of the shorter one.

    What draws in another way (`nn.Dropout2d`, attention with dropout, a generator of its own) is left to torch.

    Args:
        key: int64 without axes, in [0, 2**32), on the network's device.
    """

    def __init__(self, key: Tensor) -> None:
        super().__init__()
        self.key, self.draws = key, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Torch calls this in place of `func`."""
        drawn = DRAWN.get(func)
        return drawn(self, *args, **(kwargs or {})) if drawn else func(*args, **(kwargs or {}))

    def uniform(self, size: Sequence[int]) -> Tensor:
        """The next draw: float32 of `size` in [0, 1), multiples of 2**-24."""
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
            return functional.dropout(input, p)  # torch says what is wrong
        kept = ((self.uniform(input.shape) >= p) * (1 / (1 - p) if p < 1 else 0.0)).to(input.dtype)
        return input.mul_(kept) if inplace else input * kept

    def rand(self, *size: Any, **settings: Any) -> Tensor:
        """`torch.rand`, of sizes one by one or in a sequence; with other settings than a device it is torch's own."""
        if settings.keys() - {"device"}:
            return torch.rand(*size, **settings)
        sizes = size[0] if len(size) == 1 and isinstance(size[0], Sequence) else size
        device = settings.get("device")
        return self.uniform(sizes).to(torch.get_default_device() if device is None else device)


DRAWN: dict[Any, Callable[..., Tensor]] = {functional.dropout: KeyedDraws.dropout, torch.rand: KeyedDraws.rand}


def philox(low: Tensor, high: Tensor, key: Tensor, rounds: int = ROUNDS) -> tuple[Tensor, Tensor]:
    """Philox2x32: two random words for each counter (low, high) and key; all are int64 in [0, 2**32)."""
    for _ in range(rounds):
        # The product's sign, where it has one, is the highest bit of 64: shifted and masked it is as if unsigned.
        product = low * MULTIPLIER
        low, high = ((product >> 32) & WORD) ^ key ^ high, product & WORD
        key = (key + WEYL) & WORD
    return low, high
