"""Of a file that somebody else put there, no more is read than was asked for, and nobody waits for it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from merbench.files import HOST, file_name, locked, partial_name, read_bounded, replace_text


def test_a_file_is_read_whole_up_to_the_bound_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    assert read_bounded(tmp_path / "file", 4) == b"1234"
    assert read_bounded(tmp_path / "link", 4) == b"1234"


def test_of_a_longer_file_only_the_fault_is_told(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**40)  # without a block on disk
    with pytest.raises(OSError, match=r"larger than 1 MiB.*huge"):
        read_bounded(tmp_path / "huge", 2**20)


def test_a_pipe_that_nobody_writes_into_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"not a regular file.*pipe"):
        read_bounded(tmp_path / "pipe", 4)


def test_a_device_is_refused_whatever_it_would_give() -> None:
    with pytest.raises(OSError, match=r"not a regular file.*zero"):
        read_bounded(Path("/dev/zero"), 4)


def test_a_socket_a_folder_and_links_that_lead_nowhere_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for name in ("socket", "folder", "loop", "dangling"):
            with pytest.raises(OSError, match=name):
                read_bounded(Path(name), 4)


def test_what_killed_processes_left_beside_a_file_goes_and_files_of_others_stay(tmp_path: Path) -> None:
    dead = partial_name(tmp_path).name.replace(f".{os.getpid()}-", ".999999999-")
    elsewhere = dead.replace(HOST, "0" * 8)  # of a machine that shares the folder
    others = [".x.partial", ".12-download.partial", dead[1:], elsewhere, partial_name(tmp_path).name]
    for name in (*others, dead):
        (tmp_path / name).touch()
    replace_text(tmp_path / "file", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "file"])


def test_a_file_name_has_no_characters_that_some_file_system_lacks() -> None:
    assert file_name("my net: a/b\\c*?v1.0") == "my-net-a-b-c-v1.0"
    assert file_name("Größe", kept="a-z") == "-r-e"
    assert file_name("x" * 300, most=60) == "x" * 60


def test_a_lock_that_another_holds_is_not_waited_for_if_nobody_wants_to(tmp_path: Path) -> None:
    with locked(tmp_path / "file") as first, locked(tmp_path / "file", wait=False) as second:
        assert (first, second) == (True, False)
    with locked(tmp_path / "file", wait=False) as third:
        assert third
