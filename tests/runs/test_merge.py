"""The shards of a run give the record of a run in one piece, or one line that says why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main
from merbench.runs.seal import sealed
from merbench.runs.store import read_sealed

RUN = ["run", "--model", "flow-lr", "--dataset", "tiny"]  # folds t01 and t03 are in shard 1/2, and t02 is in 2/2
CHANGED = "is missing or was changed; give the command of the shard again"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Folders of results with one shard each, `1-2` for shard 1/2; not to be changed."""
    folder = tmp_path_factory.mktemp("shards")
    for shard in ("1/2", "2/2", "1/3"):
        assert main([*RUN, "--shard", shard, "--out", str(folder / shard.replace("/", "-"))]) == 0
    return folder


@pytest.fixture
def shards(made, tmp_path, monkeypatch) -> Path:
    """A copy of `made`, in which commands run."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, tmp_path, dirs_exist_ok=True))


def merged(folder: Path, *names: str) -> Path:
    assert main(["results", "merge", *(str(folder / name) for name in names), "--out", str(folder / "all")]) == 0
    (record,) = (folder / "all").glob("*/record.json")
    return record


def refusal(capsys: pytest.CaptureFixture[str], *names: str) -> str:
    """The one line with which a merge is refused; it writes nothing."""
    capsys.readouterr()
    assert main(["results", "merge", *names, "--out", "all"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert not Path("all").exists()
    return line


def change(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a sealed file as somebody does who knows how it is sealed."""
    content = read_sealed(path)
    assert content is not None
    edit(content)
    path.write_text(json.dumps(sealed(content)))


def fold(folder: Path, name: str) -> Path:
    (path,) = folder.glob(f"*/folds/{name}-*.json")
    return path


@pytest.mark.parametrize("kind", ["batched", "inner", "sequential", "estimator"])
def test_merged_shards_give_the_record_of_a_run_in_one_piece(kind, kinds, undisturbed, without_times, tmp_path) -> None:
    extra = [] if kind == "estimator" else ["--keep-weights"]
    for number in ("1", "2"):
        argv = ["run", "--dataset", "demo", *kinds[kind], *extra, "--shard", f"{number}/2"]
        assert main([*argv, "--out", str(tmp_path / number)]) == 0
    record = merged(tmp_path, "1", "2")
    blanked = json.loads(without_times(record))
    (machine,) = blanked["environment"].pop("machines")
    assert machine["folds"] == len(blanked["folds"])
    assert json.dumps(blanked) == without_times(undisturbed(kind))
    computed = [path.name for path in tmp_path.glob("[12]/*/folds/*")]
    assert len(computed) == len(set(computed)) == len(blanked["folds"])
    assert len([*record.parent.glob("weights/*")]) == len(computed) * bool(extra)


def test_the_order_of_the_shards_does_not_change_a_byte(shards, tmp_path) -> None:
    record = merged(shards, "1-2", "2-2")
    content = record.read_bytes()
    shutil.rmtree(shards / "all")
    assert merged(shards, "2-2", "1-2").read_bytes() == content
    assert merged(shards, "2-2", "1-2").read_bytes() == content, "it was there already"
    assert main(["results", "verify", str(record)]) == 0


def test_a_merged_run_is_a_run_that_can_be_continued(shards) -> None:
    record = merged(shards, "1-2", "2-2")
    kept = {path: path.stat().st_mtime_ns for path in record.parent.glob("folds/*")}
    record.unlink()
    assert main([*RUN, "--out", str(shards / "all")]) == 0
    assert record.exists()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_the_folder_of_one_shard_can_take_the_others(shards) -> None:
    assert main(["results", "merge", "1-2", "2-2", "--out", "1-2"]) == 0
    assert len([*(shards / "1-2").glob("*/folds/*")]) == 3
    assert len([*(shards / "1-2").glob("*/record.json")]) == 1


def test_shards_may_overlap_if_they_give_the_same(shards) -> None:
    (machine,) = json.loads(merged(shards, "1-2", "1-3", "2-2").read_text())["environment"]["machines"]
    assert machine["folds"] == 3


def test_a_shard_without_a_unit_is_no_obstacle(shards) -> None:
    for number in (2, 3, 4):
        assert main([*RUN, "--shard", f"{number}/4", "--out", f"{number}-4"]) == 0
    assert main([*RUN, "--shard", "1/4", "--out", "1-4"]) == 0
    assert not [*(shards / "4-4").glob("*/folds/*")]
    merged(shards, "1-4", "2-4", "3-4", "4-4")


def test_times_are_added_up_and_each_machine_is_counted(shards) -> None:
    def elsewhere(content: dict[str, Any]) -> None:
        content["machine"]["hardware"]["processor"] = "another"

    def slow(content: dict[str, Any]) -> None:
        content["environment"] |= {"seconds": 100.5, "peak_memory_bytes": 10**15, "finished": "2999"}

    change(fold(shards / "2-2", "tiny-t02"), elsewhere)
    change(*(shards / "2-2").glob("*/shards/*"), slow)
    change(*(shards / "1-2").glob("*/shards/*"), lambda content: content["environment"].update(seconds=20.25))
    found = json.loads(merged(shards, "1-2", "2-2").read_text())["environment"]
    assert (found["seconds"], found["peak_memory_bytes"], found["finished"]) == (120.8, 10**15, "2999")
    folds = {machine["hardware"]["processor"]: machine["folds"] for machine in found["machines"]}
    assert folds == {"another": 1, found["hardware"]["processor"]: 2}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["1-2"], "1 of 3 folds are missing (tiny/t02); add shard 2/2"),
        (["1-3"], "2 of 3 folds are missing (tiny/t02, tiny/t03); add shard 2/3, 3/3"),
        (["1-2", "1-3"], "1 of 3 folds are missing (tiny/t02); add the shards that have them"),
        (["1-2", "nowhere"], "nowhere is not the folder of a run; name a folder that merbench run --shard made"),
        (["1-2", "."], ". is not the folder of a run; name a folder that merbench run --shard made"),
    ],
)
def test_what_is_missing_is_named(names, said, shards, capsys) -> None:
    assert refusal(capsys, *names).endswith(said.removeprefix("."))


