"""Runs in the jobs of a Slurm array, with submitit's stand-in for Slurm on this machine."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import merbench
from merbench.engine import units
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.testing import check_executor
from merbench.testing.executors import ExecutorToys
from tests.clusters.test_ray import record, run

pytest.importorskip("submitit", reason="submitit is not installed: pip install 'merbench[slurm]'")
from merbench_slurm.share import WORK

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # submitit's own warnings

SLURM = Registry(load(allow=())).executors.get("slurm")


@pytest.fixture
def local(tmp_path: Path) -> str:
    """The executor on this machine with one job, and the shared folder `shared`."""
    (tmp_path / "shared").mkdir()
    return f"slurm:cluster=local,jobs=1,folder={tmp_path / 'shared'}"


def test_slurm_keeps_the_rules_of_an_executor(tmp_path) -> None:
    found = check_executor(SLURM, options={"cluster": "local", "jobs": 1, "folder": str(tmp_path)})
    assert {one.result for one in found} == {"passed"}
    assert list(tmp_path.iterdir()) == [], "what travels is removed"


def test_a_job_that_is_killed_is_begun_again_and_loses_no_finished_fold(local, tmp_path) -> None:
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "deaths=1"]
    assert run(tmp_path / "out", *options, "--executor", local) == 0
    assert (tmp_path / "death-0").exists()
    assert len(record(tmp_path / "out")["folds"]) == 3


def test_a_fold_that_kills_its_job_again_is_told(local, tmp_path, capsys) -> None:
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "deaths=99", "--folds", "*/*1"]
    assert run(tmp_path / "out", *options, "--executor", local) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert " was lost 2 times (" in last
    assert "run the same command again" in last
    assert sorted(path.name for path in tmp_path.glob("death-*")) == ["death-0", "death-1"]


def test_a_job_that_cannot_write_its_outcome_is_told_and_not_repeated_for_ever(local, tmp_path, capsys) -> None:
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "full=true", "--folds", "*/*1"]
    assert run(tmp_path / "out", *options, "--executor", local) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert " was lost 2 times (" in last
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_full_disk_where_the_work_is_to_lie_is_one_line(local, tmp_path, capsys, monkeypatch) -> None:
    whole = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == WORK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    assert run(tmp_path / "out", "--model", "majority", "--executor", local) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert f"{tmp_path / 'shared'} cannot be written (No space left on device); choose another folder=PATH" in last
    assert list((tmp_path / "shared").iterdir()) == []


def test_a_job_with_other_software_is_refused(tmp_path) -> None:
    toys = ExecutorToys(SLURM, {"cluster": "local", "jobs": 1, "folder": str(tmp_path)})
    work = units.replace(toys.work, software={**toys.work.software, "torch": "0.1"})
    with pytest.raises(merbench.MerbenchError, match=r"other software: torch is .* there, and 0\.1 where"):
        toys.computed(work, toys.units)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("", 'the jobs cannot be handed in (Could not detect "srun"'),
        ("cluster=pbs", "slurm:cluster=pbs: it is slurm or local"),
        ("folder=/nowhere/at/all", "/nowhere/at/all cannot be written (No such file or directory)"),
        ("minute=3", "executor slurm has no option 'minute' (nearest: minutes"),
    ],
)
def test_what_cannot_be_handed_in_is_one_line(options, said, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path, "--model", "majority", "--executor", f"slurm:{options}") == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert said in last
    assert not list(tmp_path.glob("merbench-slurm-*"))


def test_each_task_of_a_job_takes_one_of_its_gpus(monkeypatch) -> None:
    from merbench_slurm.share import _take_gpu

    for rank, wanted in ((0, "4"), (1, "7"), (2, "4")):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
        _take_gpu(rank, 3)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == wanted
