"""The device, precision, threads and memory that training uses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from merbench.errors import OptionError

__all__ = [
    "CPU_CEILING",
    "Fetched",
    "autocast",
    "choose_device",
    "choose_precision",
    "free_memory",
    "memory_budget",
    "require_compiler",
    "threads",
    "visible_gpus",
]

# Share of the free memory that a group of folds may plan to use; the rest covers what the estimate misses.
CUDA_SHARE = 0.8
CPU_SHARE = 0.5
CPU_CEILING = 3 * 2**30  # bytes: a laptop should stay usable during a benchmark


def choose_device(asked: Literal["auto", "cpu", "cuda", "mps"]) -> Literal["cpu", "cuda", "mps"]:
    """Return the device to use: `asked`, or for `auto` the first accelerator that torch finds, else the CPU.

    Raises:
        OptionError: torch does not find the requested device.
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
        raise OptionError(f"--device {asked}: torch does not find this device (found: {found}); use --device auto")
    return asked


def require_compiler(device: str) -> None:
    """Check that `torch.compile` has the compiler that it needs for a device.

    Raises:
        OptionError: it has none.
    """
    if device == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "c++", "clang++"))):
        raise OptionError("--compile needs a C++ compiler on a CPU, such as g++; install one, or leave out --compile")
    if device == "mps":
        raise OptionError("--compile is not tested on mps; leave it out, or use --device cpu")


def visible_gpus() -> list[str]:
    """The GPUs that CUDA may use, as `CUDA_VISIBLE_DEVICES` names them."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    return named.split(",") if named else [str(number) for number in range(torch.cuda.device_count())]


def choose_precision(precision: str, device: str) -> None:
    """Set the precision of torch's float32 matrix products.

    Raises:
        OptionError: `precision` is `tf32` and the device is not CUDA.
    """
    if precision == "tf32" and device != "cuda":
        raise OptionError(f"--precision tf32 needs a CUDA device, not {device}; use fp32 or bf16")
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"


def autocast(precision: str, device: str) -> AbstractContextManager[object]:
    """The context for forward passes: bfloat16 if `precision` is `bf16`, else no change."""
    return torch.autocast(device, dtype=torch.bfloat16) if precision == "bf16" else nullcontext()


class Fetched:
    """A copy of a tensor on its way from the device; the host goes on, and so does the device.

    Args:
        tensor: on any device.
    """

    def __init__(self, tensor: Tensor) -> None:
        self.copy = tensor.detach().to("cpu", non_blocking=tensor.is_cuda)
        self.arrived = torch.cuda.Event() if tensor.is_cuda else None  # type: ignore[no-untyped-call]
        if self.arrived is not None:
            self.arrived.record()

    def numpy(self) -> np.ndarray:
        """Wait for the copy, but not for work that was queued after it."""
        if self.arrived is not None:
            self.arrived.synchronize()
        return self.copy.numpy()


@contextmanager
def threads(most: int | None) -> Iterator[None]:
    """Limit torch to `most` CPU threads within the block; None for no limit."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, most or before))
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
    """Bytes of free memory that all processes of a run together may plan to use."""
    import psutil

    return int(psutil.virtual_memory().available * CPU_SHARE)
