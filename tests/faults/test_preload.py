"""The library does what it is armed for: a bench whose faults do not happen would find that all is well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.preload import KINDS, VARIABLE, applicable, build, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")

ROOT = Path(__file__).parents[2]
# Writes ten bytes three times below the folder, and before that elsewhere; says what failed.
SCRIPT = """
import os, sys
from pathlib import Path
from tests.faults.preload import arm, disarm
folder, moment, kind = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if kind != "never":
    arm(folder, moment, kind)
(folder.parent / "elsewhere").write_bytes(b"0123456789")
if not os.fork():
    (folder / "forked").write_bytes(b"0123456789")
    os._exit(0)
os.wait()
for name in ("a", "b", "c"):
    try:
        (folder / f"{name}.partial").write_bytes(b"0123456789")
        os.replace(folder / f"{name}.partial", folder / name)
        (folder / name).read_bytes()
        os.mkdir(folder / f"{name}.d")
        os.rmdir(folder / f"{name}.d")
    except OSError as error:
        print(name, os.strerror(error.errno))
print(*disarm())
"""
OPERATIONS = "cwnorrmd" * 3  # of the script: open, write, rename, open, read and find the end, make a folder, remove it


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("library"))


def disturbed(library: Path, folder: Path, moment: int, kind: str) -> tuple[int, list[str]]:
    """How the script ended, and what it said."""
    folder.mkdir()
    environment = {**os.environ, VARIABLE: str(library), "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", SCRIPT, str(folder), str(moment), kind]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()


def sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}


def test_without_a_moment_nothing_fails_and_every_operation_counts(library, tmp_path):
    code, said = disturbed(library, tmp_path / "here", 1000, "full disk")
    assert (code, said) == (0, [f"{OPERATIONS} False"])
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b": 10, "c": 10}


def test_a_process_is_killed_before_the_operation(library, tmp_path):
    assert disturbed(library, tmp_path / "here", 10, "killed") == (-signal.SIGKILL, [])
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b.partial": 10}


def test_a_torn_write_leaves_half_and_ends_the_process(library, tmp_path):
    assert disturbed(library, tmp_path / "here", 9, "torn write") == (-signal.SIGKILL, [])
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b.partial": 5}


def test_a_full_disk_takes_what_there_is_room_for_and_then_nothing_more(library, tmp_path):
    code, said = disturbed(library, tmp_path / "here", 9, "full disk")
    assert code == 0
    assert said[:2] == ["b No space left on device", "c No space left on device"]
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b.partial": 5}


@pytest.mark.parametrize("operation", range(8))
def test_an_i_o_error_comes_once_at_any_operation(library, tmp_path, operation):
    code, said = disturbed(library, tmp_path / "here", 8 + operation, "i/o error")
    assert (code, said[0]) == (0, "b Input/output error")
    assert len(said) == 2
    assert said[1].endswith(" True")
    assert sizes(tmp_path / "here")["c"] == 10


def test_a_read_only_disk_refuses_every_change_and_can_be_read(library, tmp_path):
    code, said = disturbed(library, tmp_path / "here", 10, "read-only")
    assert code == 0
    assert said[:2] == ["b Read-only file system", "c Read-only file system"]
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b.partial": 10}


def test_without_descriptors_nothing_can_be_opened(library, tmp_path):
    code, said = disturbed(library, tmp_path / "here", 11, "no descriptors")
    assert code == 0
    assert said[:2] == ["b Too many open files", "c Too many open files"]
    assert sizes(tmp_path / "here") == {"forked": 10, "a": 10, "b": 10}


def test_only_what_can_hit_an_operation_is_tried_at_it():
    assert [kind for at, kind in applicable("r") if at == 0] == ["i/o error"]
    assert {kind for _, kind in applicable("cw")} == set(KINDS)
    assert [at for at, kind in applicable("cwnw") if kind == "torn write"] == [1, 3]
