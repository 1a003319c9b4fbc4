"""Taking a record into a leaderboard: only what is true, public and not there yet."""

from __future__ import annotations

import json
import os
import re

import pytest

from merbench.errors import OutputError, RecordError
from merbench.files import HOST
from merbench.leaderboard.add import add_record
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.export import without_clips
from merbench.runs.seal import sealed


@pytest.fixture
def board(tmp_path):
    return tmp_path / "board" / "records"


def test_a_record_is_copied_under_a_name_that_tells_what_it_is(board, save, make_record, registry):
    record = make_record(seed=3)
    kept, unchecked = add_record(save(record, "one"), board, registry)
    assert kept == board / f"net-composite-quick-seed3-{record.id[:12]}.json"
    assert kept.read_text() == record.to_json()
    assert unchecked == []


def test_predictions_handed_in_are_named_so(board, save, make_record, registry):
    record = make_record(declared="last")
    kept, _ = add_record(save(record, "one"), board, registry)
    assert kept.name == f"net-composite-submitted-{record.id[:12]}.json"


def test_what_could_not_be_checked_is_told(board, save, make_record, registry):
    _, unchecked = add_record(save(make_record(clips=440), "one"), board, registry)
    assert unchecked == ["2 clips are never tested: the folds were not compared"]


def test_a_record_that_does_not_follow_from_its_predictions_is_refused_and_nothing_is_written(
    board, save, make_record, registry
):
    path = save(make_record(), "one")
    content = json.loads(path.read_text())
    content["scores"]["last"]["full"]["uf1"] = 0.99
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match=re.escape(f"{path}: scores.last.full.uf1: the record says 0.99")):
        add_record(path, board, registry)
    assert not board.exists()


def test_a_record_that_tells_licensed_truth_is_refused_and_its_export_is_taken(board, save, make_record):
    registry = Registry(load(block=["databases"]))
    path = save(make_record(), "one")
    with pytest.raises(RecordError, match=r"tells the truth of clips of composite.*: merbench results export"):
        add_record(path, board, registry)
    assert not board.exists()
    path.write_text(without_clips(make_record()).to_json())
    assert add_record(path, board, registry)[0].is_file()


@pytest.mark.parametrize("again", ["itself", "exported", "renamed"])
def test_a_record_that_is_there_already_is_refused(board, save, make_record, registry, again):
    path = save(make_record(), "one")
    kept, _ = add_record(path, board, registry)
    before = kept.read_text()
    if again == "exported":
        path.write_text(without_clips(make_record()).to_json())
    if again == "renamed":
        kept = kept.rename(kept.with_name("mine.json"))
    with pytest.raises(RecordError, match=re.escape(f"{path} is there already: {kept} is the same record; remove")):
        add_record(path, board, registry)
    assert kept.read_text() == before


def test_another_result_of_the_same_id_is_refused_as_such(board, save, make_record, registry):
    kept, _ = add_record(save(make_record(draw=0), "one"), board, registry)
    told = re.escape(f"is there already: {kept} has the same id, but their predictions differ for ")
    with pytest.raises(RecordError, match=told):
        add_record(save(make_record(draw=1), "two"), board, registry)


def test_what_killed_processes_left_goes_although_the_record_is_there_already(board, save, make_record, registry):
    kept, _ = add_record(save(make_record(), "one"), board, registry)
    left = board / f".999999999-{HOST}{'0' * 16}.partial"
    left.touch()
    with pytest.raises(RecordError, match="is there already"):
        add_record(kept, board, registry)
    assert not left.exists()


def test_a_record_of_the_folder_itself_is_there_already(board, save, make_record, registry):
    kept, _ = add_record(save(make_record(), "one"), board, registry)
    with pytest.raises(RecordError, match="is there already"):
        add_record(kept, board, registry)
    assert kept.is_file()


def test_a_file_that_only_has_the_name_is_not_overwritten(board, save, make_record, registry):
    record = make_record()
    board.mkdir(parents=True)
    mine = board / f"net-composite-quick-seed0-{record.id[:12]}.json"
    mine.write_text("mine")
    with pytest.raises(RecordError, match="is there already"):
        add_record(save(record, "one"), board, registry)
    assert mine.read_text() == "mine"


def test_a_broken_record_beside_it_is_no_obstacle(board, save, make_record, registry):
    board.mkdir(parents=True)
    (board / "broken.json").write_bytes(b"\xff{")
    assert add_record(save(make_record(), "one"), board, registry)[0].is_file()


def test_what_cannot_be_read_beside_it_is_no_obstacle_either(board, save, make_record, registry):
    board.mkdir(parents=True)
    os.mkfifo(board / "pipe.json")
    (board / "loop.json").symlink_to("loop.json")
    (board / "huge.json").touch()
    os.truncate(board / "huge.json", 2**40)
    assert add_record(save(make_record(), "one"), board, registry)[0].is_file()


@pytest.mark.parametrize("model", ["../../../etc/passwd", "<b>", "a b/c", ".hidden", "-rf", "ü" * 200, "/"])
def test_a_model_of_any_name_stays_inside_the_folder(board, save, make_record, registry, model):
    kept, _ = add_record(save(make_record(model), "one"), board, registry)
    assert kept.parent == board
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*\.json", kept.name)
    assert [path.name for path in board.iterdir()] == [kept.name]


def test_a_file_in_the_place_of_the_folder_is_one_line(tmp_path, save, make_record, registry):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match=r"cannot write .*; choose another folder: --to"):
        add_record(save(make_record(), "one"), tmp_path / "file", registry)
    assert (tmp_path / "file").read_text() == "mine"


def test_an_export_of_another_result_is_refused_as_another_result(board, save, make_record, registry):
    add_record(save(make_record(draw=0), "one"), board, registry)
    exported = save(without_clips(make_record(draw=1)), "two")
    with pytest.raises(RecordError, match="has the same id, but their predictions differ for subjects"):
        add_record(exported, board, registry)
