"""The tests themselves pass whatever they inherit from whoever started them, and do not wait for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# How `nohup`, and some services that run tests, start what they run.
IGNORING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
WAITS = """
import os, signal

def test_it_waits(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    signal.setitimer(signal.ITIMER_REAL, 0.01)  # the limit, now
    open(tmp_path / "pipe")

def test_the_next_one_is_run():
    pass
"""


def of_pytest(*argv: str, begin: tuple[str, ...] = ()) -> str:
    """What pytest prints in a process of its own."""
    command = [sys.executable, *begin, "-m", "pytest", "-q", "-p", "no:cacheprovider", *argv]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE.parent).stdout


def test_a_test_that_interrupts_passes_where_it_was_started_with_interrupts_ignored() -> None:
    name = "tests/cli/test_plugins.py::test_an_interrupt_is_one_line_and_exit_code_130"
    assert "1 passed" in of_pytest(name, begin=("-c", IGNORING))


def test_a_test_that_waits_for_ever_fails_and_the_next_one_is_run(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_bytes((HERE / "conftest.py").read_bytes())
    (tmp_path / "pytest.ini").touch()  # not this project's
    (tmp_path / "test_waits.py").write_text(WAITS)
    told = of_pytest(str(tmp_path), "-c", str(tmp_path / "pytest.ini"))
    assert "Failed: it was not done after" in told
    assert "1 failed, 1 passed" in told
