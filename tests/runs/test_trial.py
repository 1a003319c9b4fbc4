"""A model that cannot work is told after a few clips, not after the features of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.cli import main

PLUGIN = """
import merbench

def refuses(classes):
    raise RuntimeError("no such layer")

def narrow(classes):
    from torch import nn
    return nn.Sequential(nn.Flatten(), nn.Linear(2352, classes - 1))

class Unfit:
    def __init__(self):
        raise RuntimeError("no such kernel")

@merbench.hookimpl
def merbench_models():
    recipes = {"quick": merbench.Recipe(epochs=1)}
    yield merbench.TorchModel(name="refuses", network="faulty:refuses", features=("flow-28",), recipes=recipes)
    yield merbench.TorchModel(name="narrow", network="faulty:narrow", features=("flow-28",), recipes=recipes)
    yield merbench.EstimatorModel(name="unfit", estimator="faulty:Unfit", features=("flow-28",))
"""


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "faulty.py").write_text(PLUGIN)
    return tmp_path


def stored(folder: Path) -> int:
    """How many clips have stored features."""
    return len({path.name for path in folder.glob("cache/features/flow-28@*/*.clip")})


def test_faulty_models_are_told_when_six_of_nine_clips_are_computed(faulty, capsys) -> None:
    run = ["run", "--plugin", str(faulty / "faulty.py"), "--dataset", "tiny", "--out", str(faulty), "--model"]
    for model, said in (
        ("narrow", "gives [6, 2] for 6 clips"),
        ("refuses", "no such layer"),
        ("unfit", "no such kernel"),
    ):
        assert main([*run, model]) == 2
        assert said in capsys.readouterr().err
        assert stored(faulty) == 6
