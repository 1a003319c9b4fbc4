"""What a sweep prints, and the table and the figure that it writes."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.runs.estimate import Estimate
from merbench.sweeps import forecast
from tests.sweeps.conftest import Sweep

GRID = 'model = "steady"\nseed = [0, 1]\nset.step = [1, 2]'

Out = Callable[[], str]


@pytest.fixture
def out(capsys: pytest.CaptureFixture[str]) -> Out:
    """What was printed on stdout since it was last asked."""
    return lambda: capsys.readouterr().out


def test_a_dry_run_lists_every_run_and_what_is_finished_and_runs_nothing(sweep: Sweep, out: Out) -> None:
    assert sweep(GRID, "--dry-run") == 0
    told = out().splitlines()
    assert re.match(r"steady \(step=1\) on little, seed 0 +to do +short", told[1])
    assert told[-1] == "4 runs: 4 to do; time: 4 short"
    assert not Path("results").exists()
    assert sweep(GRID, "--only", "*seed 1") == 0
    out()
    assert sweep(GRID, "--dry-run") == 0
    told = out().splitlines()
    assert [line.split(", ")[1].split()[:3] for line in told[1:5]] == [
        ["seed", "0", "to"],
        ["seed", "0", "to"],
        ["seed", "1", "finished"],
        ["seed", "1", "finished"],
    ]
    assert told[-1] == "4 runs: 2 to do, 2 finished; time: 2 short"


def test_a_dry_run_says_what_cannot_run_and_why(sweep: Sweep, out: Out) -> None:
    assert sweep("model = 'steady'\nprotocol = ['loso', 'lodo']", "--dry-run") == 0
    told = out()
    assert "steady on little, lodo, seed 0" in told
    assert "cannot run: " in told
    assert "to leave one database out takes at least two" in told
    assert "2 runs: 1 to do, 1 cannot run; time: 1 short" in told


def test_a_dry_run_estimates_each_configuration_once(sweep: Sweep, out: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def estimate(job: object) -> Estimate:
        asked.append(1)
        return Estimate(90.0 * len(asked), 2**29, None)  # type: ignore[arg-type]

    monkeypatch.setattr(forecast, "estimate", estimate)
    assert sweep(GRID, "--dry-run") == 0
    told = out().splitlines()
    assert len(asked) == 2
    assert [re.split(" {2,}", line)[2:] for line in told[1:5]] == [
        ["1 min 30 s", "0.5 GiB"],
        ["3 min 00 s", "0.5 GiB"],
    ] * 2
    assert told[-1] == "4 runs: 4 to do; time: about 9 min 00 s for 4"


def test_only_carries_out_the_runs_that_match(sweep: Sweep, out: Out) -> None:
    assert sweep(GRID, "--only", "* (step=2)*") == 0
    assert "step=1" not in out()
    assert len(list(Path("results").glob("*/record.json"))) == 2


def test_the_table_of_a_part_does_not_replace_the_table_of_the_whole_sweep(sweep: Sweep) -> None:
    assert sweep(GRID, "--only", "* (step=2)*") == 0
    assert sorted(path.name for path in Path("results").glob("some*")) == [
        "some-part.csv",
        "some-part.md",
        "some-part.svg",
    ]


def test_the_table_is_marked_where_a_choice_by_it_is_one_on_the_test_subjects(sweep: Sweep, out: Out) -> None:
    assert sweep(GRID) == 0
    mark = "choosing a setting by this table is choosing on the test subjects"
    assert mark in out()
    assert mark in Path("results/some.md").read_text().lower()
    assert mark in Path("results/some.csv").read_text()
    assert mark in Path("results/some.svg").read_text()


def test_the_csv_has_the_figures_of_the_records_in_full(sweep: Sweep) -> None:
    assert sweep('model = "steady"\nset.step = [2, 1]') == 0
    rows = list(csv.DictReader(Path("results/some.csv").read_text().splitlines()))
    assert [row["settings"] for row in rows] == ["default; step=2", "default; step=1"]
    found = [json.loads(path.read_text()) for path in Path("results").glob("*/record.json")]
    records = {one["id"]: one for one in found}
    for row in rows:
        full = records[row["records"]]["scores"]["last"]["full"]
        assert float(row["uf1"]) == full["uf1"]
        assert [float(row["uar_low"]), float(row["uar_high"])] == full["intervals"]["uar"]
        assert (row["uf1_sd"], row["seeds"]) == ("", "1")


def test_the_markdown_table_has_a_line_for_each_configuration_and_no_live_markup(sweep: Sweep) -> None:
    assert sweep(GRID) == 0
    lines = Path("results/some.md").read_text().splitlines()
    assert lines[0].startswith("| model | settings | dataset | protocol | policy | seeds | UF1 | UF1 95 % |")
    assert [line.split(" | ")[1] for line in lines[2:4]] == ["default; step=1", "default; step=2"]
    assert {line.count(" | ") for line in lines[:4]} == {11}


def test_the_figure_is_a_file_of_its_own_with_a_line_for_each_configuration(sweep: Sweep) -> None:
    assert sweep(GRID) == 0
    text = Path("results/some.svg").read_text()
    root = ElementTree.fromstring(text)
    words = [one.text for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert [word for word in words if (word and word.startswith("Steady")) or (word and "step=" in word)] != []
    assert words[[word or "" for word in words].index("little, loso") + 1 :][0].endswith("step=1")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_figure_names_only_the_settings_that_tell_rows_apart(sweep: Sweep) -> None:
    assert sweep("model = 'steady'\nset = {step = [1, 2], random_state = 3}") == 0
    text = Path("results/some.svg").read_text()
    assert "steady, step=2" in text
    assert "random_state" not in text


def test_the_same_sweep_writes_the_same_bytes(sweep: Sweep) -> None:
    assert sweep(GRID) == 0
    before = [Path(f"results/some.{end}").read_bytes() for end in ("csv", "md", "svg")]
    assert sweep(GRID) == 0
    assert [Path(f"results/some.{end}").read_bytes() for end in ("csv", "md", "svg")] == before


def test_json_is_one_object_with_the_table_the_records_and_what_failed(sweep: Sweep, out: Out) -> None:
    assert sweep("model = ['steady', 'broken']", "--json") == 2
    found = json.loads(out())
    assert [row["model"] for row in found["rows"]] == ["steady"]
    assert list(found["records"]) == ["steady on little, seed 0"]
    assert "no such matrix" in found["failed"]["broken on little, seed 0"]
    assert "test subjects" in found["choice"]
    (record,) = (json.loads(Path(path).read_text()) for path in found["records"].values())
    assert found["rows"][0]["uf1"] == record["scores"]["last"]["full"]["uf1"]
    assert [Path(path).exists() for path in found["files"].values()] == [True] * 4


def test_where_no_row_has_a_uf1_the_table_says_so(sweep: Sweep, out: Out) -> None:
    assert sweep("dataset = 'lacking'\nmodel = 'steady'") == 0
    assert re.search(r"steady +default +lacking +loso +last +1 +not defined +not defined", out())
    assert ",,,,,,,," in Path("results/some.csv").read_text()
    assert "not defined" in Path("results/some.md").read_text()
    ElementTree.fromstring(Path("results/some.svg").read_text())


def test_json_of_a_dry_run_is_a_list_of_runs(sweep: Sweep, out: Out) -> None:
    assert sweep(GRID, "--dry-run", "--json") == 0
    assert [one["state"] for one in json.loads(out())] == ["to do"] * 4


def test_if_every_run_fails_there_is_no_table(sweep: Sweep, out: Out) -> None:
    assert sweep("model = 'broken'") == 2
    assert out().splitlines()[-1] == "failed runs: 1; the same command tries them again"
    assert not Path("results/some.csv").exists()
