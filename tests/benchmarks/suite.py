"""The tests themselves: how long they take, and the twenty slowest of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.row import Row

SLOWEST = 20
PROCESSES = "3"  # as in tox.ini
DURATION = re.compile(r"^([\d.]+)s (call|setup|teardown) +(.+)$", re.MULTILINE)


def run(reference: Path | None) -> list[Row]:
    """The time of all tests, of those that are not slow, and of the slowest; `reference` is not used."""
    whole, said = _timed("--durations", str(SLOWEST))
    quick, _ = _timed("-m", "not slow")
    return [
        Row("all tests", f"{whole / 60:.1f} min", f"pytest -n {PROCESSES}"),
        Row("those that are not slow", f"{quick:.0f} s", f'pytest -n {PROCESSES} -m "not slow"'),
        *slowest(said),
    ]


def slowest(said: str) -> list[Row]:
    """The rows of what `pytest --durations` says, in its order: the slowest first."""
    return [Row(f"`{test}`", f"{float(seconds):.1f} s", part) for seconds, part, test in DURATION.findall(said)]


def _timed(*options: str) -> tuple[float, str]:
    """The seconds of a run by the clock, and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-n", PROCESSES, "--basetemp", f"{folder}/tests", *options]
        started = time.perf_counter()
        # One thread in each process, as in tox.ini.
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
        )
        taken = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"the tests fail, so their time says nothing:\n{done.stdout[-2000:]}")
    return taken, done.stdout
