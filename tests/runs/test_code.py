"""A run is told apart by the code that took part in it."""

from __future__ import annotations

import subprocess
import sys
from importlib import invalidate_caches
from pathlib import Path

import pytest

from merbench.errors import PluginError
from merbench.plugin.digests import source_digest
from merbench.plugin.loading import Plugin
from merbench.runs.code import code_versions


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


def origin(distribution: str = "nets", plugin: str = "nets") -> Plugin:
    return Plugin(name=plugin, distribution=distribution, version="1.0", module="some_nets.hooks")


def test_a_change_in_any_file_of_a_plugins_package_changes_its_digest(package: Path) -> None:
    before = code_versions([origin()])["nets:nets"].digest
    (package / "net.py").write_text("# another net\n")
    source_digest.cache_clear()
    assert code_versions([origin()])["nets:nets"].digest != before


def test_plugins_of_one_name_from_two_distributions_both_count_and_so_does_the_core(package: Path) -> None:
    found = code_versions([origin("one"), origin("two"), origin("two", "engine")])
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
