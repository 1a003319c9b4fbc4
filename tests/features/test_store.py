"""Finding out whether features can be kept leaves nothing behind, nor does clearing them beside a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.features.store import Kept, clear, writable
from merbench.files import HOST, partial_name

KILLED = """
import os, signal, sys
from pathlib import Path
from merbench.features.store import writable

def kill(*anything, **more):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(Path, sys.argv[2], kill)
writable(Path(sys.argv[1]))
"""


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    assert writable(tmp_path / "store")
    assert names(tmp_path / "store") == []


def test_the_probe_of_a_killed_process_is_cleared_by_the_next_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "unlink"], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = names(tmp_path)
    assert left.endswith(".partial")
    assert writable(tmp_path)
    assert names(tmp_path) == []


def test_the_probe_of_a_living_process_stays_and_so_does_what_lies_deeper(tmp_path: Path) -> None:
    (tmp_path / "flow@-v1").mkdir()
    (tmp_path / "flow@-v1" / ".x.partial").touch()  # looked for where that feature is written
    living = partial_name(tmp_path).name.replace(f".{os.getpid()}-", f".{os.getppid()}-")
    (tmp_path / living).touch()
    assert writable(tmp_path)
    assert names(tmp_path) == [living, "flow@-v1"]
    assert names(tmp_path / "flow@-v1") == [".x.partial"]


def test_what_cannot_be_cleared_does_not_make_the_folder_unwritable(tmp_path: Path) -> None:
    (tmp_path / f".999999999-{HOST}{'0' * 16}.partial").mkdir()
    assert writable(tmp_path)


def test_features_are_cleared_although_a_run_stores_one_at_that_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "flow@-v1"
    folder.mkdir()
    really = os.rmdir
    late = [folder / "one.clip", folder / "two.clip"]

    def rmdir(path: str, **more: int) -> None:
        if late:
            late.pop().touch()
        really(path, **more)

    monkeypatch.setattr(os, "rmdir", rmdir)
    clear([Kept("flow", "", 1, 0, 0, folder)])
    assert not late
    assert names(tmp_path) == []
