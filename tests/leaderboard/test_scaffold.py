"""A repository for a leaderboard of one's own: what is written, and that its workflow's commands run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from merbench.errors import ConfigError, OutputError
from merbench.leaderboard.about import read_settings
from merbench.leaderboard.disputes import read_disputes
from merbench.leaderboard.scaffold import FILES, write_repository

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
HERE = Path(__file__).parents[2]
MAIN = "refs/remotes/origin/main"
GIT = ("git", "-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = tmp_path / "board"
    write_repository(folder, 'The "Lab" board', "https://github.com/Lab/board")
    return folder


def test_the_files_are_those_that_merbench_reads(board):
    settings = read_settings(board / "leaderboards" / "board.toml")
    assert (settings.title, settings.repository) == ('The "Lab" board', "https://github.com/Lab/board")
    assert settings.site == "https://lab.github.io/board/"
    assert read_disputes(board / "leaderboards" / "disputes.csv") == ()
    assert "(https://lab.github.io/board/badges/index.svg)" in (board / "README.md").read_text()
    assert not [name for name in FILES if "@" in (board / name).read_text().replace("actions/", "").replace("@v", "")]


def test_a_board_elsewhere_has_an_address_to_fill_in(tmp_path):
    write_repository(tmp_path, "Board")
    assert read_settings(tmp_path / "leaderboards" / "board.toml").site == ""
    assert "https://OWNER.github.io/NAME/badges/index.svg" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("name", ["README.md", ".github/workflows/leaderboard.yml"])
def test_nothing_is_written_where_a_file_exists(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(OutputError, match=f"contains {name} already; nothing was written"):
        write_repository(tmp_path, "Board")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("title", "repository", "reason"),
    [
        ("a\nb", "", "--title: String should match"),
        ("", "", "--title: String should have at least 1 character"),
        ("a", 'https://x/"\ntitle = "b', "--repository: String should match"),
        ("a", "git@github.com:lab/board", "--repository: String should match"),
    ],
)
def test_a_title_or_address_that_is_not_valid_is_one_line(tmp_path, title, repository, reason):
    with pytest.raises(ConfigError, match=reason) as error:
        write_repository(tmp_path / "new", title, repository)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*: Not a directory"):
        write_repository(tmp_path / "file" / "board", "Board")


def workflow(board):
    return yaml.safe_load((board / ".github" / "workflows" / "leaderboard.yml").read_text())


def test_the_workflow_has_only_the_rights_that_it_needs_and_runs_no_text_of_a_pull_request(board):
    content = workflow(board)
    assert content["permissions"] == {"contents": "read"}
    assert content["jobs"]["check"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert "pull_request_target" not in str(content)
    for job in content["jobs"].values():
        assert not [step for step in job["steps"] if "${{" in step.get("run", "")]


@pytest.fixture
def pull_request(board):
    """A repository with a record on main, and another record in the working tree."""
    names = ("flow-lr-composite-default-seed0-56ee3b10ee9a", "majority-composite-default-*")
    first, second = (next(RECORDS.glob(f"{name}.json")) for name in names)
    place = board / "leaderboards" / "records"
    (place / first.name).write_bytes(first.read_bytes())
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("commit", "-qm", "x"),
        ("update-ref", "refs/remotes/origin/main", "HEAD"),
    ):
        subprocess.run([*GIT, *words], cwd=board, check=True)
    (place / second.name).write_bytes(second.read_bytes())
    return board


def test_what_the_workflow_runs_checks_the_record_writes_the_comment_and_builds_the_pages(pull_request, tmp_path):
    (tmp_path / "bin").mkdir()
    merbench = tmp_path / "bin" / "merbench"
    merbench.write_text(f'#!/bin/sh\nexec {sys.executable} -m merbench "$@"\n')
    merbench.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{merbench.parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{HERE}:{HERE / 'plugins'}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    jobs = workflow(pull_request)["jobs"]
    steps = [step["run"] for name in ("check", "build") for step in jobs[name]["steps"] if "run" in step]
    ran = [step for step in steps if not step.startswith(("python -m pip", "gh "))]  # these need a network
    assert len(ran) == 3
    for step in ran:
        command = ["bash", "-eo", "pipefail", "-c", step]
        done = subprocess.run(command, cwd=pull_request, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    comment = (tmp_path / "summary.md").read_text()
    assert comment.startswith("## No problems\n\n### Majority class on composite, protocol loso\n")
    assert "would stand 2 (2 to 2) of 2 ranked rows" in comment
    page = (pull_request / "site" / "index.html").read_text("utf-8")
    assert "The &#34;Lab&#34; board, built 20" in page
    assert (pull_request / "site" / "badges" / "index.svg").is_file()
