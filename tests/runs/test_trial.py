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

class Wordy:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return ["negative"] * len(X)

def narrow_fit(training, seed, device, report):
    import numpy as np
    assert training.arrays[0].shape[0] == len(training.labels) == 9 and len(set(training.subjects)) == 3
    return lambda flow: np.zeros((len(flow), training.classes - 1))

def hidden_fit(training, seed, device, report):
    import numpy as np
    for epoch in range(2):
        if epoch:
            raise RuntimeError("a second epoch")
        try:
            report(lambda flow: np.zeros((len(flow), training.classes)), loss=1.0)
        except Exception:
            pass

@merbench.hookimpl
def merbench_models():
    recipes = {"quick": merbench.Recipe(epochs=1)}
    yield merbench.TorchModel(name="refuses", network="faulty:refuses", features=("flow-28",), recipes=recipes)
    yield merbench.TorchModel(name="narrow", network="faulty:narrow", features=("flow-28",), recipes=recipes)
    yield merbench.EstimatorModel(name="unfit", estimator="faulty:Unfit", features=("flow-28",))
    yield merbench.EstimatorModel(name="wordy", estimator="faulty:Wordy", features=("flow-28",))
    yield merbench.FitModel(name="narrow-fit", fit="faulty:narrow_fit", features=("flow-28",))
    yield merbench.FitModel(name="hidden-fit", fit="faulty:hidden_fit", features=("flow-28",))
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
        ("wordy", "gives names ('negative')"),
        ("narrow-fit", "gives an array of shape [6, 2]; it must give a finite score for each clip and class, [6, 3]"),
    ):
        assert main([*run, model]) == 2
        (line,) = [one for one in capsys.readouterr().err.splitlines() if one.startswith("merbench: error: ")]
        assert said in line
        assert "finished folds" not in line
        assert stored(faulty) == 6


def test_the_trial_of_a_fit_ends_with_its_first_epoch(faulty, capsys) -> None:
    run = ["run", "--plugin", str(faulty / "faulty.py"), "--dataset", "tiny", "--out", str(faulty), "--model"]
    assert main([*run, "hidden-fit"]) == 2  # in the run, after all clips are computed
    assert "a second epoch; finished folds are kept" in capsys.readouterr().err
    assert stored(faulty) == 9
