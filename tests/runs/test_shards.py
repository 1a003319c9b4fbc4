"""A shard is a share of the units of a run; it is computed by itself, and continues like a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.cli import main
from merbench.errors import OptionError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare
from merbench.runs.run import run_shard
from merbench.runs.shards import Shard

RUN = ["run", "--model", "flow-lr", "--dataset", "tiny"]  # three folds


def names(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix().split("/", 1)[1] for path in out.rglob("*") if path.is_file())


def test_a_shard_is_named_by_its_number_and_their_count() -> None:
    assert Shard.parse("2/10") == Shard(2, 10)
    assert str(Shard(2, 10)) == "2/10"


@pytest.mark.parametrize("text", ["0/2", "3/2", "1/0", "1", "/2", "1/", "1/2/3", "a/b", "1.0/2", "²/3", ""])
def test_a_shard_out_of_range_is_refused_in_one_line(text, tmp_path, capsys) -> None:
    assert main([*RUN, "--shard", text, "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{text!r} is not a shard I/N, where I is a number from 1 to N, such as 1/2" in line
    assert not (tmp_path / "out").exists()


def test_a_dry_run_says_that_a_shard_is_a_share_of_the_time(tmp_path, capsys) -> None:
    assert main([*RUN, "--shard", "2/3", "--dry-run", "--out", str(tmp_path / "out")]) == 0
    assert "shard 2/3: one of 3 shares of that time" in capsys.readouterr().out.splitlines()
    assert not (tmp_path / "out").exists()


@given(st.integers(0, 40), st.integers(1, 50))
def test_the_shards_have_every_unit_once_and_are_alike_in_size(units, count) -> None:
    shares = [Shard(number, count).of(range(units)) for number in range(1, count + 1)]
    assert sorted(unit for share in shares for unit in share) == list(range(units))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_shard_keeps_its_folds_and_writes_no_record(tmp_path, capsys) -> None:
    assert main([*RUN, "--shard", "2/2", "--out", str(tmp_path)]) == 0
    fold, *others = names(tmp_path)
    assert fold.startswith("folds/tiny-t02-")
    assert others == ["grouping.json", "plan.json", "shards/2-of-2.json"]
    (folder,) = tmp_path.iterdir()
    assert capsys.readouterr().out.splitlines() == [
        "2 of 3 folds are left to other shards, so there is no record yet: merbench results merge makes it",
        f"shard: {folder}",
    ]


def test_with_json_a_shard_prints_nothing_but_a_record(tmp_path, capsys) -> None:
    assert main([*RUN, "--shard", "2/2", "--json", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "2 of 3 folds are left to other shards" in printed.err


def test_a_shard_that_was_interrupted_computes_only_what_is_missing(tmp_path) -> None:
    argv = [*RUN, "--shard", "1/2", "--out", str(tmp_path)]
    assert main(argv) == 0
    before = names(tmp_path)
    (note,) = tmp_path.glob("*/shards/*")
    first, second = sorted(tmp_path.glob("*/folds/*"))
    written = first.stat().st_mtime_ns
    note.unlink()
    second.unlink()
    assert main(argv) == 0
    assert names(tmp_path) == before
    assert first.stat().st_mtime_ns == written


def test_shards_with_one_folder_of_results_need_no_merge(tmp_path, capsys) -> None:
    for number in (1, 2):
        assert main([*RUN, "--shard", f"{number}/2", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*/record.json")
    assert capsys.readouterr().out.splitlines()[-1] == f"record: {path}"
    content = path.read_bytes()
    assert main([*RUN, "--shard", "1/2", "--out", str(tmp_path)]) == 0
    assert path.read_bytes() == content


def test_a_run_without_shards_takes_up_what_a_shard_has_finished(tmp_path) -> None:
    assert main([*RUN, "--shard", "1/2", "--out", str(tmp_path)]) == 0
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/folds/*")}
    assert main([*RUN, "--out", str(tmp_path)]) == 0
    assert len(kept) == 2
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_checkpoints_cannot_be_shared_out(tmp_path) -> None:
    job = prepare(Registry(load()), Request(model="majority", dataset="tiny"))
    with pytest.raises(OptionError, match=r"^--shard: --weights trains nothing"):
        run_shard(replace(job, weights={"tiny/t01": tmp_path}), tmp_path / "out", Shard(1, 2))
    assert not (tmp_path / "out").exists()
