"""`merbench leaderboard place`: where a record or a file of predictions would stand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.runs.seal import sealed

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
RECORD = next(RECORDS.glob("majority-composite-default-*.json"))
LEADERS = [
    RECORDS / "flow-lr-composite-default-seed0-56ee3b10ee9a.json",
    RECORDS / "flow-svm-composite-default-seed0-8ecee974bfa2.json",
]


@pytest.fixture
def place(tmp_path, monkeypatch, capsys):
    """Places a file among two records; exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    folder = Path("leaderboards", "records")
    folder.mkdir(parents=True)
    for path in LEADERS:
        (folder / path.name).write_bytes(path.read_bytes())

    def of(*words: object) -> tuple[int, str, str]:
        code = main(["leaderboard", "place", *map(str, words)])
        return (code, *capsys.readouterr())

    return of


def test_a_record_is_told_its_score_its_rank_and_how_it_compares_with_each_leading_row(place):
    code, out, err = place(RECORD)
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0] == "Majority class on composite, protocol loso"
    assert lines[1].startswith("UF1 .241")
    assert lines[2].startswith("would stand 3 (")
    assert lines[2].endswith(" of 3 ranked rows, behind the leading group")
    assert [line.split("  ")[0] for line in lines[4:6]] == ["Logistic regression on flow", "SVM on flow"]
    assert all(line.endswith("behind") for line in lines[4:6])
    assert lines[6].startswith(
        "the leading group comes from one test of all pairs of ranked rows; the p-values come from"
    )
    assert lines[7] == "beside Logistic regression on flow:"
    assert lines[8].startswith("  right where it is wrong: ")
    assert lines[8].endswith(" more)")
    assert not Path("leaderboards", "site").exists()
    assert len(list(Path("leaderboards", "records").iterdir())) == 2


def test_predictions_are_placed_as_if_their_epoch_was_chosen_honestly(place, tmp_path):
    content = json.loads(LEADERS[0].read_text())
    classes = content["plan"]["classes"]
    rows = [f"{one['clip']},{classes[one['policies']['last']['predicted']]}" for one in content["predictions"]]
    Path("mine.csv").write_text("\n".join(["clip,prediction", *rows]))
    code, out, _ = place("mine.csv", "--model", "mine")
    assert code == 0
    assert out.splitlines()[0] == "mine on composite, protocol loso"
    assert "would stand 1 (1 to 2) of 3 ranked rows, in the leading group" in out
    assert "as if the epoch was chosen without the test subjects, which the predictions do not show" in out
    assert "right where it is wrong: 0 clips\n" in out


def test_predictions_declared_test_selected_are_compared_but_not_ranked(place):
    code, out, _ = place(next(RECORDS.glob("HTNet-composite-submitted-*.json")))
    assert code == 0
    assert "would not be ranked: its sender chose the epoch on the test labels\n" in out
    assert "as if the epoch" not in out


def test_a_log_of_the_best_epoch_of_each_subject_is_compared_but_not_ranked(place, real_data):
    code, out, err = place(real_data / "logs" / "htnet-published-console.txt", "--model", "HTNet")
    assert (code, err) == (0, "")
    assert "would not be ranked: its sender chose the epoch on the test labels\n" in out
    assert out.splitlines()[1].startswith("UF1 .850")


def test_on_the_terminal_a_model_with_several_leading_rows_is_one_line(place):
    rows = sorted(RECORDS.glob("flow-lr-composite-unweighted-seed0-*.json"))
    for path in rows:
        Path("leaderboards", "records", path.name).write_bytes(path.read_bytes())
    code, out, _ = place(RECORD)
    assert code == 0
    assert sum(line.startswith("Logistic regression on flow") for line in out.splitlines()) == 1
    assert "the best row of each model; 1 more with --markdown\nthe leading group comes from one test of all" in out


def test_as_markdown_a_strangers_name_is_no_markup(place):
    content = json.loads(RECORD.read_text())
    content["plan"]["recipe"] = "<b>|[x](http://x)\u202e"
    Path("hostile.json").write_text(json.dumps(sealed(content)))
    code, out, err = place("hostile.json", "--markdown")
    assert (code, out) == (2, "")  # its id does not follow from its plan
    assert err.count("\n") == 1
    code, out, _ = place(RECORD, "--markdown")
    assert code == 0
    assert out.startswith("### Majority class on composite, protocol loso\n\n- UF1 .241")
    assert "| leading row | UF1 | difference | 95 % | p | the record is |\n| --- |" in out
    assert "|\n\nthe leading group comes from one test of all pairs" in out


def test_of_predictions_with_a_hostile_name_markdown_shows_the_name(place):
    content = json.loads(LEADERS[0].read_text())
    rows = [f"{one['clip']},{content['plan']['classes'][one['truth']]}" for one in content["predictions"]]
    Path("mine.csv").write_text("\n".join(["clip,prediction", *rows]))
    code, out, _ = place("mine.csv", "--model", "<b>[x](http://x)|`", "--markdown")
    assert code == 0
    assert out.startswith("### \\<b\\>\\[x\\](http://x)\\|\\` on composite")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nothing.json",), "nothing.json"),
        (("empty.csv",), "empty.csv"),
        ((RECORD, "--records", "none"), "none is not a folder of records; make one: merbench leaderboard add RECORD"),
    ],
)
def test_bad_input_is_one_line(place, words, said):
    Path("empty.csv").touch()
    code, out, err = place(*words)
    assert (code, out) == (2, "")
    assert err.startswith("merbench: error: ")
    assert said in err
    assert err.count("\n") == 1
