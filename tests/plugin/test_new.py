"""`merbench plugin new`: what it writes, and what it refuses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.plugin.new import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_has_no_place_left_to_fill_but_the_owner(kind: str, tmp_path: Path) -> None:
    assert main(["plugin", "new", "my-thing", "--kind", kind, "--into", str(tmp_path)]) == 0
    files = [path for path in (tmp_path / "my-thing").rglob("*") if path.is_file()]
    assert len(files) == 6
    assert not [path for path in files if re.search("@[A-Z]+@", path.read_text())]
    project = tomllib.loads((tmp_path / "my-thing" / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["merbench"] == {"my-thing": "my_thing"}


def test_the_workflow_runs_on_the_oldest_and_newest_supported_python_as_merbench_s_own(tmp_path: Path) -> None:
    assert main(["plugin", "new", "my-thing", "--into", str(tmp_path)]) == 0
    own = Path(__file__).parents[2]
    supported = re.findall(r"Python :: (3\.\d+)", (own / "pyproject.toml").read_text())
    wanted = f'python-version: ["{supported[0]}", "{supported[-1]}"]'
    assert wanted in (tmp_path / "my-thing" / ".github" / "workflows" / "tests.yml").read_text()
    assert wanted in (own / ".github" / "workflows" / "checks.yml").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_file_is_a_plugin(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugin", "new", f"lone-{kind}", "--kind", kind, "--single-file", "--into", str(tmp_path)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"lone_{kind}.py"]
    noun = kind if kind in ("feature", "source", "protocol") else "model"
    assert main(["list", f"{noun}s", "--plugin", str(tmp_path / f"lone_{kind}.py")]) == 0
    assert f"lone-{kind}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mine", "cannot be called 'Mine'; use small letters"),
        ("../mine", "cannot be called '../mine'"),
        ("my-", "cannot be called 'my-'"),
        ("class", "cannot be called 'class'"),
        ("numpy", "there is a Python module called numpy already"),
        ("full", "full is not an empty folder; nothing was written"),
        ("link", "link is not an empty folder"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert main(["plugin", "new", name, "--into", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["full", "link", "mine.txt"]


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my_net.py").write_text("mine")
    assert main(["plugin", "new", "my-net", "--single-file", "--into", str(tmp_path)]) == 2
    assert "contains my_net.py already" in capsys.readouterr().err
    assert (tmp_path / "my_net.py").read_text() == "mine"
