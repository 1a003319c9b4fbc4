"""`merbench leaderboard check --markdown`: the comment for a pull request."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.runs.seal import sealed

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
FIRST, SECOND = (next(RECORDS.glob(f"{name}-composite-default-*.json")) for name in ("flow-lr", "majority"))
GIT = ("git", "-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false")


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Checks a repository that has one record committed; exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    place("one.json", FIRST.read_text())
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "x")):
        subprocess.run([*GIT, *words], check=True)

    def of(*words: str) -> tuple[int, str, str]:
        code = main(["leaderboard", "check", "--since", "HEAD", "--markdown", *words])
        return (code, *capsys.readouterr())

    return of


def place(name: str, text: str) -> Path:
    path = Path("leaderboards", "records", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_new_records_there_is_nothing_to_place(check):
    assert check() == (0, "## No problems\n\n1 record read.\n", "")


def test_each_new_record_is_placed_as_place_would(check, capsys):
    place("two.json", SECOND.read_text())
    code, out, err = check()
    assert (code, err) == (0, "")
    assert main(["leaderboard", "place", str(SECOND), "--markdown"]) == 0
    assert capsys.readouterr().out in out
    assert "### Changes\n\n- majority on composite" in out
    assert out.endswith("\n2 records read.\n")


def test_the_first_record_is_placed_although_no_other_can_be_compared_with_it(check):
    Path("leaderboards", "records", "one.json").unlink()
    place("two.json", SECOND.read_text())
    subprocess.run([*GIT, "rm", "-rq", "--cached", "."], check=True)
    subprocess.run([*GIT, "commit", "-qm", "y"], check=True)
    code, out, _ = check()
    assert code == 0
    assert "would stand 1 (1 to 1) of 1 ranked rows" in out
    assert "nothing to compare with: no other ranked record has the same clips, labels and folds" in out
    assert "|" not in out


def test_problems_come_first_and_then_nothing_is_placed(check):
    place("two.json", "{")
    code, out, _ = check()
    assert code == 1
    assert out.startswith("## 1 problem to fix\n\n- leaderboards/records/two.json is not JSON")
    assert "would stand" not in out


def test_a_withdrawn_record_is_not_placed_and_an_unknown_one_is_a_problem(check):
    place("two.json", SECOND.read_text())
    ident = json.loads(SECOND.read_text())["id"]
    disputes = Path("leaderboards", "disputes.csv")
    disputes.write_text(f"record,status,date,link,reason\n{ident},withdrawn,2026-11-30,,x\n")
    assert "would stand" not in check()[1]
    disputes.write_text(f"record,status,date,link,reason\n{'0' * 12},contested,2026-11-30,,x\n")
    code, out, _ = check()
    assert code == 1
    assert "disputes.csv: no record has the id 000000000000" in out


def test_a_strangers_name_is_no_markup_link_or_call(check):
    content = json.loads(SECOND.read_text())
    content["plan"]["model"] = "@lab | [x](https://example.org) <img src=x> \u202e"
    place("two.json", json.dumps(sealed(content)))
    _, out, _ = check()
    for forbidden in ("@lab", "[x]", "<img", "\u202e", " | ["):
        assert forbidden not in out.replace("@<!-- -->lab", "").replace("\\[x\\]", ""), forbidden
