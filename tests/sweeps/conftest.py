"""A sweep of small models in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.cli import main

SMALL = Path(__file__).with_name("small.py")

Sweep = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run, with features of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(SMALL.parent)])  # of `sweep_net`
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SMALL_ONCE", str(tmp_path / "once"))
    return tmp_path


@pytest.fixture
def sweep(folder: Path) -> Sweep:
    """Carries out a sweep with this text, on the dataset `little` if it names none: `sweep('model = "steady"')`."""

    def carry_out(text: str, *argv: str) -> int:
        dataset = "" if text.startswith("dataset") else 'dataset = "little"\n'
        (folder / "some.toml").write_text(f"{dataset}{text}\n", "utf-8")
        return main(["--plugin", str(SMALL), "sweep", "some.toml", *argv])

    return carry_out


@pytest.fixture
def command(folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Starts `merbench` in a process of its own."""

    def start(*argv: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "merbench", "--plugin", str(SMALL), *argv]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)

    return start
