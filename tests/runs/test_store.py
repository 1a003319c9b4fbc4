"""Every file of a run appears whole or not at all, and a fold that was kept is taken up only where it belongs."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from merbench.errors import OutputError
from merbench.files import HOST
from merbench.runs.schema import FoldResult, FoldSummary, Plan, PolicyPrediction, Prediction
from merbench.runs.seal import sealed
from merbench.runs.store import RunFolder, write_whole


def plan(**changes: object) -> Plan:
    digest = "0" * 64
    fields: dict[str, object] = {
        "model": "a-net",
        "kind": "torch",
        "dataset": "demo",
        "protocol": "loso",
        "recipe": "quick",
        "settings": {},
        "options": {},
        "features": [],
        "classes": ["x", "y"],
        "seed": 3,
        "epoch_policy": "last",
        "precision": "fp32",
        "device": "cpu",
        "folds": "*",
        "clips_total": 1,
        "weights": None,
        "digests": {"clips": digest, "labels": digest, "folds": digest, "data": digest},
        "code": {},
    }
    return Plan.model_validate({**fields, **changes})


def fold(folder: RunFolder, name: str) -> FoldResult:
    summary = FoldSummary(name=name, seconds=1, epochs={"last": 1}, loss=[0.5])
    prediction = Prediction(
        clip="a/b/c", fold=name, truth=1, policies={"last": PolicyPrediction(predicted=1, scores=[0.25, 0.75])}
    )
    return FoldResult(id=folder.id, grouping="estimator, 1 at once", summary=summary, predictions=[prediction])


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_file_is_written_with_its_folders_and_replaces_what_was_there(tmp_path):
    write_whole(tmp_path / "a" / "b.txt", "old")
    write_whole(tmp_path / "a" / "b.txt", "né")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "né".encode()
    assert names(tmp_path) == ["a/b.txt"]


def test_a_written_file_may_be_read_by_whoever_may_read_new_files(tmp_path):
    (tmp_path / "plain").touch()
    write_whole(tmp_path / "written", "text")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "written")}
    assert len(modes) == 1


@pytest.mark.parametrize("place", ["file/below/x.json", "file/x.json", "folder"])
def test_a_place_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path, place):
    (tmp_path / "file").write_text("here before")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*--out") as caught:
        write_whole(tmp_path / place, "text")
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "here before"


def test_a_run_has_a_folder_of_its_own_named_for_people_and_by_its_plan(tmp_path):
    first, second = RunFolder(tmp_path, plan()), RunFolder(tmp_path, plan(seed=4))
    assert first.path.name == f"a-net-demo-quick-seed3-{plan().digest()[:12]}"
    assert first.path != second.path


def test_a_kept_fold_comes_back(tmp_path):
    folder = RunFolder(tmp_path, plan())
    folder.finish("folds", fold(folder, "casme2/sub01"))
    assert folder.finished("folds", "casme2/sub01") == fold(folder, "casme2/sub01")
    assert folder.finished("inner", "casme2/sub01") is None
    assert folder.finished("folds", "casme2/sub02") is None


def test_names_that_differ_in_what_a_file_name_cannot_hold_are_kept_apart(tmp_path):
    folder = RunFolder(tmp_path, plan())
    alike = ["a/b", "a b", "a-b", "a:b", "../a/b", "x" * 150 + "1", "x" * 150 + "2"]
    for name in alike:
        folder.finish("folds", fold(folder, name))
    assert [found.summary.name for name in alike if (found := folder.finished("folds", name))] == alike
    assert {path.parent for path in tmp_path.rglob("*.json")} == {folder.path / "folds"}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"summary": {}, "predictions": []}'])
def test_a_fold_file_that_is_not_one_counts_as_not_there(tmp_path, content):
    folder = RunFolder(tmp_path, plan())
    folder.finish("folds", fold(folder, "a"))
    (path,) = folder.path.glob("folds/*.json")
    path.write_bytes(content)
    assert folder.finished("folds", "a") is None


def test_a_fold_file_or_schedule_whose_seal_does_not_fit_counts_as_not_there(tmp_path):
    folder = RunFolder(tmp_path, plan())
    folder.finish("folds", fold(folder, "a"))
    (path,) = folder.path.glob("folds/*.json")
    path.write_text(path.read_text().replace("0.25", "0.75", 1))
    assert folder.finished("folds", "a") is None
    folder.keep_grouping({"mode": "batched", "at_once": 4})
    assert folder.kept_grouping() == {"mode": "batched", "at_once": 4}
    path = folder.path / "grouping.json"
    path.write_text(path.read_text().replace('": 4', '": 5', 1))
    assert folder.kept_grouping() is None


def test_the_fold_of_another_run_or_of_another_name_is_none_of_this_one(tmp_path):
    here, there = RunFolder(tmp_path, plan()), RunFolder(tmp_path, plan(seed=4))
    here.finish("folds", fold(here, "a"))
    there.finish("folds", fold(there, "a"))
    (mine,), (other,) = here.path.glob("folds/*.json"), there.path.glob("folds/*.json")
    mine.write_bytes(other.read_bytes())
    assert here.finished("folds", "a") is None
    mine.write_text(json.dumps(sealed(fold(here, "b").model_dump(mode="json"))))
    assert here.finished("folds", "a") is None


def test_opening_clears_away_what_a_kill_left_half_written_and_nothing_else(tmp_path):
    folder = RunFolder(tmp_path, plan())
    folder.finish("folds", fold(folder, "a"))
    for place in (folder.path, folder.path / "folds"):
        (place / f".999999999-{HOST}0123456789abcdef.partial").write_text("{")
    folder.open(plan())
    kept = names(folder.path)
    assert [name for name in kept if "partial" in name] == []
    assert len(kept) == 2
    assert Plan.model_validate_json((folder.path / "plan.json").read_text()) == plan()


def test_starting_over_removes_this_run_alone(tmp_path):
    here, there = RunFolder(tmp_path, plan()), RunFolder(tmp_path, plan(seed=4))
    for folder in (here, there):
        folder.finish("folds", fold(folder, "a"))
    here.start_over()
    here.start_over()
    assert not here.path.exists()
    assert there.finished("folds", "a")


def test_what_cannot_be_read_for_another_reason_is_told(tmp_path):
    folder = RunFolder(tmp_path, plan())
    folder.finish("folds", fold(folder, "a"))
    (path,) = folder.path.glob("folds/*.json")
    path.unlink()
    os.symlink(path, path)  # a loop
    with pytest.raises(OutputError, match="cannot read"):
        folder.finished("folds", "a")


def test_the_schedule_of_another_run_counts_as_not_there(tmp_path):
    here, there = RunFolder(tmp_path, plan()), RunFolder(tmp_path, plan(seed=4))
    for folder in (here, there):
        folder.keep_grouping({"mode": "batched", "at_once": folder is here})
    (here.path / "grouping.json").write_bytes((there.path / "grouping.json").read_bytes())
    assert here.kept_grouping() is None
    assert there.kept_grouping()
