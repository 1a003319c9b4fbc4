"""Where the folds of a run are computed changes nothing but the environment in its record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main

ZOO = Path(__file__).parents[1] / "testing" / "zoo_executors.py"
RUN = ["run", "--model", "flow-lr", "--dataset", "tiny"]


def record(out: Path) -> dict[str, Any]:
    (path,) = out.glob("*/record.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_an_executor_of_a_plugin_gives_the_same_record_and_the_record_describes_the_machines(tmp_path) -> None:
    for name in ("local", "backwards"):
        full = {"local": "merbench:local", "backwards": "backwards"}[name]
        assert main(["--plugin", str(ZOO), *RUN, "--executor", full, "--out", str(tmp_path / name)]) == 0
    here, there = (record(tmp_path / name) for name in ("local", "backwards"))
    for key in ("id", "plan", "predictions", "scores"):
        assert here[key] == there[key]
    (machine,) = there["environment"]["machines"]
    assert machine["folds"] == len(there["folds"])
    assert machine["hardware"] == here["environment"]["hardware"]
    assert "machines" not in here["environment"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("forgetful", "Forgetful.run gives no outcome of tiny/"),
        ("repeating", "Repeating.run gives fold tiny/"),
        ("backward", "no executor is called 'backward' (nearest: backwards"),
        ("backwards:speed=2", "executor backwards has no option 'speed'; it has no options"),
    ],
)
def test_an_executor_that_is_not_there_or_leaves_folds_out_is_one_line(name, said, tmp_path, capsys) -> None:
    assert main(["--plugin", str(ZOO), *RUN, "--executor", name, "--out", str(tmp_path)]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert said in last


def test_folds_that_an_executor_gave_before_it_failed_are_kept(tmp_path) -> None:
    assert main(["--plugin", str(ZOO), *RUN, "--executor", "forgetful", "--out", str(tmp_path)]) == 2
    (folds,) = tmp_path.glob("*/folds")
    kept = len([*folds.iterdir()])
    assert main([*RUN, "--out", str(tmp_path)]) == 0
    assert kept == len(record(tmp_path)["folds"]) - 1
    assert record(tmp_path)["environment"]["resumed"]


def test_an_executor_whose_library_is_missing_names_what_to_install(tmp_path, capsys) -> None:
    file = tmp_path / "absent.py"
    file.write_text(
        "import merbench\n@merbench.hookimpl\ndef merbench_executors():\n"
        "    yield merbench.Executor(name='absent', runner='absent_runner:Runner', extra='merbench[absent]')\n"
    )
    (tmp_path / "absent_runner.py").write_text("import no_such_library\n")
    assert main(["--plugin", str(file), *RUN, "--executor", "absent", "--out", str(tmp_path / "out")]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    said = "--executor absent: it needs a package that is not installed; pip install 'merbench[absent]'"
    assert said in last
