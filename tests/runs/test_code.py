"""A run is told apart by the code that decides its outcome."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import cv2
import numpy as np
import pytest

import merbench
from merbench.errors import PluginError
from merbench.plugin.digests import source_digest
from merbench.plugin.loading import Plugin
from merbench.runs.code import DECIDING, code_digests

TOYS = Path(__file__).parents[1] / "features" / "toys.py"
PLAN = """
import json, sys
from pathlib import Path
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare

registry = Registry(load(allow=(), files=[Path(sys.argv[1])]))
plans = {name: prepare(registry, Request(model=name, dataset="toys")).plan for name in ("toy-points", "majority")}
print(json.dumps({name: plan.digest() for name, plan in plans.items()}))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_nets"
    folder.mkdir()
    for name in ("__init__", "hooks", "net"):
        (folder / f"{name}.py").write_text(f"# {name}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    invalidate_caches()
    source_digest.cache_clear()
    yield folder
    sys.modules.pop("some_nets", None)
    source_digest.cache_clear()


@pytest.fixture
def ids(tmp_path: Path) -> Callable[[], dict[str, str]]:
    """Model to the id of its run on the toys, by a copy of merbench and its plugins that a test may change."""
    home = Path(merbench.__file__).parents[1]
    plugins = home / "plugins" if (home / "plugins").is_dir() else home  # of a checkout, or of an installed wheel
    shutil.copytree(home / "merbench", tmp_path / "code" / "merbench")
    for folder in plugins.glob("merbench_*"):
        shutil.copytree(folder, tmp_path / "code" / folder.name)
    shutil.copy(TOYS, tmp_path / "toys.py")
    for subject, emotion in (("s1", "negative"), ("s2", "positive")):
        (tmp_path / "shelf" / "toys" / f"{subject}-1-{emotion}").mkdir(parents=True)
        cv2.imwrite(
            str(tmp_path / "shelf" / "toys" / f"{subject}-1-{emotion}" / "1.png"), np.zeros((4, 4, 3), np.uint8)
        )
    surroundings = {**os.environ, "PYTHONPATH": str(tmp_path / "code"), "MERBENCH_DATA": str(tmp_path / "shelf")}

    def found() -> dict[str, str]:
        argv = [sys.executable, "-c", PLAN, str(tmp_path / "toys.py")]
        done = subprocess.run(argv, capture_output=True, text=True, env=surroundings, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return found


def origin(distribution: str = "nets", plugin: str = "nets") -> Plugin:
    return Plugin(name=plugin, distribution=distribution, version="1.0", module="some_nets.hooks")


def test_a_change_moves_the_runs_whose_outcome_it_can_decide_and_no_others(ids, tmp_path: Path) -> None:
    known = [ids()]

    def moved(*paths: Path) -> set[str]:
        """The models whose runs have another id once a comment was added to the files."""
        for path in paths:
            path.write_text(f"{path.read_text('utf-8')}# a comment\n", "utf-8")
        known.append(ids())
        return {model for model, digest in known[-1].items() if digest != known[-2][model]}

    core = tmp_path / "code" / "merbench"
    assert moved(core / "leaderboard" / "serve.py", core / "cli" / "run.py", core / "runs" / "record.py") == set()
    assert moved(tmp_path / "toys.py") == {"toy-points", "majority"}  # it reads the clips of both
    (majority,) = (tmp_path / "code").glob("merbench_*/reference.py")
    assert moved(majority) == {"majority"}
    assert moved(core / "engine" / "loop.py") == {"toy-points", "majority"}


def test_every_module_that_decides_exists() -> None:
    assert all(len(source_digest(module)) == 64 for module in DECIDING)


def test_the_version_of_a_distribution_is_not_part_of_the_identity(package: Path) -> None:
    newer = Plugin(name="nets", distribution="nets", version="2.0", module="some_nets.hooks")
    assert code_digests([newer]) == code_digests([origin()])


def test_a_change_in_any_file_of_a_plugins_package_changes_its_digest(package: Path) -> None:
    before = code_digests([origin()])["nets:nets"].digest
    (package / "net.py").write_text("# another net\n")
    source_digest.cache_clear()
    assert code_digests([origin()])["nets:nets"].digest != before


def test_plugins_of_one_name_from_two_distributions_both_count_and_so_does_the_core(package: Path) -> None:
    found = code_digests([origin("one"), origin("two"), origin("two", "engine")])
    assert list(found) == ["merbench:core", "one:nets", "two:engine", "two:nets"]


def test_code_that_cannot_be_found_is_an_error() -> None:
    with pytest.raises(PluginError, match="source of module 'no_such_module' cannot be found"):
        source_digest("no_such_module")


@pytest.mark.parametrize("module", ["os", "sys"])
def test_what_python_brings_itself_has_no_file_and_counts_for_nothing(module: str) -> None:
    assert len(source_digest(module)) == 64


def test_the_main_module_is_told_as_one_that_cannot_be_found() -> None:
    argv = [sys.executable, "-c", "from merbench.plugin.digests import source_digest; source_digest('__main__')"]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "PluginError: the source of module '__main__' cannot be found" in done.stderr
