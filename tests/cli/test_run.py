"""`merbench run`: what it writes, what it prints and where, and when it does nothing."""

from __future__ import annotations

import getpass
import json
import re
import socket
from pathlib import Path

import pytest
import torch
from merbench_htnet.network import HTNet

from merbench.cli import main

LINEAR = ("run", "--model", "flow-lr", "--dataset", "demo")
PART = ("--folds", "demo-a/*")
NETWORK = ("run", "--model", "htnet", "--dataset", "demo", "--set", "dim=8", "--set", "heads=1", "--set",
           "block_repeats=1,1,1", "--set", "epochs=1", "--device", "cpu", "--folds", "demo-[ab]/*1")  # fmt: skip


@pytest.fixture
def out(tmp_path, monkeypatch) -> Path:
    """The folder of results, within the folder in which commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out"


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def records(out: Path) -> list[Path]:
    return sorted(out.glob("*/record.json"))


def test_a_record_has_its_fields_and_the_table_its_parts(out, capsys):
    assert main([*LINEAR, "--out", str(out)]) == 0
    (path,) = records(out)
    record = json.loads(path.read_text())
    names = ["schema", "id", "plan", "environment", "predictions", "subjects", "scores", "folds", "warnings"]
    assert list(record) == [*names, "digest"]
    assert record["subjects"] == []
    assert list(record["scores"]) == ["last"]
    assert list(record["scores"]["last"]) == ["full", "demo-a", "demo-b", "demo-c"]
    assert len(record["predictions"]) == record["plan"]["clips_total"] == 128
    assert record["warnings"] == []
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in told[2:6]] == ["full", "demo-a", "demo-b", "demo-c"]
    assert told[-1] == f"record: {path}"


def test_the_same_command_answers_at_once_and_touches_nothing(out, capsys):
    argv = [*LINEAR, *PART, "--out", str(out)]
    assert main(argv) == 0
    next(out.glob("*/folds/*.json")).unlink()
    before, first = files(out), capsys.readouterr()
    assert main(argv) == 0
    assert files(out) == before
    assert capsys.readouterr().out == first.out


def test_fresh_starts_over(out):
    argv = [*LINEAR, *PART, "--out", str(out)]
    assert main(argv) == 0
    next(out.glob("*/folds/*.json")).unlink()
    before = files(out)
    assert main([*argv, "--fresh"]) == 0
    assert len(files(out)) == len(before) + 1
    assert all(files(out)[name][0] > time for name, (time, _) in before.items())


@pytest.mark.parametrize("change", [("--set", "C=0.1"), ("--seed", "1"), ("--protocol", "loso-per-database"),
                                    ("--folds", "demo-b/*"), ("--model", "flow-svm")])  # fmt: skip
def test_any_changed_setting_is_another_run(change, out):
    base = [*LINEAR, "--folds", "demo-a/a0[12]", "--out", str(out)]
    assert main(base) == 0
    assert main([*base, *change]) == 0
    assert len(records(out)) == 2


def test_a_name_with_its_distribution_is_the_same_run(out):
    base = [*LINEAR, *PART, "--out", str(out)]
    assert main(base) == 0
    assert main([*base, "--protocol", "merbench:loso", "--model", "merbench:flow-lr"]) == 0
    assert len(records(out)) == 1


def test_a_protocols_former_name_is_the_same_run_and_one_line_says_the_new_name(out, capsys):
    base = [*LINEAR, *PART, "--out", str(out)]
    assert main(base) == 0
    assert "now called" not in capsys.readouterr().err
    assert main([*base, "--protocol", "composite"]) == 0
    assert "merbench: note: protocol composite is now called loso\n" in capsys.readouterr().err
    assert len(records(out)) == 1


def test_json_is_the_record_and_only_it(out, capsys):
    assert main([*NETWORK, "--out", str(out), "--json"]) == 0
    told = capsys.readouterr()
    assert told.out == records(out)[0].read_text()
    assert "protocol loso" in told.err
    assert "\x1b" not in told.err
    assert main([*NETWORK, "--out", str(out), "--json"]) == 0
    assert capsys.readouterr().out == told.out


def test_part_of_the_folds_is_said_in_the_record_and_beside_the_table(out, capsys):
    assert main([*LINEAR, *PART, "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert "only 8 of 24 folds were run" in told.err
    assert "48 of 128 clips: incomplete, so it is not ranked" in told.out
    assert json.loads(records(out)[0].read_text())["warnings"] == ["only 8 of 24 folds were run"]


def test_several_seeds_are_several_records_and_a_summary(out, capsys):
    assert main([*LINEAR, *PART, "--out", str(out), "--seeds", "3"]) == 0
    assert [json.loads(path.read_text())["plan"]["seed"] for path in records(out)] == [0, 1, 2]
    told = capsys.readouterr().out
    assert "3 seeds, policy last: mean ± standard deviation" in told
    assert re.search(r"full +\.\d{3} ± \.\d{3}", told)


@pytest.mark.parametrize("argv", [LINEAR, NETWORK])
def test_a_dry_run_prints_plan_and_estimate_and_writes_nothing(argv, out, tmp_path, capsys):
    assert main([*argv, "--out", str(out), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "protocol loso" in told
    assert "estimate: " in told
    assert list(tmp_path.iterdir()) == []
    assert main([*argv, "--out", str(out), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["protocol"] == "loso"
    assert list(tmp_path.iterdir()) == []


def test_oracle_stands_beside_last_is_marked_and_fits_a_terminal(out, capsys):
    assert main([*NETWORK, "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert any("oracle (test-selected)" in line for line in told.splitlines()[1:3])  # a long title takes two lines
    assert "never ranked" in told
    assert max(len(line) for line in told.splitlines() if not line.startswith(("record:", "test-selected:"))) <= 80
    assert "\x1b" not in told


def test_no_path_user_or_host_is_in_a_record(out):
    assert main([*NETWORK, "--out", str(out)]) == 0
    text = records(out)[0].read_text()
    for private in (str(out.parent), str(Path.home()) + "/", str(Path(__file__).parents[2]), socket.gethostname()):
        assert private not in text
    assert f'"{getpass.getuser()}"' not in text


def test_checkpoints_are_scored_with_a_word_on_where_they_come_from(out, tmp_path, capsys):
    torch.manual_seed(0)
    network = HTNet(dim=8, heads=1, block_repeats=(1, 1, 1))
    for fold in ("a01", "a02"):
        torch.save(network.state_dict(), tmp_path / f"{fold}.pth")
    shape = ("--set", "dim=8", "--set", "heads=1", "--set", "block_repeats=1,1,1", "--device", "cpu")
    folds = ("--folds", "demo-a/a0[12]", "--weights", str(tmp_path), "--out", str(out))
    assert main(["run", "--model", "htnet", "--dataset", "demo", *shape, *folds]) == 0
    (path,) = records(out)
    record = json.loads(path.read_text())
    assert "the predictions come from checkpoints; how their epochs were chosen is not known" in record["warnings"]
    assert [fold["epochs"] for fold in record["folds"]] == [{}, {}]
    assert record["environment"]["engine"]["mode"] == "checkpoints"
    assert main(["results", "verify", str(path)]) == 0
    capsys.readouterr()
    assert main(["results", "show", str(path)]) == 0
    assert "note: the predictions come from checkpoints" in capsys.readouterr().out


def test_an_estimate_of_a_schedule_shorter_than_its_own_steps(out, capsys):
    assert main([*NETWORK, "--set", "schedule=one-cycle", "--dry-run", "--out", str(out)]) == 0
    assert "estimate: about" in capsys.readouterr().out


def test_fewer_folds_at_once_for_want_of_memory_are_told_before_and_while_they_train(out, capsys, monkeypatch):
    monkeypatch.setattr("merbench.engine.grouping.memory_budget", lambda device: 0)
    said = "at once: too little memory is free for 2, so results may differ from those of other machines; "
    assert main([*NETWORK, "--out", str(out), "--dry-run"]) == 0
    assert f"1 fold(s) {said}" in capsys.readouterr().out
    assert main([*NETWORK, "--out", str(out)]) == 0
    assert f"1 fold(s) train {said}" in capsys.readouterr().err


def test_the_oracle_of_several_seeds_is_marked(out, capsys):
    argv = [*NETWORK, "--epoch-policy", "oracle", "--seeds", "2", "--out", str(out)]
    assert main(argv) == 0
    assert "2 seeds, policy oracle (test-selected)" in capsys.readouterr().out
    assert main([*argv, "--json"]) == 0
    assert [record["plan"]["seed"] for record in json.loads(capsys.readouterr().out)] == [0, 1]


@pytest.mark.parametrize("dataset", ["composite", "smic-3", "casme2-3", "samm-3"])
def test_a_record_of_every_part_of_the_real_composite_is_verified(dataset, out, real_data, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    assert main(["run", "--model", "majority", "--dataset", dataset, "--out", str(out)]) == 0
    (path,) = records(out)
    assert main(["results", "verify", str(path)]) == 0
