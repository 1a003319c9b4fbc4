"""Where and how precisely to compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import torch

from merbench.errors import OptionError

__all__ = ["CPU_CEILING", "autocast", "choose_device", "choose_precision", "free_memory", "memory_budget", "threads"]

# Share of the free memory that a group of folds may plan to use; the rest is for what the estimate cannot see.
CUDA_SHARE = 0.8
CPU_SHARE = 0.5
CPU_CEILING = 3 * 2**30  # bytes: a benchmark on someone's laptop should leave the laptop usable


def choose_device(asked: Literal["auto", "cpu", "cuda", "mps"]) -> Literal["cpu", "cuda", "mps"]:
    """`cpu`, `cuda` or `mps` for `asked` (one of those, or `auto`: the first accelerator there is).

    Raises:
        OptionError: the device asked for is not there.
    """
    there: dict[Literal["cpu", "cuda", "mps"], bool] = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if asked == "auto":
        return next(name for name, is_there in there.items() if is_there)
    if not there[asked]:
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise OptionError(f"--device {asked}: torch finds no such device here (found: {found}); use --device auto")
    return asked


def choose_precision(precision: str, device: str) -> None:
    """Sets torch's float32 matrix products to what `precision` means, or says why that cannot be had.

    Raises:
        OptionError: TF32 was asked for elsewhere than on CUDA.
    """
    if precision == "tf32" and device != "cuda":
        raise OptionError(f"--precision tf32 needs a CUDA device, not {device}; use fp32 or bf16")
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """The context in which forward passes run: bfloat16 where `precision` is `bf16`, else nothing special."""
    return torch.autocast(device, dtype=torch.bfloat16) if precision == "bf16" else nullcontext()


@contextmanager
def threads(most: int) -> Iterator[None]:
    """Within the block, torch computes on at most so many threads of the CPU."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, most))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def memory_budget(device: str) -> int:
    """Bytes that one group of folds may plan to use on `device`."""
    if device == "cuda":
        return int(torch.cuda.mem_get_info()[0] * CUDA_SHARE)
    return min(free_memory(), CPU_CEILING)


def free_memory() -> int:
    """Bytes of the machine's free memory that all processes of a run may plan to use together."""
    import psutil

    return int(psutil.virtual_memory().available * CPU_SHARE)
