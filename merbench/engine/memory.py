"""Turns a lack of memory in training into a one-line error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from merbench.errors import TrainingError
from merbench.plugin.calls import memory_is_full

__all__ = ["if_full"]


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
