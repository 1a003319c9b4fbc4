"""What `merbench data compare-flow` prints of a released flow and of the user's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from merbench.cli import main

BOTH = Path(__file__).parents[1] / "features" / "both.py"
ARGV = ("data", "compare-flow", "--dataset", "both", "--jobs", "1", "--plugin")


@pytest.fixture(autouse=True)
def homes(both_homes: Path) -> Path:
    return both_homes


def table(said: str, heading: str) -> list[list[str]]:
    """The cells of the table below this heading, without the heading; cells are two blanks apart."""
    lines = iter(said.splitlines())
    next(line for line in lines if line.split() == heading.split())
    rows = (line.split("  ") for line in lines)
    found = []
    for row in rows:
        if len(row) == 1:
            break
        found.append([cell.strip() for cell in row if cell.strip()])
    return found


def test_the_flows_are_compared_on_a_line_for_all_clips_and_for_each_database(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*ARGV, str(BOTH)]) == 0
    said = capsys.readouterr().out
    assert "motion of release, beside motion@plain of videos" in said
    rows = table(said, "part clips endpoint strain correlation of strain correlation of v correlation of u")
    assert [row[:4] for row in rows] == [
        ["full", "4", "5.0 [1.5 5.0]", "2.0 [0.6 2.0]"],
        ["a", "2", "5.0 [5.0 5.0]", "2.0 [2.0 2.0]"],
        ["b", "2", "2.5 [0.5 4.5]", "1.0 [0.2 1.8]"],
    ]
    assert "farthest apart: a/s1/one (5.0)" in said


def test_the_change_in_the_score_of_the_baseline_is_printed_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    """The baseline is right on every clip with the own flow; UF1 and UAR with the released one are 1/6."""
    assert main([*ARGV, str(BOTH)]) == 0
    said = capsys.readouterr().out
    assert "speed (default) on both, loso, seed 0: once on each flow\n" in said
    rows = table(said, "part clips score release own difference 95 % p")
    assert [row[:6] for row in rows[:2]] == [
        ["full", "4", "UF1", ".167", "1.000", "+.833"],
        ["full", "4", "UAR", ".167", "1.000", "+.833"],
    ]
    undefined = ["not defined", "not defined"]  # a and b lack a class
    assert rows[2:] == [[part, "2", metric, *undefined] for part in "ab" for metric in ("UF1", "UAR")]


def test_the_same_flow_changes_no_score(homes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (homes / "release" / "same.txt").write_text("yes")
    assert main([*ARGV, str(BOTH)]) == 0
    rows = table(capsys.readouterr().out, "part clips score release own difference 95 % p")
    assert rows[0] == ["full", "4", "UF1", "1.000", "1.000", "+.000", "+.000 to +.000", "1.000"]


def test_json_has_every_clip_and_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGV, str(BOTH), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["feature"], found["computed"], found["released"]) == ("motion", "motion@plain", ["release"])
    assert [one["endpoint"] for one in found["clips"]] == [5, 5, 5, 0]
    scores = found["scores"]
    assert (scores["model"], scores["recipe"], scores["protocol"]) == ("speed", "default", "loso")
    full = scores["parts"]["full"]
    assert (full["clips"], full["released"]["uf1"], full["own"]["uf1"]) == (4, pytest.approx(1 / 6), 1)
    assert full["change"]["uar"]["difference"] == pytest.approx(5 / 6)
    assert scores["parts"]["a"] == {"clips": 2, "released": None, "own": None, "change": {}}
    assert found["why_no_scores"] is None


def test_broken_clips_stop_the_command_or_are_left_out_and_named(
    homes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (homes / "videos" / "broken.txt").write_text("b/s2/two")
    assert main([*ARGV, str(BOTH)]) == 2
    assert "1 broken clip(s), see above; fix the release, or leave these clips out" in capsys.readouterr().err
    assert main([*ARGV, str(BOTH), "--skip-broken"]) == 0
    said = capsys.readouterr()
    assert "img7.jpg" in said.err
    rows = table(said.out, "part clips score release own difference 95 % p")
    assert rows[0][:6] == ["full", "3", "UF1", ".000", "1.000", "+1.000"]


def test_a_clip_with_two_classes_is_named(homes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (homes / "videos" / "surprise.txt").write_text("b/s2/two")
    assert main([*ARGV, str(BOTH)]) == 0
    assert "in no score, because the videos give them another class: b/s2/two\n" in capsys.readouterr().out


def test_one_subject_has_a_comparison_but_no_scores(homes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (homes / "videos" / "broken.txt").write_text("a/s2/two\nb/s1/one\nb/s2/two")
    assert main([*ARGV, str(BOTH), "--skip-broken"]) == 0
    said = capsys.readouterr().out
    assert "farthest apart: a/s1/one (5.0)\n" in said
    assert "no scores: to leave one subject out takes at least two, and a has 1" in said


def test_without_a_baseline_one_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plugin = tmp_path / "both.py"
    plugin.write_text(BOTH.read_text().replace('"speed", "baseline"', '"speed", "shortened"'))
    assert main([*ARGV, str(plugin)]) == 0
    assert "\nno scores: no baseline sees motion alone\n" in capsys.readouterr().out
    assert main([*ARGV, str(plugin), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["scores"], found["why_no_scores"]) == (None, "no baseline sees motion alone")
