"""What several test modules share: the real data, the parity cases, and a user's own empty home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; without MERBENCH_REAL_DATA the test is skipped, with it a missing file is a failure."""
    named = os.environ.get("MERBENCH_REAL_DATA")
    if not named:
        pytest.skip("MERBENCH_REAL_DATA is not set: it names the folder with the flow release of the composite")
    return Path(named)


@pytest.fixture(scope="session")
def golden(real_data: Path) -> Path:
    """The folder of parity cases computed with the authors' own code."""
    return real_data.parent / "golden"


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes the configuration of whoever runs it."""
    # One for all: what a test keeps there is under a name that says what it was computed from.
    shared = tmp_path_factory.getbasetemp()
    monkeypatch.setenv(
        "MERBENCH_CACHE", str((shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "cache")
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    for name in ("MERBENCH_DATA", "MERBENCH_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
