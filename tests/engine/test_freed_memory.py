"""What a training process does with the memory of one step: it keeps it for the next."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCKS, PAGES = 200, 1024

SCRIPT = f"""
import resource, sys
import numpy as np
from merbench.processes import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()
def touch():
    np.ones({PAGES} * 4096, np.uint8)
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({BLOCKS}):
    touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    """Pages that the system had to give for blocks that are freed one after another."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, mode], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux alone has the switch")
def test_a_process_that_keeps_freed_memory_asks_the_system_for_the_first_block_alone() -> None:
    assert faults("keep") < PAGES // 2
