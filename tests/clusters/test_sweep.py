"""The sweep of the docs gives the same records wherever its folds are computed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main

pytest.importorskip("ray", reason="ray is not installed: pip install 'merbench[ray]'")
pytest.importorskip("submitit", reason="submitit is not installed: pip install 'merbench[slurm]'")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]  # their own warnings

PAGE = Path(__file__).parents[2] / "docs" / "sweeps.md"
SAME = ("id", "plan", "predictions", "scores")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """The sweep of the page: its four models, on the smaller dataset and for one seed."""
    (text,) = re.findall(r"```toml\n# sweep\.toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[:1]
    text = text.replace('dataset = ["demo", "tiny"]', 'dataset = "tiny"').replace("seed = [0, 1, 2]", "seed = 0")
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return path


def records(out: Path) -> dict[str, dict[str, Any]]:
    found = {path.parent.name: json.loads(path.read_text()) for path in out.glob("*/record.json")}
    losses = {name: [fold["loss"] for fold in one["folds"]] for name, one in found.items()}
    return {name: {"losses": losses[name], **{key: one[key] for key in SAME}} for name, one in found.items()}


def test_the_sweep_of_the_docs_gives_the_same_records_here_on_ray_and_in_jobs_of_slurm(sweep, tmp_path) -> None:
    (tmp_path / "shared").mkdir()
    slurm = f"slurm:cluster=local,jobs=1,folder={tmp_path / 'shared'}"
    for name, executor in (("here", "local"), ("ray", "ray:cores=2"), ("slurm", slurm)):
        assert main(["sweep", str(sweep), "--out", str(tmp_path / name), "--executor", executor]) == 0
    here = records(tmp_path / "here")
    assert len(here) == 4
    assert here == records(tmp_path / "ray") == records(tmp_path / "slurm")
