"""`merbench results import` and `export`: what is printed, what is kept, and what list, show and verify make of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from merbench_databases.canonical import composite

from merbench.cli import main
from merbench.runs.seal import sealed

CANONICAL = composite()


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def negative(folder) -> Path:
    """A CSV that answers negative for every clip."""
    path = folder / "negative.csv"
    path.write_text("clip,prediction\n" + "".join(f"{clip},negative\n" for clip in CANONICAL["clip"]))
    return path


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_import_prints_its_scores_as_a_run_does_and_keeps_the_record(negative, folder, capsys):
    assert main(["results", "import", str(negative), "--model", "negative", "--declared-policy", "last"]) == 0
    (path,) = folder.glob("results/negative-composite-submitted-*/record.json")
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "negative (handed in) on composite, loso, epoch policy declared last"
    assert lines[1].split() == ["part", "clips", "UF1", "submitted", "UAR", "submitted"]
    assert [line.split()[:3] for line in lines[2:6]] == [
        ["full", "442", ".241"],  # as the reference of the field has it
        ["smic", "164", ".199"],
        ["casme2", "145", ".252"],
        ["samm", "133", ".273"],
    ]
    assert lines[-1] == f"record: {path.relative_to(folder)}"
    assert told.err == ""


def test_the_same_import_again_answers_the_same_and_touches_nothing(negative, folder, capsys):
    argv = ["results", "import", str(negative), "--model", "negative"]
    assert main(argv) == 0
    before, first = files(folder), capsys.readouterr().out
    assert main(argv) == 0
    assert files(folder) == before
    assert capsys.readouterr().out == first
    assert main([*argv, "--json"]) == 0
    (path,) = folder.glob("results/*/record.json")
    assert capsys.readouterr().out == path.read_text()


def test_what_is_declared_otherwise_is_another_record(negative, folder):
    argv = ["results", "import", str(negative), "--model", "negative"]
    for more in ([], ["--declared-policy", "last"], ["--paper", "x"], ["--link", "https://example.org"]):
        assert main([*argv, *more]) == 0
    assert len(list(folder.glob("results/*/record.json"))) == 4


def test_what_was_declared_as_chosen_on_the_test_labels_is_marked_wherever_it_is_shown(negative, folder, capsys):
    assert main(["results", "import", str(negative), "--model", "negative", "--declared-policy", "oracle"]) == 0
    told = capsys.readouterr().out
    assert "submitted (test-selected)" in told.splitlines()[1]
    assert "never ranked" in told
    assert main(["results", "list"]) == 0
    assert "submitted (test-selected)" in capsys.readouterr().out


def test_missing_clips_are_told_on_stderr_and_the_record_is_not_to_be_ranked(folder, capsys):
    (folder / "log.txt").write_text("smic s1\ns1_ne_01 0 0\ns1_po_01 1 1\ns1_sur_01 2 2\n")
    argv = ["results", "import", "log.txt", "--model", "few", "--out", "few.json"]
    assert main(argv) == 0
    told = capsys.readouterr()
    assert "note: 439 of 442 clips have no prediction: not ranked\n" in told.err
    assert "note: no prediction for casme2/sub01/EP02_01f, " in told.err
    assert "3 of 442 clips: incomplete, so it is not ranked" in told.out
    assert main([*argv, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["clips_total"] == 442


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["none.txt", "--model", "x"], "cannot read none.txt: No such file"),
        (["negative.csv"], "required: --model"),
        (["negative.csv", "--model", "x", "--link", "javascript:alert(1)"], "--link: must be an address"),
        (["negative.csv", "--model", ""], "--model: must be 1 to 200 characters"),
        (["negative.csv", "--model", "x", "--declared-policy", "best"], "no declared_policy is called 'best'"),
        (["negative.csv", "--model", "x", "--order", "truth"], "no order is called 'truth'"),
        (["negative.csv", "--model", "x", "--dataset", "demo"], "demo has no canonical clip list"),
        (["negative.csv", "--model", "x", "--out", "negative.csv"], "negative.csv exists and has other content"),
        (["negative.csv", "--model", "x", "--out", "."], ". exists and has other content"),
    ],
)
def test_what_cannot_be_imported_is_one_line_and_leaves_nothing_behind(argv, message, negative, folder, capsys):
    before = files(folder)
    assert main(["results", "import", *argv]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert message in line
    assert files(folder) == before


BEST = "Best Predicted : [0, 0, 1]\nGround Truth : [0, 0, 1]\n"


@pytest.mark.parametrize(
    ("log", "policy", "message"),
    [
        (BEST, "oracle", "console.txt: the log ends before its summary of all subjects"),
        ("{'sub01': {'pred': [0, 0], 'truth': [0, 0]}}", "oracle", "has 0 clips of class '1', but the clip list has 1"),
        ("{'sub01': {'pred': [0, 0, 1], 'truth': [0, 0, 1]}}", "last", "pass --declared-policy oracle"),
        ("{'\u202e<b>': {'pred': [0], 'truth': [0]}}", "oracle", r"composite has no subject '\u202e<b>'"),
    ],
)
def test_a_log_by_subject_that_does_not_fit_is_one_line_too(log, policy, message, folder, capsys):
    (folder / "console.txt").write_text(log, "utf-8")
    assert main(["results", "import", "console.txt", "--model", "x", "--declared-policy", policy]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert list(folder.iterdir()) == [folder / "console.txt"]


def test_an_export_is_listed_shown_and_verified_as_the_record_was(negative, folder, capsys):
    assert main(["results", "import", str(negative), "--model", "negative", "--out", "records/record.json"]) == 0
    shown = capsys.readouterr().out
    assert main(["results", "export", "records/record.json"]) == 0
    told = "records/record-subjects.json: 442 clips of 68 subjects, without their truth and predictions\n"
    assert capsys.readouterr().out == told
    assert main(["results", "show", "records/record-subjects.json"]) == 0
    assert capsys.readouterr().out == shown.replace("record.json", "record-subjects.json")
    assert main(["results", "list", "records", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 2
    assert {**rows[0], "name": ""} == {**rows[1], "name": ""}
    assert rows[0]["epoch_policy"] == "submitted (not stated)"
    assert main(["results", "verify", "records/record-subjects.json"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "records/record-subjects.json: scores follow from the counts of each subject",
        "records/record-subjects.json: the record has counts per subject, not clips: predictions were not compared",
    ]


def test_a_run_is_exported_too(folder, capsys):
    assert main(["run", "--model", "majority", "--dataset", "demo"]) == 0
    (path,) = folder.glob("results/*/record.json")
    assert main(["results", "export", str(path), "--out", "new/published.json"]) == 0
    capsys.readouterr()
    assert main(["results", "verify", "new/published.json"]) == 0
    told = capsys.readouterr().out
    assert "dataset demo has no canonical list: clips, labels and folds were not compared" in told


def test_an_export_replaces_nothing_and_is_not_exported_again(negative, folder, capsys):
    assert main(["results", "import", str(negative), "--model", "negative", "--out", "a.json"]) == 0
    assert main(["results", "export", "a.json", "--out", "b.json"]) == 0
    assert main(["results", "export", "a.json", "--out", "b.json"]) == 0
    before = files(folder)
    capsys.readouterr()
    for argv, message in (
        (["a.json", "--out", "negative.csv"], "negative.csv exists and has other content"),
        (["a.json", "--out", "a.json"], "a.json exists and has other content"),
        (["b.json"], "b.json: the record has no clips to replace"),
        (["none.json"], "cannot read none.json"),
        (["negative.csv"], "negative.csv is not JSON"),
    ):
        assert main(["results", "export", *argv]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    assert files(folder) == before


def test_a_record_that_does_not_verify_is_not_exported(negative, folder, capsys):
    assert main(["results", "import", str(negative), "--model", "negative", "--out", "a.json"]) == 0
    content = json.loads(Path("a.json").read_text().replace('"truth": 0', '"truth": 1', 1))
    Path("a.json").write_text(json.dumps(sealed(content)))
    assert main(["results", "export", "a.json"]) == 2
    assert "plan.digests.labels" in capsys.readouterr().err
    assert not Path("a-subjects.json").exists()
