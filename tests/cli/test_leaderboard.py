"""`merbench leaderboard`: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.runs.seal import sealed

ROOT = Path(__file__).parents[2]
MAIN = "refs/remotes/origin/main"  # of the repository that was cloned


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The record of a run on the demo dataset."""
    out = tmp_path_factory.mktemp("results")
    assert main(["run", "--model", "majority", "--dataset", "demo", "--out", str(out)]) == 0
    (path,) = out.glob("*/record.json")
    return path


@pytest.fixture
def home(tmp_path, monkeypatch, capsys) -> Path:
    """A lab's own empty folder, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return tmp_path


@pytest.fixture
def say(capsys):
    """Runs `merbench leaderboard …`; exit code, stdout, stderr."""

    def of(*words: object) -> tuple[int, str, str]:
        code = main(["leaderboard", *map(str, words)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return of


def test_a_record_is_added_checked_and_built_with_the_folders_of_the_checkout(home, made, say):
    code, out, err = say("add", made)
    (kept,) = Path("leaderboards", "records").iterdir()
    assert (code, out.splitlines()[0], err) == (0, f"{made}: verified and copied to {kept}", "")
    assert say("check") == (0, "1 record read: no problems\n", "")
    code, out, _ = say("build")
    site = Path("leaderboards", "site")
    assert (code, out) == (0, f"boards: 1, records: 1; open {site / 'index.html'}\n")
    assert (site / "index.html").is_file()


def test_the_folder_to_add_to_and_to_build_can_be_chosen_and_several_are_read(home, made, say):
    assert say("add", made, "--to", "ours")[0] == 0
    Path("theirs").mkdir()
    code, out, _ = say("build", "--records", "ours", "--records", "theirs", "--out", "public/board")
    assert (code, out) == (0, f"boards: 1, records: 1; open {Path('public', 'board', 'index.html')}\n")


def test_published_figures_are_read_where_they_are_given(home, say):
    Path("records").mkdir()
    figures = ROOT / "leaderboards" / "reported.csv"
    code, out, _ = say("build", "--records", "records", "--reported", figures, "--out", "site")
    assert code == 0
    assert "records: 0;" in out
    assert not out.startswith("boards: 0")


def test_a_folder_without_git_gives_the_pages_and_one_line_about_the_history(home, made, say, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(home.parent))
    say("add", made)
    code, out, err = say("build")
    assert (code, out.startswith("boards: 1")) == (0, True)
    reason = "leaderboards/records is in no git repository with commits"
    assert err == f"without the history of rows: {reason}\n"


def test_the_pages_show_the_date_that_is_given_and_what_the_settings_file_says(home, made, say):
    say("add", made)
    Path("leaderboards", "board.toml").write_text('title = "Ours"')
    assert say("build", "--date", "2026-11-30")[0] == 0
    assert "Ours, built 2026-11-30, merbench" in Path("leaderboards", "site", "index.html").read_text("utf-8")


def test_what_stands_beside_the_records_that_are_named_belongs_to_them(home, made, say):
    """A board that is built from outside its folder keeps its title, and does not take another board's."""
    Path("leaderboards").mkdir()
    Path("leaderboards", "board.toml").write_text('title = "Another"')
    say("add", made, "--to", "mine/records")
    assert say("build", "--records", "mine/records", "--out", "plain")[0] == 0
    assert "Another" not in Path("plain", "index.html").read_text("utf-8")
    Path("mine", "board.toml").write_text('title = "Mine"')
    assert say("build", "--records", "mine/records", "--out", "named")[0] == 0
    assert "Mine" in Path("named", "about.html").read_text("utf-8")


def test_a_repository_of_ones_own_is_written_and_the_next_step_is_named(home, say):
    code, out, err = say("init", "board")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"wrote {Path('board', 'README.md')}"
    assert out.splitlines()[-1] == "next: cd board && merbench leaderboard add RECORD && merbench leaderboard build"
    assert "OWNER and NAME" in out
    code, out, err = say("init", "board")
    assert (code, out) == (2, "")
    assert "board contains README.md, .gitignore" in err


