"""Python's, NumPy's and torch's own generators: seeded while a plugin's code runs, and then as they were before."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

__all__ = ["drawn_so_far", "seeded"]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Within the block, what is drawn from Python's `random`, NumPy's global generator and torch's follows from `seed`.
    The caller's own draws go on after it as if nothing had been drawn.

    Torch is seeded where it has been imported; nothing here imports it.
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
    """Where Python's and NumPy's generators are: equal before and after a block that drew from neither."""
    name, words, *rest = np.random.get_state(legacy=True)
    return random.getstate(), name, np.asarray(words).tobytes(), *rest
