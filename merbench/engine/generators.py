"""Seeds the global generators of Python, NumPy and torch while a plugin's code runs, and restores them afterwards."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["drawn_so_far", "seeded"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, NumPy and torch within the block, and restore them afterwards.

    Torch is seeded only if it has been imported; this module does not import it.
    """
    python, numpys = random.getstate(), np.random.get_state()
    try:
        with _torch_seeded(seed):
            random.seed(seed)
            np.random.seed(seed)
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpys)


@contextmanager
def _torch_seeded(seed: int) -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    devices = [torch.cuda.current_device()] if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def drawn_so_far() -> tuple[object, ...]:
    """The state of Python's and NumPy's generators: equal before and after a block that used neither."""
    name, words, *rest = np.random.get_state(legacy=True)
    return random.getstate(), name, np.asarray(words).tobytes(), *rest
