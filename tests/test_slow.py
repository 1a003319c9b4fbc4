"""The tests that the inner loop leaves out are those that are listed as slow, and no others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ALONE, SLOW, TOGETHER, listed

HERE = Path(__file__).parent


@pytest.mark.parametrize("names", [SLOW, TOGETHER, ALONE])
def test_everything_that_is_listed_exists(names: tuple[str, ...]) -> None:
    assert [name for name in names if not (HERE / name).exists()] == []


def test_a_module_is_slow_if_it_or_a_folder_around_it_is_listed() -> None:
    assert listed(SLOW, HERE / "runs" / "test_run.py")
    assert listed(SLOW, HERE / "timm" / "test_network.py")
    assert not listed(SLOW, HERE / "runs" / "test_prepare.py")
    assert not listed(SLOW, HERE.parent / "timm" / "test_network.py")


@pytest.mark.slow
def test_the_inner_loop_collects_what_is_not_slow() -> None:
    asked = ["demo", "runs/test_seal.py", "engine/test_estimators.py", "test_slow.py"]
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-m", "not slow", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(str(HERE / one) for one in asked)], capture_output=True, text=True, cwd=HERE.parent
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert {line.partition("::")[0] for line in found} == {f"tests/{one}" for one in asked[1:]}
    names = {line.rpartition("::")[2] for line in found}
    assert "test_parallel_processes_give_what_this_process_gives" not in names  # it has the mark `processes`
    assert "test_the_inner_loop_collects_what_is_not_slow" not in names