def test_shards_of_two_plans_are_refused(shards, capsys) -> None:
    assert main([*RUN, "--shard", "2/2", "--seed", "1", "--out", "other"]) == 0
    line = refusal(capsys, "1-2", "other")
    assert line.endswith(" come from different plans: they differ in seed")
    assert main([*RUN, "--shard", "2/2", "--out", "other"]) == 0
    assert "other has several runs; name one of them: flow-lr-tiny-" in refusal(capsys, "1-2", "other")


def test_a_finished_run_is_no_shard(shards, capsys) -> None:
    assert main([*RUN, "--out", "whole"]) == 0
    assert " has no finished shard: it was run without --shard, and its record is whole/" in refusal(capsys, "whole")


def test_a_shard_that_is_not_finished_is_refused(shards, capsys) -> None:
    (note,) = (shards / "2-2").glob("*/shards/*")
    note.unlink()
    said = " has no finished shard; give the command of the shard again"
    assert refusal(capsys, "1-2", "2-2").endswith(said)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b"\xff", b"cut"])
@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("folds/tiny-t03-*", f"fold tiny/t03 of shard 1/2 in 1-2/flow-lr-tiny-default-seed0-* {CHANGED}"),
        ("shards/1-of-2.json", "1-of-2.json was changed after it was written; give the command of the shard again"),
        ("plan.json", "plan.json cannot be read, or is no plan; give the command of the shard again"),
    ],
)
def test_a_damaged_file_is_named(file, said, content, shards, capsys) -> None:
    (path,) = (shards / "1-2").glob(f"*/{file}")
    if content is None:
        path.unlink()
        said = {"plan.json": "1-2 is not the folder of a run; name", "shards/1-of-2.json": "no finished shard"}.get(
            file, said
        )
    else:
        path.write_bytes(path.read_bytes()[:-9] if content == b"cut" else content)
    line = refusal(capsys, "1-2", "2-2")
    assert all(part in line for part in said.split("*"))


def edited(content: dict[str, Any], *keys: Any, value: Any) -> None:
    *parents, last = keys
    for key in parents:
        content = content[key]
    content[last] = value


# What somebody changes who seals a file again: the file, the keys of the value, the value, and what is said.
RESEALED = {
    "another class": ("folds/tiny-t01", ("predictions", 0, "policies", "last", "predicted"), 9, "do not fit the plan"),
    "another truth": ("folds/tiny-t01", ("predictions", 0, "truth"), 2, "plan.digests.labels: the record says"),
    "another clip": ("folds/tiny-t01", ("predictions", 0, "clip"), "tiny/t09/x", "fold tiny/t01 of shard 1/2 in"),
    "another policy": ("folds/tiny-t01", ("predictions", 0, "policies"), {}, "do not fit the plan"),
    "another run": ("folds/tiny-t01", ("id",), "0" * 64, CHANGED),
    "another grouping": ("folds/tiny-t01", ("grouping",), "batched, 4 at once", "so the last digits may differ"),
    "other software": ("shards/1-of-2", ("software", "torch"), "1.0", "was computed with torch 1.0, but shard 2/2 in"),
    "missing software": ("shards/2-of-2", ("software",), {}, " but shard 2/2 in "),
    "another plan": ("shards/1-of-2", ("id",), "0" * 64, "belongs to another plan than the file plan.json"),
    "no folds": ("shards/1-of-2", ("all_folds",), [], "list different folds or clips"),
    "other clips": ("shards/2-of-2", ("clips",), [], "list different folds or clips"),
    "no time": ("shards/1-of-2", ("environment", "seconds"), "long", "1-of-2.json was changed after it was written"),
    "no hardware": ("shards/1-of-2", ("environment", "hardware"), 1, "1-of-2.json was changed after it was written"),
    "a number": ("shards/1-of-2", ("number",), 0, "1-of-2.json was changed after it was written"),
}


@pytest.mark.parametrize("case", RESEALED)
def test_a_file_that_was_changed_and_sealed_again_is_refused_in_one_line(case, shards, capsys) -> None:
    file, keys, value, said = RESEALED[case]
    (path,) = (one for name in ("1-2", "2-2") for one in (shards / name).glob(f"*/{file}*.json"))
    change(path, lambda content: edited(content, *keys, value=value))
    assert said in refusal(capsys, "1-2", "2-2")


def test_shards_that_differ_in_a_fold_are_refused(shards, capsys) -> None:
    change(fold(shards / "1-3", "tiny-t01"), lambda content: edited(content, "summary", "loss", value=[0.5]))
    line = refusal(capsys, "1-2", "2-2", "1-3")
    assert " differ in fold tiny/t01; compute one of them again" in line
    assert "shard 1/2 in 1-2/" in line
    assert "shard 1/3 in 1-3/" in line


def test_a_record_that_is_there_is_not_overwritten(shards, capsys) -> None:
    record = merged(shards, "1-2", "2-2")
    record.write_text("mine")
    assert main(["results", "merge", "1-2", "2-2", "--out", "all"]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert "exists and has other content" in last
    assert record.read_text() == "mine"
