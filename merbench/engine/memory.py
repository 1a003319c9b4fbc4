"""Turns memory that runs out in training into a one-line error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from merbench.errors import TrainingError
from merbench.plugin.calls import memory_is_full

__all__ = ["if_full"]


@contextmanager
def if_full(device: str, batch_size: int) -> Iterator[None]:
    """Around work that takes memory.

    Args:
        device: the work's, for the error.
        batch_size: that it has now, for the advice.

    Raises:
        TrainingError: no memory was left while the block ran.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not memory_is_full(error):
            raise
        smaller = f", or take smaller batches (--set batch_size={batch_size // 2})" if batch_size > 1 else ""
        raise TrainingError(
            f"no memory is left on {device}; finished folds are kept; make room and run again{smaller}"
        ) from error
