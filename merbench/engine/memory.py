"""What happens when memory runs out in training: a one-line error, or on an accelerator smaller groups of folds."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from merbench.engine.task import FoldOutcome
from merbench.errors import TrainingError
from merbench.plugin.calls import memory_is_full
from merbench.protocols import Fold

__all__ = ["halved_if_full", "if_full"]


@contextmanager
def if_full(device: str, batch_size: int) -> Iterator[None]:
    """Wrap work that takes much memory.

    Args:
        device: the device of the work, for the message.
        batch_size: the present batch size, for the advice in the message.

    Raises:
        TrainingError: memory ran out in the block.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not memory_is_full(error):
            raise
        smaller = f", or use smaller batches (--set batch_size={batch_size // 2})" if batch_size > 1 else ""
        raise TrainingError(
            f"no memory is left on {device}; finished folds are kept; free memory and run again{smaller}"
        ) from error


def halved_if_full(
    train: Callable[[Sequence[Fold]], list[FoldOutcome]], folds: Sequence[Fold], device: str
) -> list[FoldOutcome]:
    """Train a group of folds; if memory runs out on an accelerator, train its halves one after the other, and so on.

    Each outcome of a smaller group has a note that says so. A run that is resumed halves its unfinished groups again.
    On a CPU nothing is halved, because the results would depend on the memory of the machine.

    Args:
        train: trains folds at once.
        folds: the group.
        device: the device of the folds.

    Raises:
        TrainingError: memory runs out for a single fold, or on a CPU; or what else `train` raises.
    """
    try:
        return train(folds)
    except TrainingError as error:
        if device == "cpu" or len(folds) == 1 or error.__cause__ is None or not memory_is_full(error.__cause__):
            raise
    # Here, where the error is gone: it kept the tensors of its frames.
    _give_back()
    middle = -(-len(folds) // 2)
    halves = [halved_if_full(train, half, device) for half in (folds[:middle], folds[middle:])]
    said = f"memory ran out for {len(folds)} folds at once, so its group was halved"
    return [replace(one, note=one.note or said) for half in halves for one in half]


def _give_back() -> None:
    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
