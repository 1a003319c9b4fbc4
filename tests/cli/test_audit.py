"""`merbench audit` on functions: the table, the JSON and the exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from merbench.cli import main

MINE = """
import numpy as np

def fair(train_features, train_labels, test_features, seed):
    means = np.stack([train_features[train_labels == c].mean(0) for c in range(3)])
    return ((test_features[:, None] - means) ** 2).reshape(len(test_features), 3, -1).sum(-1).argmin(1)

def peeks(train_features, train_labels, test_features, test_labels):
    tries = [fair(train_features[:n], train_labels[:n], test_features, 0) for n in (20, 30, 40)]
    return max(tries, key=lambda one: (one == test_labels).mean())

def drawn(train_features, train_labels, test_features):
    return np.random.default_rng().integers(0, 3, len(test_features))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_fair_function_passes_and_the_exit_code_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "mine:fair"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 found, 4 passed, 0 could not be checked"


def test_a_function_that_chooses_by_test_labels_is_found_and_the_exit_code_is_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["audit", "mine:peeks", "--json"]) == 1
    findings = {one["check"]: one for one in json.loads(capsys.readouterr().out)}
    assert {check: one["result"] for check, one in findings.items()} == {
        "repeats": "passed",
        "test labels": "found",
        "test features": "unchecked",
        "subjects": "passed",
    }
    assert findings["test labels"]["advice"]


def test_a_function_that_draws_freely_is_not_called_faulty(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "mine:drawn"]) == 0
    printed = capsys.readouterr().out
    assert "predictions move between equal runs" in printed
    assert printed.splitlines()[-1] == "0 found, 1 passed, 3 could not be checked"


def test_own_clips_are_audited(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own").mkdir()
    lines = [f"c{n},{'abc'[n // 6]},{n % 3}" for n in range(18)]
    (folder / "own" / "clips.csv").write_text("\n".join(["clip,subject,label", *lines]), "utf-8")
    np.save(folder / "own" / "features.npy", np.random.default_rng(0).normal(size=(18, 5)))
    assert main(["audit", "mine:fair", "--data", "own"]) == 0
    assert "merbench made the 3 folds" in capsys.readouterr().out


def test_nothing_of_an_audited_function_is_imported_here(folder: Path) -> None:
    leaves_a_trace = "import os, pathlib\npathlib.Path(f'seen-{os.getpid()}').touch()\n"
    (folder / "counted.py").write_text(leaves_a_trace + MINE, "utf-8")
    assert main(["audit", "counted:fair"]) == 0
    seen = {path.name for path in folder.glob("seen-*")}
    assert len(seen) == 5
    assert f"seen-{os.getpid()}" not in seen
