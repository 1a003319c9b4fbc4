"""From `merbench plugin new` to a row on a board, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from merbench.plugin.new import KINDS, write_plugin
from tests.test_stranger import environment, merbench


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The interpreter of an environment with a plugin of each kind, and the plugins' folders."""
    into = tmp_path_factory.mktemp("plugins")
    for kind in KINDS:
        write_plugin(f"new-{kind}", kind, into)
    folders = [into / f"new-{kind}" for kind in KINDS]
    return environment(tmp_path_factory.mktemp("environment"), folders), folders


def test_a_plugin_of_each_kind_installs_and_passes_its_own_tests(written: tuple[Path, list[Path]]) -> None:
    python, folders = written
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(folder / "tests" for folder in folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folders[0].parent)
    assert done.returncode == 0, done.stdout + done.stderr
    plugins = merbench(python, "plugins").stdout
    assert [kind for kind in KINDS if f"new-{kind}" not in plugins] == []


@pytest.mark.skipif(
    "MERBENCH_OTHER_PYTHON" not in os.environ,
    reason="MERBENCH_OTHER_PYTHON names no interpreter of another Python with merbench, pytest and hatchling",
)
def test_a_plugin_of_each_kind_installs_and_passes_its_own_tests_on_another_python(
    written: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    python, (_, folders) = os.environ["MERBENCH_OTHER_PYTHON"], written
    target = tmp_path / "installed"
    pip = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", target, *folders]
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *(folder / "tests" for folder in folders)]
    for command in (pip, tests):
        done = subprocess.run(
            [python, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=folders[0].parent,
            env={**os.environ, "PYTHONPATH": str(target)},
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_path_from_the_scaffold_to_a_row_on_a_board(written: tuple[Path, list[Path]], tmp_path: Path) -> None:
    python, _ = written
    for model in ("new-model", "new-fit"):
        done = merbench(python, "run", "--model", model, "--dataset", "tiny", "--device", "cpu", "--out", str(tmp_path))
        assert done.returncode == 0, done.stderr
        (record,) = tmp_path.glob(f"{model}-*/record.json")
        added = merbench(python, "leaderboard", "add", str(record), "--to", str(tmp_path / "records"))
        assert added.returncode == 0, added.stderr
    site = tmp_path / "site"
    built = merbench(python, "leaderboard", "build", "--records", str(tmp_path / "records"), "--out", str(site))
    assert built.returncode == 0, built.stderr
    assert "new-fit" in (site / "boards" / "tiny-loso.html").read_text()
