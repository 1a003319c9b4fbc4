"""Plugin distributions of somebody else, really installed by pip into an environment of their own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.docs.pages import TEXT, blocks, section

HERE = Path(__file__).parent
DISTRIBUTIONS = (HERE / "stranger", HERE / "broken")

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with merbench, all that it needs, and the two strangers."""
    sources = [copied(distribution, tmp_path_factory.mktemp("source")) for distribution in DISTRIBUTIONS]
    return environment(tmp_path_factory.mktemp("environment"), sources)


def environment(folder: Path, sources: Sequence[Path]) -> Path:
    """The interpreter of a new environment in `folder`, with merbench and these distributions."""
    # A pth file, because an environment made within another one sees the outer one's base and not the outer one itself.
    # `addsitedir`, because the outer one may have merbench by a pth file of its own (an editable installation).
    venv.create(folder, with_pip=True, symlinks=True)
    interpreter = folder / "bin" / "python"
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    inner = Path(subprocess.check_output([interpreter, "-c", script], text=True).strip())
    outer = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (inner / "outer.pth").write_text("".join(f"import site; site.addsitedir({path!r})\n" for path in sorted(outer)))
    # Without isolation where that can be, for then nothing is downloaded.
    isolation = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    pip = [interpreter, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check", *isolation, *sources]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return interpreter


def copied(distribution: Path, folder: Path) -> Path:
    """A copy to build from, so that building leaves no trace in the checkout."""
    for path in distribution.rglob("*"):
        if path.suffix in (".py", ".toml"):
            target = folder / path.relative_to(distribution)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return folder


def merbench(python: Path, *argv: str, **environment: str) -> Result:
    """`merbench ...` in that environment, outside the checkout."""
    return subprocess.run(
        [python, "-m", "merbench", *argv],
        capture_output=True,
        text=True,
        check=False,
        cwd=python.parent,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def objects(done: Result) -> dict[str, dict[str, Any]]:
    assert done.returncode == 0, done.stderr
    return {one["name"]: one for one in json.loads(done.stdout)}


def test_this_environment_is_without_the_strangers() -> None:
    assert importlib.util.find_spec("stranger") is None


def test_a_strangers_models_are_listed_with_the_built_in_ones(python: Path) -> None:
    models = objects(merbench(python, "list", "models", "--json"))
    assert models["stranger-net"]["distribution"] == "stranger-nets"
    assert models["stranger-centroid"]["kind"] == "estimator"
    assert models["htnet"]["distribution"] == "merbench"


def test_the_broken_one_is_shown_with_its_distribution_version_and_reason(python: Path) -> None:
    plugins = objects(merbench(python, "plugins", "--json"))
    assert plugins["stranger"] == {
        "name": "stranger",
        "distribution": "stranger-nets",
        "version": "0.4",
        "status": "loaded",
        "reason": "",
        "provides": {"models": ["stranger-net", "stranger-centroid"]},
    }
    reason = plugins["broken"].pop("reason")
    assert reason.startswith("import failed at ")
    assert reason.endswith(
        "broken_nets.py:3 in <module>: ModuleNotFoundError: No module named 'a_library_that_nobody_has_installed'"
    )
    assert plugins["broken"] == {
        "name": "broken",
        "distribution": "broken-nets",
        "version": "0.9",
        "status": "failed",
        "provides": {},
    }


def test_an_empty_allow_list_leaves_the_built_in_ones(python: Path) -> None:
    plugins = objects(merbench(python, "plugins", "--json", MERBENCH_PLUGINS=""))
    assert {name for name, one in plugins.items() if one["status"] == "blocked"} == {"stranger", "broken"}
    assert plugins["htnet"]["status"] == "loaded"


def test_strict_names_the_broken_one(python: Path) -> None:
    done = merbench(python, "list", "--strict")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("merbench: error: plugin 'broken' of broken-nets could not be loaded: ")


@pytest.mark.parametrize(
    ("model", "recipe"), [("stranger-net", "quick"), ("stranger-nets:stranger-centroid", "default")]
)
def test_a_strangers_model_runs(python: Path, tmp_path: Path, model: str, recipe: str) -> None:
    argv = ["run", "--model", model, "--dataset", "demo", "--device", "cpu", "--out", str(tmp_path), "--json"]
    done = merbench(python, *argv, "--recipe", recipe)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)
    assert record["plan"]["model"] in (model, model.partition(":")[2])
    assert record["predictions"]
    assert 0 <= record["scores"]["last"]["full"]["uf1"] <= 1


def test_the_distribution_of_the_docs_installs_as_it_is_written(tmp_path: Path) -> None:
    page = "writing-a-plugin.md"
    (project,) = blocks(section(page, "A distribution"), "toml")
    module = blocks(TEXT[page], "python")[0]
    assert module.startswith("# my_net.py")
    package = tmp_path / "my-net" / "src" / "my_net"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(module, "utf-8")
    (tmp_path / "my-net" / "pyproject.toml").write_text(project, "utf-8")
    models = objects(merbench(environment(tmp_path / "environment", [tmp_path / "my-net"]), "list", "models", "--json"))
    assert models["my-net"]["distribution"] == "my-nets"
