"""`merbench results`: what is there, what it says, and whether it is true."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.runs.seal import sealed


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder of results with one run of part of the folds."""
    out = tmp_path_factory.mktemp("results")
    assert main(["run", "--model", "majority", "--dataset", "demo", "--out", str(out)]) == 0
    return out


@pytest.fixture
def record(made) -> Path:
    (path,) = made.glob("*/record.json")
    return path


def test_a_record_is_listed_with_its_scores(made, record, capsys):
    capsys.readouterr()
    assert main(["results", "list", str(made)]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[:6] == ["majority", "default", "demo", "loso", "0", "last"]
    assert row[-1] == str(record)
    assert main(["results", "list", str(made), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["name"] == str(record)
    assert one["uf1"] == json.loads(record.read_text())["scores"]["last"]["full"]["uf1"]


def test_a_record_from_before_its_protocol_was_renamed_shows_the_new_name(capsys):
    records = Path(__file__).parents[2] / "leaderboards" / "records"
    one = min(records.glob("*.json"))
    assert json.loads(one.read_text())["plan"]["protocol"] == "composite"
    assert main(["results", "show", str(one)]) == 0
    assert " on composite, loso, " in capsys.readouterr().out.splitlines()[0]
    assert main(["results", "show", str(one), "--json"]) == 0
    assert capsys.readouterr().out == one.read_text()


def test_broken_records_are_listed_with_their_error_beside_the_others(record, tmp_path, capsys):
    records = tmp_path / "records"
    records.mkdir()
    (records / "a-good.json").write_bytes(record.read_bytes())
    (records / "b-broken.json").write_text("{")
    content = json.loads(record.read_text())
    (records / "c-other.json").write_text(json.dumps({**content, "schema": 7}))
    (records / "d-empty.json").write_text(json.dumps(sealed({**content, "scores": {}})))
    (records / "e-loop.json").symlink_to("e-loop.json")
    os.mkfifo(records / "f-pipe.json")
    capsys.readouterr()
    assert main(["results", "list", str(records)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 7
    assert told[1].startswith("majority")
    faults = ("is not JSON", "schema 7", "have policies []", "Too many levels of symbolic links", "not a regular")
    for line, words in zip(told[2:], faults, strict=True):
        assert words in line
    assert main(["results", "list", str(records), "--json"]) == 0
    assert [("error" in one) for one in json.loads(capsys.readouterr().out)] == [False] + 5 * [True]


def test_records_are_found_from_within_their_folder(record, tmp_path, capsys, monkeypatch):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "one.json").write_bytes(record.read_bytes())
    monkeypatch.chdir(tmp_path / "records")
    capsys.readouterr()
    assert main(["results", "list", "."]) == 0
    assert "one.json" in capsys.readouterr().out


def test_an_empty_folder_says_how_to_fill_it(tmp_path, capsys):
    assert main(["results", "list", str(tmp_path)]) == 0
    assert "make one: merbench run" in capsys.readouterr().out
    assert main(["results", "list", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_record_is_shown_as_the_run_showed_it_and_as_it_is(record, capsys):
    assert main(["results", "show", str(record)]) == 0
    told = capsys.readouterr().out
    assert "majority (default) on demo, loso, seed 0" in told
    assert told.endswith(f"record: {record}\n")
    assert main(["results", "show", str(record), "--json"]) == 0
    assert capsys.readouterr().out == record.read_text()


def test_a_record_is_verified_and_a_changed_one_refused(record, tmp_path, capsys):
    assert main(["results", "verify", str(record)]) == 0
    assert "scores, digests and folds follow from the predictions" in capsys.readouterr().out
    content = json.loads(record.read_text())
    content["scores"]["last"]["full"]["uf1"] = 0.9
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(sealed(content)))
    assert main(["results", "verify", str(record), str(changed)]) == 2
    assert "scores.last.full.uf1: the record says 0.9" in capsys.readouterr().err


def test_a_record_that_is_not_there_is_one_line(tmp_path, capsys):
    for action in ("show", "verify"):
        assert main(["results", action, str(tmp_path / "none.json")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("merbench: error: cannot read ")


def test_what_set_changed_is_listed_and_shown_beside_the_recipe(tmp_path, capsys):
    plugin = tmp_path / "results_dummy.py"
    plugin.write_text(DUMMY)
    load = ["--plugin", str(plugin)]
    run = ["run", "--model", "dummy", "--dataset", "demo", "--out", str(tmp_path / "out"), *load]
    assert main(run) == 0
    assert main([*run, "--set", "strategy=prior"]) == 0
    capsys.readouterr()
    assert main(["results", "list", str(tmp_path / "out"), "--json", *load]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert sorted(str(one["set"]) for one in listed) == ["{'strategy': 'prior'}", "{}"]
    assert main(["results", "list", str(tmp_path / "out"), *load]) == 0
    assert capsys.readouterr().out.count("strategy=prior") == 1
    (changed,) = [one["name"] for one in listed if one["set"]]
    assert main(["results", "show", changed, *load]) == 0
    assert capsys.readouterr().out.startswith("dummy (default; strategy=prior) on demo")


DUMMY = """
import merbench

def build(strategy="most_frequent"):
    from sklearn.dummy import DummyClassifier
    return DummyClassifier(strategy=strategy)

@merbench.hookimpl
def merbench_models():
    yield merbench.EstimatorModel(name="dummy", estimator="results_dummy:build", features=())
"""
