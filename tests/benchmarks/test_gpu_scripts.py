"""The scripts for a lent GPU, with small runs on the CPU: what they save, and how a later call goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parent
SMALL = {
    "MODELS": "htnet",
    "SEEDS": "0",
    "RECIPE": "quick",
    "DEVICE": "cpu",
    "EVERY": "1",
    "EXTRA": "--folds casme2/sub0[12] --set epochs=1",
}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


def records(out: Path, real_data: Path, minutes: str, *earlier: str) -> str:
    """What one call prints."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    settings = {**os.environ, **SMALL, "PATH": path, "MERBENCH_REAL_DATA": str(real_data)}
    command = [str(SCRIPTS / "gpu_records.sh"), str(out), minutes, *earlier]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_later_call_goes_on_from_the_saved_folds(tmp_path: Path, real_data: Path) -> None:
    first = records(tmp_path / "first", real_data, "5")
    saved = tmp_path / "first" / "records.tar"
    with tarfile.open(saved) as tar:
        assert sum(Path(name).name == "record.json" for name in tar.getnames()) == 1
    second = records(tmp_path / "second", real_data, "5", str(saved))
    assert "train at once" in first
    assert "train at once" not in second  # the record is there, so nothing is trained
    assert "UF1 inner" in second


def test_a_call_without_time_keeps_what_was_saved_before(tmp_path: Path, real_data: Path) -> None:
    earlier = tmp_path / "earlier.tar"
    (tmp_path / "kept.json").write_text("{}", "utf-8")
    with tarfile.open(earlier, "w") as tar:
        tar.add(tmp_path / "kept.json", "a-run/kept.json")
    records(tmp_path / "out", real_data, "0", str(earlier))
    with tarfile.open(tmp_path / "out" / "records.tar") as tar:
        assert "./a-run/kept.json" in tar.getnames()
