"""A process that is ended, or a disk that takes nothing more, costs what was in flight and nothing else."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from merbench.errors import ConfigError, OutputError
from merbench.features.compute import arrays_digest
from merbench.features.store import kept, store_path
from merbench.files import HOST
from tests.features.extraction import Lay, Notes, Told, command, files, found, found_elsewhere


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_a_kill_only_what_was_in_flight_is_computed_again(toys: Lay, computed: Told, jobs: int) -> None:
    toys(12)
    killed = found_elsewhere("toy-light", jobs=jobs, TOYS_KILL="8")
    assert killed.returncode == -9
    assert len(computed()) >= 8
    there = len(files("clip"))
    assert there >= 8 - jobs
    progress = Notes()
    whole = found("toy-light", progress=progress)
    assert len(computed()) == 12 - progress.finished <= 12 - there
    assert (progress.units, progress.finished + progress.done) == (12, 12)
    assert whole[0].shape == (12, 3)
    assert list(store_path().rglob("*.partial")) == []


def test_a_process_that_is_ended_from_outside_is_one_line_and_costs_no_more_than_its_clips(
    toys: Lay, computed: Told, monkeypatch
) -> None:
    toys(12)
    monkeypatch.setenv("TOYS_KILL", "5")
    with pytest.raises(OutputError, match=r"ended from outside.*fewer --jobs"):
        found("toy-light", jobs=2)
    assert len(files("clip")) >= 3
    computed()
    monkeypatch.delenv("TOYS_KILL")
    assert found("toy-light", jobs=2)[0].shape == (12, 3)
    assert len(computed()) <= 9


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_what_is_finished(toys: Lay, computed: Told, monkeypatch) -> None:
    toys()
    monkeypatch.setenv("TOYS_STOP", "4")
    with pytest.raises(KeyboardInterrupt):
        found("toy-light")
    assert len(computed()) == 4
    monkeypatch.delenv("TOYS_STOP")
    found("toy-light")
    assert len(computed()) == 3


def test_two_processes_at_once_give_the_same_and_leave_each_result_once(toys: Lay) -> None:
    toys(12)
    both = [subprocess.Popen(command("toy-sum", 2), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    digests = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert digests == {arrays_digest(found("toy-sum")) + "\n"}
    assert [one.clips for one in kept(store_path()) if one.name == "toy-sum"] == [12]


def test_what_a_killed_process_left_is_cleared_by_the_next_run_although_nothing_is_missing(toys: Lay) -> None:
    toys()
    found("toy-sum")
    left = store_path() / "toy-light@plain-v1" / f".999999999-{HOST}{'0' * 16}.partial"
    probe = store_path() / f".999999999-{HOST}{'0' * 16}.partial"
    for one in (left, probe):
        one.touch()
    found("toy-sum")
    assert not left.exists()
    assert not probe.exists()


def test_a_full_disk_is_one_line_and_keeps_what_is_finished(toys: Lay, computed: Told) -> None:
    toys(12)
    argv = command("toy-video")  # a clip's file has 772 bytes, that of all more than 6000
    argv[2] = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n" + argv[2]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "OutputError: the feature store" in done.stderr
    assert "finished clips are stored" in done.stderr
    assert len(computed()) == 12
    found("toy-video")
    assert computed() == []


def test_a_disk_without_room_for_an_entry_is_one_line_too(toys: Lay, monkeypatch) -> None:
    toys()
    argv = command("toy-light", 2)
    argv[2] = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n" + argv[2]
    monkeypatch.delenv("TOYS_LOG")
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "OutputError: the feature store" in done.stderr


def test_without_a_place_to_write_features_are_computed_in_memory(toys: Lay, computed: Told, monkeypatch) -> None:
    toys()
    kept_on_disk = arrays_digest(found("toy-sum", "toy-video"))
    computed()
    monkeypatch.setenv("MERBENCH_CACHE", "/proc/merbench")
    progress = Notes()
    assert arrays_digest(found("toy-sum", "toy-video", jobs=2, progress=progress)) == kept_on_disk
    assert len(computed()) == 12
    assert progress.notes == ["/proc/merbench/features cannot be written, so features are computed again in every run"]


def test_a_cache_that_is_no_folder_is_told(toys: Lay, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"MERBENCH_CACHE names .* not a folder"):
        store_path()


def test_a_disk_that_gives_back_something_else_is_told(toys: Lay, monkeypatch) -> None:
    toys()
    monkeypatch.setattr("merbench.features.store._read", lambda path: np.dtype("damaged"))
    with pytest.raises(OutputError, match="does not return what is written"):
        found("toy-video")
