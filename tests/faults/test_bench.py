"""A small campaign of each part, in which nothing may go wrong, and the page of the last large one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.faults import report
from tests.faults.concurrency import RUNS, SURROUNDINGS, TOGETHER
from tests.faults.damage import DAMAGES, TARGETS, damaged
from tests.faults.findings import Finding, grouped, tallied
from tests.faults.moments import Case, parse
from tests.faults.preload import missing
from tests.faults.scenarios import SCENARIOS

ROOT = Path(__file__).parents[2]
SMALL = ("--moments", "20", "--damages", "11", "--mutations", "3000", "--rounds", "1", "--jobs", "2")


def bench(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.faults", *argv], cwd=ROOT, capture_output=True, text=True)


def test_whatever_goes_wrong_the_result_is_the_same_or_one_line(tmp_path):
    path = tmp_path / "figures.json"
    done = bench(*SMALL, "--surroundings", "several of these at once", "--json", str(path))
    assert path.exists(), done.stderr
    campaign: list[dict[str, Any]] = json.loads(path.read_text())["rows"]
    assert {(row["part"], row["subject"]): row["findings"] for row in campaign if row["findings"]} == {}
    assert {row["part"] for row in campaign if row["tried"]} == {*report.PARTS} - ({"moments"} if missing() else set())
    # Every part tries what there is.
    tried = {part: {row["subject"] for row in campaign if row["part"] == part} for part in report.PARTS}
    assert tried["damage"] == set(TARGETS)
    assert tried["concurrency"] == {*(f"at once: {one}" for one in TOGETHER), *(f"elsewhere: {one}" for one in RUNS)}
    if not missing():
        assert tried["moments"] == set(SCENARIOS)
        ends = {end for row in campaign if row["part"] == "moments" for end in row["outcomes"]}
        assert ends == {"killed", "one line", "succeeded"}, "faults that do not happen"
    ends = {end for row in campaign if row["part"] == "mutations" for end in row["outcomes"]}
    assert ends == {"read", "one line"}


def test_one_case_is_repeated_with_all_that_it_says():
    done = bench("--repeat", "mutations/submission csv/1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in ("read", "one line")


def test_a_case_is_parsed_from_what_names_it():
    case = Case("run of a network", ((3, "full disk"), (0, "i/o error")))
    assert parse(str(case).split("'")[1]) == case


def test_damage_is_of_every_kind_and_the_same_for_a_seed():
    import random

    made = [damaged(bytes(range(200)), b"other", random.Random(seed)) for seed in range(100)]
    assert made == [damaged(bytes(range(200)), b"other", random.Random(seed)) for seed in range(100)]
    assert {name for name, _ in made} == set(DAMAGES)
    flips = [content for name, content in made if name == "flip"]
    changed = [[old ^ new for old, new in zip(range(200), one, strict=True) if old != new] for one in flips]
    assert all(len(one) == 1 and one[0].bit_count() == 1 for one in changed)


def test_what_goes_wrong_is_counted_and_grouped():
    results = [("a", "read", 1.0), ("a", Finding("x", "--repeat 1"), 1.0), ("a", Finding("x", "--repeat 2"), 2.0)]
    (tally,) = tallied("mutations", results)
    assert (tally.tried, tally.survived, tally.seconds) == (3, 1, 4.0)
    assert list(grouped(tally)) == [("x", 2, "--repeat 1")]
    assert "    2 x x" in list(report.lines([tally]))


def test_the_page_is_what_the_bench_writes_of_the_last_large_campaign():
    assert report.PAGE.read_text("utf-8") == report.page(report.read())


def test_nothing_went_wrong_in_the_last_large_campaign():
    assert {row["subject"]: row["findings"] for row in report.read()["rows"] if row["findings"]} == {}


def test_a_campaign_of_one_part_leaves_the_others_as_they_were():
    before = {"date": "then", "moments": 5, "mutations": 7, "rows": [{"part": "moments"}, {"part": "damage"}]}
    now = {"date": "now", "moments": 1, "mutations": 2, "rows": [{"part": "damage", "tried": 3}]}
    assert report.merged(before, now, ["damage"]) == {
        "date": "now",
        "moments": 5,
        "mutations": 7,
        "rows": [{"part": "moments"}, {"part": "damage", "tried": 3}],
    }


def test_the_page_has_a_row_for_everything_that_is_tried():
    rows = {(row["part"], row["subject"]) for row in report.read()["rows"]}
    assert {("moments", one) for one in SCENARIOS} <= rows
    assert {("damage", one) for one in TARGETS} <= rows
    assert (
        {"LC_ALL=C", "python -O", "4 processes"} <= set(report.read()["surroundings"].split(", ")) <= set(SURROUNDINGS)
    )
