"""The zoo can be imported by name, here and in other processes, and no process outlives the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from merbench.processes import end_processes


@pytest.fixture(autouse=True)
def zoo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parent)])
    monkeypatch.setenv("ZOO_HOME", str(os.getpid()))  # always, because other processes get it when they start


@pytest.fixture(autouse=True, scope="module")
def no_process_stays() -> Iterator[None]:
    """Processes stay between the checks of many specs, because torch takes seconds to import."""
    yield
    end_processes()
