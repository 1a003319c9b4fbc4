"""What a training process does with the memory of one step: it keeps it for the next."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

PAGES = 1024

# Several blocks at once, as a step has tensors: with a single one the C library would learn to keep it by itself.
SCRIPT = f"""
import resource, sys
import numpy as np
from merbench.processes import keep_freed_memory

def step():
    return [np.ones({PAGES} * 4096, np.uint8) for _ in range(4)]

if sys.argv[1] == "kept":
    keep_freed_memory()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(memory: str) -> int:
    """How many the system had to give for 20 steps after the first, of four blocks of PAGES pages each."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, memory], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallopt"), reason="this C library lacks the switch"
)
def test_a_process_that_keeps_freed_memory_asks_the_system_for_that_of_the_first_step_alone() -> None:
    assert pages("kept") < PAGES < 10 * PAGES < pages("given back")
