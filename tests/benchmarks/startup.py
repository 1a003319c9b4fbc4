"""How long the command line takes to answer: a fresh process each time, files warm in the system's cache."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.row import Row

REPEATS = 5
COMMANDS = ("--help", "list", "plugins")


def run(reference: Path | None) -> list[Row]:
    """Seconds from start to exit; `reference` has no part in it."""
    executable = Path(sys.executable).with_name("merbench")
    return [
        Row(f"merbench {command}", f"{seconds([str(executable), command]):.2f} s", f"warm, median of {REPEATS}")
        for command in COMMANDS
    ]


def seconds(command: list[str]) -> float:
    """Median wall time of a command that must succeed; a first run warms the cache and does not count."""
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])
