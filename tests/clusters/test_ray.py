"""Runs on a Ray cluster: the same records, also if workers and machines are lost."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import merbench
from merbench.cli import main
from merbench.engine import units
from merbench.errors import ConfigError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.testing import check_executor
from merbench.testing.executors import ExecutorToys

ray = pytest.importorskip("ray", reason="ray is not installed: pip install 'merbench[ray]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # Ray's own warnings

MORTAL = Path(__file__).with_name("mortal.py")
RAY = Registry(load(allow=())).executors.get("ray")
MODELS = {
    "an estimator": ["--model", "flow-lr"],
    "networks one at a time": ["--model", "ststnet", "--set", "epochs=2"],
    "networks that train together": [
        *("--model", "htnet", "--recipe", "quick", "--set", "epochs=2", "--set", "dim=8", "--set", "heads=1"),
        *("--set", "block_repeats=1,1,1"),
    ],
}
PATIENCE = 120.0  # seconds


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two machines with one core each, both on this one."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "env_vars": {"TOY_MACHINE": "head"}})
    made.other = made.add_node(num_cpus=1, env_vars={"TOY_MACHINE": "other"})
    made.wait_for_nodes()
    yield made
    made.shutdown()
    with warnings.catch_warnings(action="ignore"):  # Ray leaves processes to the garbage collector, which warns
        del made
        gc.collect()


def record(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*/record.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def run(out: Path, *options: str) -> int:
    return main(["--plugin", str(MORTAL), "run", "--dataset", "tiny", "--device", "cpu", "--out", str(out), *options])


def test_ray_keeps_the_rules_of_an_executor(cluster) -> None:
    assert {one.result for one in check_executor(RAY, options={"address": cluster.address})} == {"passed"}


@pytest.mark.parametrize("model", MODELS)
def test_a_cluster_of_two_machines_gives_the_record_of_this_machine(model, cluster, tmp_path) -> None:
    for name in ("local", f"ray:{cluster.address}"):
        assert run(tmp_path / name[:3], *MODELS[model], "--executor", name) == 0
    here, there = record(tmp_path / "loc"), record(tmp_path / "ray")
    for key in ("id", "plan", "predictions", "scores"):
        assert here[key] == there[key]
    assert [one["loss"] for one in here["folds"]] == [one["loss"] for one in there["folds"]]
    assert sum(machine["folds"] for machine in there["environment"]["machines"]) == len(there["folds"])


def test_a_worker_that_is_killed_loses_nothing(cluster, tmp_path) -> None:
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "deaths=1"]
    assert run(tmp_path / "out", *options, "--executor", f"ray:{cluster.address}") == 0
    assert (tmp_path / "death-0").exists()
    assert len(record(tmp_path / "out")["folds"]) == 3


def test_a_fold_that_kills_its_worker_again_is_told_and_the_others_are_kept(cluster, tmp_path, capsys) -> None:
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "deaths=99", "--folds", "*/*1"]
    assert run(tmp_path / "out", *options, "--executor", f"ray:{cluster.address}") == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert " was lost twice (" in last
    assert "run the same command again" in last
    assert sorted(path.name for path in tmp_path.glob("death-*")) == ["death-0", "death-1"]


def test_a_machine_that_is_lost_loses_nothing(cluster, tmp_path) -> None:
    lost = threading.Thread(target=_take_away, args=(cluster, tmp_path))
    lost.start()
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "waits=true"]
    try:
        assert run(tmp_path / "out", *options, "--executor", f"ray:{cluster.address}") == 0
    finally:
        lost.join()
        cluster.other = cluster.add_node(num_cpus=1, env_vars={"TOY_MACHINE": "other"})
    assert [*tmp_path.glob("begun-other-*")]
    assert len(record(tmp_path / "out")["folds"]) == 3


def _take_away(cluster: Any, folder: Path) -> None:
    """Remove the other machine while a fold is computed on it."""
    until = time.monotonic() + PATIENCE
    while not [*folder.glob("begun-other-*")] and time.monotonic() < until:
        time.sleep(0.05)
    cluster.remove_node(cluster.other, allow_graceful=False)
    (folder / "go").touch()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_same_command_continues_after_the_driver_was_stopped(sent, cluster, tmp_path, interruptible) -> None:
    argv = ["--plugin", str(MORTAL), "run", "--dataset", "tiny", "--out", str(tmp_path / "out"), "--model", "mortal"]
    argv += ["--set", f"folder={tmp_path}", "--set", "waits=true", "--executor", f"ray:{cluster.address}"]
    driver = subprocess.Popen([sys.executable, "-m", "merbench", *argv], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + PATIENCE
    while not [*tmp_path.glob("begun-*")] and time.monotonic() < until:
        time.sleep(0.05)
    os.kill(driver.pid, sent)
    _, err = driver.communicate(timeout=PATIENCE)
    assert driver.returncode != 0
    assert "Traceback" not in err
    (tmp_path / "go").touch()
    assert main(argv) == 0
    assert len(record(tmp_path / "out")["folds"]) == 3


@pytest.mark.parametrize(
    ("address", "why"),
    [("127.0.0.1:9", "ConnectionRefusedError: "), ("somewhere", "ValueError: an address is HOST:PORT")],
)
def test_a_cluster_that_cannot_be_reached_is_one_line(address, why, tmp_path, capsys) -> None:
    assert run(tmp_path, "--model", "flow-lr", "--executor", f"ray:{address}") == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith(f"merbench: error: --executor ray: no cluster can be reached at {address} ({why}")
    assert last.endswith("; start one: ray start --head")


def test_units_that_no_machine_is_left_for_are_told(cluster, tmp_path, capsys, monkeypatch) -> None:
    from merbench_ray import runner

    machines, asked = runner._machines, []
    # The machines are there when the units are handed in, and gone afterwards.
    monkeypatch.setattr(runner, "_machines", lambda: [] if len(asked) > 3 else asked.append(1) or machines())
    monkeypatch.setattr(runner, "ALONE", 0.5)
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "waits=true"]
    assert run(tmp_path / "out", *options, "--executor", f"ray:{cluster.address}") == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert "no machine of the cluster has 1 CPU any more" in last
    (tmp_path / "go").touch()


def test_a_unit_whose_memory_nobody_knows_gets_a_whole_gpu(cluster) -> None:
    from merbench_ray.runner import _gpu_share

    assert _gpu_share(ExecutorToys(RAY).work) == 1.0


def test_a_machine_that_cannot_load_the_work_is_one_line(cluster) -> None:
    toys = ExecutorToys(RAY, {"address": cluster.address})
    with pytest.raises(
        merbench.MerbenchError, match=r"cannot compute toy-\d \(.*no such module.*; it needs the same"
    ) as told:
        toys.computed(toys.work_of(units.replace(toys.task, build=_unknown)), toys.units)
    assert "\n" not in str(told.value)


def _unknown() -> None:
    raise ModuleNotFoundError("no such module: elsewhere")


def test_a_machine_with_other_software_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    toys = ExecutorToys(RAY, {"cores": 1})
    software = {**toys.work.software, "torch": "0.1"}
    work = units.Work(toys.task, toys.work.grouping, dict, software)
    with pytest.raises(ConfigError, match=r"other software: torch is .* there, and 0\.1 where the run was started"):
        toys.computed(work, toys.units)


def test_a_gpu_is_asked_of_a_cluster_that_has_none(cluster, tmp_path) -> None:
    toys = ExecutorToys(RAY, {"address": cluster.address})
    task = units.replace(toys.task, device="cuda")
    with pytest.raises(merbench.OptionError, match="no machine of the cluster has a GPU; use --device cpu"):
        toys.computed(toys.work_of(task), toys.units)


def test_a_fold_for_which_memory_runs_out_is_tried_twice_and_told(tmp_path, capfd, monkeypatch) -> None:
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.0")  # of a cluster of its own: each worker has too much
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    options = ["--model", "mortal", "--set", f"folder={tmp_path}", "--set", "waits=true", "--folds", "*/*1"]
    assert run(tmp_path / "out", *options, "--executor", "ray:cores=1") == 2
    (tmp_path / "go").touch()
    err = capfd.readouterr().err
    assert " was lost twice (OutOfMemoryError: " in err.splitlines()[-1]
    assert len([*tmp_path.glob("begun-*")]) <= 2
