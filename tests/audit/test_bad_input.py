"""A script that cannot be audited ends in one line that says what to do, and never in a traceback."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from merbench.cli import main

GOOD = """
import csv, os, sys
data, out = sys.argv[1:]
lines = list(csv.DictReader(open(os.path.join(data, "clips.csv"))))
table = [("clip", "predicted"), *((line["clip"], 0) for line in lines)]
# CHANGE
with open(os.path.join(out, "predictions.csv"), "w", newline="") as file:
    csv.writer(file).writerows(table)
"""
SECOND_RUN = "os.path.basename(os.path.dirname(out)) != 'run-001'"


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)

    def of(*argv: str) -> str:
        """The one line on stderr with which `merbench audit` refuses."""
        assert main(["audit", *argv]) == 2
        printed, said = capsys.readouterr()
        (line,) = [one for one in said.splitlines() if not re.match(r"merbench: (the )?run ", one)]
        assert printed == ""
        return line.removeprefix("merbench: error: ")

    return of


def script(change: str, folder: Path) -> str:
    """A command that runs the good script with a change."""
    (folder / "script.py").write_text(GOOD.replace("# CHANGE", change), "utf-8")
    return f"'{sys.executable}' script.py {{data}} {{out}}"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("sys.exit(0)", r"run 1 without poison: the script wrote no predictions.csv into \{out\}; write one with .*"),
        ("table = table[:-2]", "run 1 without poison: predictions.csv lacks 2 of 56 clips: s8_04, s8_05"),
        ("table += table[-1:]", "run 1 without poison: predictions.csv has s8_05 more than once; write each clip .*"),
        ("table += [('\\x1b[2Jx', 0)]", r"run 1 .* has \\x1b\[2Jx, which is not among the clips .*"),
        ("table[3] = (table[3][0], 7)", "run 1 .*predictions.csv: '7' is not a class; write whole numbers 0..2"),
        ("table[3] = (table[3][0], '')", "run 1 .*predictions.csv: '' is not a class; write whole numbers 0..2"),
        ("table[0] = ('name', 'class')", "run 1 .*predictions.csv must be a table with the columns clip, predicted.*"),
        ("1 / 0", "run 1 without poison ended with exit code 1: ZeroDivisionError: division by zero"),
        (f"if {SECOND_RUN}: 1 / 0", "run 2 without poison ended with exit code 1: ZeroDivisionError: division by zero"),
        (
            "sys.stdout.buffer.write(bytes(range(256)) * 99); sys.exit(3)",
            "run 1 without poison ended with exit code 3: .*",
        ),
        ("os.mkdir(os.path.join(out, 'predictions.csv')); sys.exit(0)", "run 1 .*predictions.csv cannot be read: .*"),
        ("open(os.path.join(out, 'folds.csv'), 'wb').write(bytes(range(256)))", "run 1 .*folds.csv must be a table .*"),
        (
            "open(os.path.join(out, 'folds.csv'), 'w').write('fold,side,clip\\na,left,s1_01\\n')",
            "run 1 .*folds.csv: 'left' is not a side; write train or test",
        ),
        (
            "open(os.path.join(out, 'epochs.csv'), 'w').write('epoch,clip,predicted\\n1,s1_01,0\\n')",
            "run 1 .*epochs.csv, epoch 1, lacks 55 of 56 clips: .*",
        ),
    ],
)
def test_a_script_that_fails_or_writes_wrong_tables_gets_one_line(
    change: str,
    line: str,
    tmp_path: Path,
    refusal,  # type: ignore[no-untyped-def]
) -> None:
    assert re.fullmatch(line, refusal("--command", script(change, tmp_path)))


def test_binary_output_does_not_reach_the_terminal(tmp_path: Path, refusal) -> None:  # type: ignore[no-untyped-def]
    line = refusal("--command", script("os.write(1, b'\\x1b[31m\\xff\\x00 oh'); sys.exit(1)", tmp_path))
    assert line.isprintable()


def test_a_script_that_hangs_is_ended_with_what_it_started(tmp_path: Path, refusal) -> None:  # type: ignore[no-untyped-def]
    change = "import subprocess; subprocess.run([sys.executable, '-c', 'import time; time.sleep(1000)'])"
    line = refusal("--command", script(change, tmp_path), "--timeout", "2")
    assert line.startswith("run 1 without poison took longer than 2 s and was ended; give it more with --timeout")


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        ([], "give either FUNCTION or --command; see: merbench audit --help"),
        (["a:b", "--command", "c"], "give either FUNCTION or --command; see: merbench audit --help"),
        (["a"], "'a' is not a function; write it as package.module:function"),
        (["--command", "no-such-program {data} {out}"], "'no-such-program' cannot be started: .*; check --command"),
        (["--command", "python x.py"], r"--command 'python x.py' needs \{data\} and \{out\}: .*"),
        (["--command", "python 'x {data} {out}"], "--command .*: No closing quotation; close each quote"),
        (["no_such_module:train"], "run 1 .*No module named 'no_such_module'; run merbench where .*"),
        (["mine:absent"], "run 1 .*mine:absent: mine has no function 'absent'"),
        (["mine:short"], "run 1 .*mine:short: does not take 'train_labels'; name its arguments .*"),
        (["mine:strange"], "run 1 .*mine:strange: needs 'epochs'; name its arguments .*"),
        (["mine:one"], r"run 1 .*mine:one: must return 9 class indices 0..2 for the test clips of s1, not int64 of .*"),
        (["mine:fails"], "run 1 .*: ValueError: too small"),
    ],
)
def test_a_wrong_target_gets_one_line(argv: list[str], line: str, tmp_path: Path, refusal) -> None:  # type: ignore[no-untyped-def]
    needed = "train_features, train_labels, test_features"
    (tmp_path / "mine.py").write_text(
        f"def short(train_features): pass\ndef strange({needed}, epochs): pass\ndef one({needed}): return 1\n"
        f"def fails({needed}): raise ValueError('too small')\n",
        "utf-8",
    )
    assert re.fullmatch(line, refusal(*argv))


@pytest.mark.parametrize(
    ("table", "features", "line"),
    [
        (None, np.zeros((2, 3)), "own: .*No such file.*; a folder for --data needs clips.csv .*"),
        ("clip,subject\na,s\n", np.zeros((1, 3)), ".*needs the columns clip, subject, label and a row for each clip"),
        ("clip,subject,label\na,s,0\na,t,1\n", np.zeros((2, 3)), ".*clip a is listed twice; keep one of its rows"),
        ("clip,subject,label\na,s,0\n../b,t,1\n", np.zeros((2, 3)), ".*'../b' is not a name; use letters, .*"),
        ("clip,subject,label\na,s,0\nb,t,x\n", np.zeros((2, 3)), ".*label 'x' is not a class index; number .*"),
        ("clip,subject,label\na,s,0\nb,t,2\n", np.zeros((2, 3)), ".*the labels must be 0 to .*"),
        ("clip,subject,label\na,s,0\nb,s,1\n", np.zeros((2, 3)), ".*one subject alone cannot be split; .*"),
        ("clip,subject,label\na,s,0\nb,t,1\n", np.zeros((3, 3)), r".*numbers of shape \[2, ...\], .* shape \[3, 3\]"),
        ("clip,subject,label\na,s,0\nb,t,1\n", np.full((2, 3), np.nan), ".*not finite numbers; repair those clips"),
        ("clip,subject,label\na,s,0\nb,t,1\n", np.array([{}, {}]), ".*features.npy|own: .*allow_pickle=False.*"),
    ],
)
def test_own_clips_that_cannot_be_used_get_one_line(
    table: str | None,
    features: np.ndarray,
    line: str,
    tmp_path: Path,
    refusal,  # type: ignore[no-untyped-def]
) -> None:
    (tmp_path / "own").mkdir()
    np.save(tmp_path / "own" / "features.npy", features)
    if table is not None:
        (tmp_path / "own" / "clips.csv").write_text(table, "utf-8")
    assert re.fullmatch(line, refusal("a:b", "--data", "own"))


def test_clips_that_are_no_pictures_cannot_be_class_folders(tmp_path: Path, refusal) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "own").mkdir()
    np.save(tmp_path / "own" / "features.npy", np.zeros((2, 3)))
    (tmp_path / "own" / "clips.csv").write_text("clip,subject,label\na,s,0\nb,t,1\n", "utf-8")
    line = refusal("--command", script("", tmp_path), "--layout", "folders", "--data", "own")
    assert line.startswith("the layout folders holds pictures: features.npy must be [clips, rows, columns, 3]")
