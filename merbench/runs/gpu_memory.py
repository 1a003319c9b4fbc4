"""Notices a model that keeps GPU memory: what its folds leave behind, one after another."""

from __future__ import annotations

import gc
from itertools import pairwise

from merbench.plugin.calls import Author

__all__ = ["LeftOnGPU"]

# Grows in a row that are no chance: a library may fill a cache of its own in the first units, but not in each.
GROWTHS = 3
LEAST = 10**6  # bytes: less is not worth a line, because no run has so many units that it would matter


class LeftOnGPU:
    """Measures the GPU memory that is still in use between the units of a run.

    A unit ends with nothing on the GPU that was not there before it. If the memory grows with each unit, the model's
    code keeps tensors, and a long run will fail for lack of memory. Only for runs on CUDA.

    Args:
        author: the owner of the model's code.
    """

    def __init__(self, author: Author) -> None:
        self.author = author
        self.in_use: list[int] = []  # bytes, after each unit
        self.said = False

    def after_unit(self) -> str:
        """A sentence that names the model, the first time that the memory has grown with each of some units; else
        empty. Also empty if the units are computed in other processes, whose memory is not seen here."""
        self.in_use.append(_bytes_in_use(sum(self.in_use[-1:])))
        last = self.in_use[-GROWTHS - 1 :]
        grown = [later - before for before, later in pairwise(last)]
        if self.said or len(grown) < GROWTHS or min(grown) < LEAST:
            return ""
        self.said = True
        return (
            f"{self.author} keeps GPU memory: {min(grown) / 1e6:.0f} MB more after each of the last {GROWTHS} units, "
            f"{last[-1] / 1e6:.0f} MB now; its code keeps tensors of finished folds, e.g. in a list of its module: "
            "delete them, or move them to the CPU"
        )


def _bytes_in_use(before: int) -> int:
    import torch

    # The work memory of matrix products, one for each stream; torch's own CudaMemoryLeakCheck leaves it out too
    # (torch/testing/_internal/common_utils.py).
    torch._C._cuda_clearCublasWorkspaces()
    if torch.cuda.memory_allocated() > before:
        gc.collect()  # a network in a cycle of references is not kept
    return torch.cuda.memory_allocated()
