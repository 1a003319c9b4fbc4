"""The tests themselves: how long they take, and the twenty slowest of them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from tests.benchmarks.row import Row

SLOWEST = 20
PROCESSES = "3"  # as in tox.ini


def run(reference: Path | None) -> list[Row]:
    """The time of all tests, of those that are not slow, and of the slowest; `reference` is not used."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        whole = _seconds(f"--junit-xml={report}", f"--basetemp={folder}/tests")
        tests = durations(report)
        quick = _seconds("-m", "not slow", f"--basetemp={folder}/quick")
    return [
        Row("all tests", f"{whole / 60:.1f} min", f"{len(tests)} tests in {PROCESSES} processes"),
        Row("those that are not slow", f"{quick:.0f} s", f'pytest -n {PROCESSES} -m "not slow"'),
        *(Row(name, f"{seconds:.1f} s") for name, seconds in tests[:SLOWEST]),
    ]


def durations(report: Path) -> list[tuple[str, float]]:
    """The file and name of each test of pytest's XML report, with its seconds; the slowest first."""
    cases = ElementTree.parse(report).iter("testcase")
    found = [(f"{case.get('classname')}: {case.get('name')}", float(case.get("time", 0))) for case in cases]
    return sorted(found, key=lambda one: -one[1])


def _seconds(*options: str) -> float:
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-n", PROCESSES, *options]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # as in tox.ini
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=one_thread)
    return time.perf_counter() - started