def test_a_check_that_finds_problems_prints_all_and_exits_with_one(home, made, say):
    say("add", made)
    (kept,) = Path("leaderboards", "records").iterdir()
    kept.with_name("again.json").write_text(kept.read_text())
    kept.with_name("broken.json").write_text("{")
    code, out, err = say("check")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("problem: ") for line in lines[:2])
    assert lines[2] == "3 records read: 2 problems"


def test_a_check_as_json_is_one_object(home, made, say):
    say("add", made)
    code, out, _ = say("check", "--json")
    assert code == 0
    assert json.loads(out) == {"records": 1, "problems": [], "changes": [], "notes": [], "new": []}


def test_a_check_since_a_revision_needs_a_repository(home, made, say, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(home.parent))
    say("add", made)
    code, out, err = say("check", "--since", "main")
    assert (code, out) == (2, "")
    assert err.startswith("merbench: error: git in leaderboards/records: fatal: not a git repository")
    assert err.count("\n") == 1


def test_a_hostile_name_is_printed_as_one_harmless_line(home, made, say):
    say("add", made)
    (kept,) = Path("leaderboards", "records").iterdir()
    content = json.loads(kept.read_text())
    content["plan"]["model"] = "x\u202e\u2028"
    kept.write_text(json.dumps(sealed(content)))
    code, out, _ = say("check")
    assert code == 1
    assert len(out.splitlines()) == 2
    assert all(line.isprintable() for line in out.splitlines())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("build",), "leaderboards/records is not a folder of records; make one: merbench leaderboard add RECORD"),
        (("check", "--records", "nowhere"), "nowhere is not a folder of records"),
        (("add", "nowhere.json"), "cannot read nowhere.json: No such file or directory"),
        (("serve",), "leaderboards/site has no index.html; build it: merbench leaderboard build --out"),
        (("serve", "--port", "70000"), "'70000' is not a port; ports are 0 to 65535"),
        (("check", "--recrods", "x"), "no flag is called --recrods (nearest: --records"),
        (("build", "--date", "2026-02-30"), "argument --date: not a date; write YYYY-MM-DD"),
        (("build", "--settings", "nowhere.toml"), "nowhere.toml cannot be read: No such file or directory"),
        (("check", "--markdown"), "that are new since a revision would stand; name the revision, for example --since"),
        (("check", "--json", "--markdown"), "argument --markdown: not allowed with argument --json"),
        (("init", ".", "--repository", "here"), "--repository: String should match pattern"),
        (("bild",), "no action is called 'bild' (nearest: build"),
    ],
)
def test_what_a_user_can_fix_is_one_line_and_exit_code_two(home, say, words, reason):
    code, out, err = say(*words)
    assert (code, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1


def test_a_folder_of_somebody_else_is_named_and_kept(home, made, say):
    say("add", made)
    Path("site").mkdir()
    Path("site", "CNAME").write_text("mine")
    code, _, err = say("build", "--out", "site")
    assert code == 2
    assert "contains CNAME, which no build made; move your files away, or choose another folder: --out" in err
    assert Path("site", "CNAME").read_text() == "mine"


def test_a_full_disk_is_one_line(home, made):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "merbench", "leaderboard", "check", "--records", str(made.parent)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=dict(os.environ),
        )
    assert done.returncode == 2
    assert done.stderr == "merbench: error: no space is left for the output; make room and run again\n"


def test_the_workflow_for_a_pages_host_checks_a_checkout_and_gives_the_pages_only_the_rights_they_need(home, made, say):
    workflow = (ROOT / ".github" / "workflows" / "site.yml").read_text("utf-8")
    commands = re.findall(r"^ +(?:- )?run: merbench (leaderboard .+)$", workflow, re.MULTILINE)
    assert commands == ["leaderboard check --since origin/main"]
    say("add", made)
    name = ("-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x"), ("update-ref", MAIN, "HEAD")):
        subprocess.run(["git", *name, *words], check=True, capture_output=True)
    assert say(*commands[0].split()[1:])[0] == 0
    assert "fetch-depth: 0" in workflow
    assert "permissions:\n  contents: read\n" in workflow
    assert "pull_request_target" not in workflow
    assert workflow.count("actions/deploy-pages@") == workflow.count("actions/upload-pages-artifact@") == 1
