"""A plugin that prints and draws in all that it does: stdout is the record alone, and the record is always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main

HERE = Path(__file__).parent
TOYS = HERE.parent / "features" / "toys.py"
SPEAKERS = {
    "chatty-batched": {"feature", "builder", "forward"},
    "chatty-sequential": {"feature", "builder", "forward"},
    "chatty-estimator": {"feature", "builder", "fit", "predict"},
}


def outcome(record: dict[str, Any]) -> list[Any]:
    """All that two runs of one plan must agree in."""
    losses = [(fold["name"], fold["epochs"], fold["loss"]) for fold in record["folds"]]
    return [record["id"], record["predictions"], record["scores"], losses]


@pytest.fixture
def command(toys: Callable[..., Path], tmp_path: Path) -> Callable[[str, int, str], list[str]]:
    """The words that run a model in so many processes into a folder."""
    toys(12)

    def words(model: str, processes: int, out: str) -> list[str]:
        plugins = ["--plugin", str(TOYS), "--plugin", str(HERE / "chatty.py")]
        arguments = ["--model", model, "--dataset", "toys", "--jobs", str(processes), "--json"]
        return [*plugins, "run", *arguments, "--device", "cpu", "--out", str(tmp_path / out)]

    return words


def spoken(said: str) -> set[str]:
    """Who spoke, as stderr has it, on lines that hold nothing else."""
    assert "speaks" not in "".join(line for line in said.splitlines() if not line.startswith("[chatty] "))
    return {line.split()[1] for line in said.splitlines() if line.startswith("[chatty] ")}


@pytest.mark.parametrize("model", SPEAKERS)
def test_stdout_is_the_record_and_the_same_again_in_other_processes_and_after_a_resume(
    command, model, tmp_path, capfd
) -> None:
    assert main(command(model, 1, "one")) == 0
    out, said = capfd.readouterr()
    record = json.loads(out)
    assert spoken(said) == SPEAKERS[model]
    assert record["environment"]["engine"]["mode"] == model.removeprefix("chatty-")

    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "2", "MERBENCH_CACHE": str(tmp_path / "of two")}
    begin = [sys.executable, "-m", "merbench"]
    several = subprocess.run([*begin, *command(model, 2, "two")], env=environment, capture_output=True, text=True)
    assert several.returncode == 0, several.stderr
    assert spoken(several.stderr) == SPEAKERS[model]
    assert outcome(json.loads(several.stdout)) == outcome(record)

    (folder,) = (tmp_path / "one").iterdir()
    (folder / "record.json").unlink()
    sorted((folder / "folds").iterdir())[0].unlink()
    assert main(command(model, 1, "one")) == 0
    resumed = json.loads(capfd.readouterr().out)
    assert resumed["environment"]["resumed"]
    assert outcome(resumed) == outcome(record)


CERTAIN = """
import merbench
import torch

class Certain(torch.nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.head = torch.nn.Linear(1, classes)

    def forward(self, point):
        return self.head(point).softmax(-1)

@merbench.hookimpl
def merbench_models():
    yield merbench.TorchModel(name="certain", network=__name__ + ":Certain", features=("points",),
                              recipes={"default": merbench.Recipe(epochs=1)})
"""


def test_probabilities_in_place_of_logits_are_said_once(toys: Callable[..., Path], tmp_path: Path, capsys) -> None:
    toys(6)
    (tmp_path / "certain_net.py").write_text(CERTAIN)
    plugins = ["--plugin", str(TOYS), "--plugin", str(tmp_path / "certain_net.py")]
    arguments = ["--model", "certain", "--dataset", "toys", "--device", "cpu", "--out", str(tmp_path / "out")]
    assert main([*plugins, "run", *arguments]) == 0
    assert capsys.readouterr().err.count("note: the network's outputs look like probabilities") == 1
