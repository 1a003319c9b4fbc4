"""Hands the clips of one feature to a network, from a copy on the device or batch by batch from their file."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from merbench.engine.device import memory_budget
from merbench.mapping import RESIDENT, chunks, is_large, release
from merbench.protocols import Fold

__all__ = ["ClipTensor", "resident_bytes"]

DEVICE_SHARE = 0.5  # of the memory that a group of folds may plan to use


class ClipTensor:
    """The clips of one feature.

    An array in memory or a small mapped array is copied to the device once; on a CPU it is used without a copy. A large
    mapped array is copied if an accelerator has room for it. Otherwise each batch is read from its file, so that memory
    does not grow with the number of clips.

    Args:
        array: `[clips, ...]`, uint8 or float32.
        device: the device that the batches go to.
    """

    def __init__(self, array: np.ndarray, device: str) -> None:
        self.array, self.device, self.taken = array, device, 0
        self.resident = _copied(array, device) if _fits(array, device) else None

    def take(self, positions: Tensor) -> Tensor:
        """Return the clips at `positions` (any shape, on the device) as float32 `[*positions, ...]` on the device."""
        if self.resident is not None:
            return self.resident[positions].float()
        rows = torch.from_numpy(np.ascontiguousarray(self.array[positions.cpu().numpy()]))
        self.taken += rows.nbytes
        if self.taken > RESIDENT:
            release(self.array)
            self.taken = 0
        return rows.to(self.device).float()

    def moments(self, folds: Sequence[Fold]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each channel on each fold's training clips, shaped to broadcast over a batch.

        The deviation of a constant channel is 1. Arrays `[clips, channels, ...]` give `[folds, 1, channels, 1 ...]`.
        """
        # By size, wherever the clips are: another order of summation would change the last digit.
        pairs = self._summed(folds) if is_large(self.array) else [self._of_copy(fold) for fold in folds]
        means, deviations = zip(*pairs, strict=True)
        return torch.stack(means), torch.where((all_of := torch.stack(deviations)) > 0, all_of, 1.0)

    def _of_copy(self, fold: Fold) -> tuple[Tensor, Tensor]:
        seen = self.take(torch.as_tensor(fold.train, device=self.device))
        deviation, mean = torch.std_mean(seen, [0, *range(2, seen.ndim)], correction=0, keepdim=True)
        return mean, deviation

    def _summed(self, folds: Sequence[Fold]) -> list[tuple[Tensor, Tensor]]:
        """Compute moments from the channel sums of each clip, which are taken once for all folds."""
        axes = tuple(range(2, self.array.ndim))
        sums = [
            (rows.sum(axes, np.float64), np.square(rows, dtype=np.float64).sum(axes)) for rows in chunks(self.array)
        ]
        first, second = (np.concatenate(part) for part in zip(*sums, strict=True))
        size = np.prod(self.array.shape[2:], dtype=np.float64)
        shape = (1, -1, *(1 for _ in axes))
        pairs = []
        for fold in folds:
            mean = first[fold.train].mean(0) / size
            variance = np.maximum(second[fold.train].mean(0) / size - mean**2, 0)
            both = (torch.as_tensor(one.reshape(shape), dtype=torch.float32) for one in (mean, np.sqrt(variance)))
            pairs.append((next(both).to(self.device), next(both).to(self.device)))
        return pairs


def resident_bytes(arrays: Sequence[np.ndarray], device: str) -> int:
    """Bytes of accelerator memory that large features take, besides the folds; 0 on a CPU, which needs no copies."""
    large = (array for array in arrays if array.nbytes > RESIDENT)
    return 0 if device == "cpu" else sum(array.nbytes for array in large if _fits(array, device))


def _fits(array: np.ndarray, device: str) -> bool:
    if not is_large(array):
        return True
    return device != "cpu" and array.nbytes <= DEVICE_SHARE * memory_budget(device)


def _copied(array: np.ndarray, device: str) -> Tensor:
    if device == "cpu" or not is_large(array):
        return _tensor(array, device)
    there = torch.empty(array.shape, dtype=_tensor(array[:1], "cpu").dtype, device=device)
    start = 0
    for rows in chunks(array):
        there[start : start + len(rows)] = _tensor(rows, device)
        start += len(rows)
    return there


def _tensor(array: np.ndarray, device: str) -> Tensor:
    """The array as a tensor that nobody writes to: an executor may share it among processes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.as_tensor(array, device=device)
