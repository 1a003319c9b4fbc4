"""From record files to entries: what is read, what is refused, and what an entry keeps."""

from __future__ import annotations

import json
import os
import re

import pytest

from merbench.errors import RecordError
from merbench.leaderboard.entries import make_entry, read_entries, record_files, refusal
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.export import without_clips
from merbench.runs.seal import sealed


@pytest.fixture(scope="session")
def without_composite() -> Registry:
    return Registry(load(block=["databases"]))


def test_records_are_the_json_files_of_a_folder_and_those_of_runs_below_it(tmp_path):
    for name in ("b.json", "a.json", "notes.txt", "run/record.json", "run/plan.json", "run/folds/x.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert record_files([tmp_path]) == [tmp_path / name for name in ("a.json", "b.json", "run/record.json")]


def test_a_folder_given_twice_in_two_spellings_is_read_once(tmp_path):
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "run").mkdir()
    assert record_files([tmp_path, tmp_path / "run" / "..", tmp_path]) == [tmp_path / "a.json"]


@pytest.mark.parametrize("name", ["one.json", "run/record.json"])
@pytest.mark.parametrize("kind", ["pipe", "huge", "loop", "dangling"])
def test_what_only_has_the_name_of_a_record_is_one_line_that_names_it(tmp_path, registry, kind, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    lay(path, kind)
    assert record_files([tmp_path]) == [path]
    with pytest.raises(RecordError, match=f"^cannot read {re.escape(str(path))}: [^\n]+$"):
        list(read_entries([path], registry))


def lay(path, kind):
    """Something that no reader should wait for or hold in memory."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        path.touch()
        os.truncate(path, 2**40)
    else:
        path.symlink_to(path.name if kind == "loop" else "nowhere")


def test_a_folder_with_the_name_of_a_record_is_a_folder(tmp_path):
    (tmp_path / "a.json" / "record.json").mkdir(parents=True)
    (tmp_path / "a.json" / "record.json" / "record.json").write_text("{}")
    assert record_files([tmp_path]) == [tmp_path / "a.json" / "record.json" / "record.json"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(RecordError, match=r"is not a folder of records; make one: merbench leaderboard add RECORD"):
        record_files([tmp_path / "nowhere"])


def test_an_entry_has_the_scores_of_every_policy_and_part_with_intervals(make_record, registry):
    record = make_record()
    entry = make_entry(record, registry)
    assert entry.id == record.id[:12]
    assert set(entry.figures) == {"last", "oracle"}
    assert list(entry.figures["last"]) == ["full", "smic", "casme2", "samm"]
    figure = entry.figures["last"]["full"]["uf1"]
    assert (figure.value, figure.interval) == (
        record.scores["last"]["full"].uf1,
        record.scores["last"]["full"].intervals["uf1"],
    )
    assert figure.spread is None
    assert entry.counts.confusions["last"].sum() == 442


def test_a_part_that_is_not_defined_has_no_figures(make_record, registry):
    answers = make_record().predictions
    clips = 1 + next(place for place, one in enumerate(answers) if one.database == "samm")
    entry = make_entry(make_record(clips=clips), registry)
    assert list(entry.figures["last"]) == ["full", "smic", "casme2"]


def test_of_a_public_dataset_the_answers_of_every_clip_stay(make_record, registry):
    record = make_record(warnings=["casme2/sub01/EP02_01f: no face"])
    entry = make_entry(record, registry)
    assert entry.public
    assert entry.answers.clips == tuple(one.clip for one in record.predictions)
    assert entry.answers.truth == tuple(one.truth for one in record.predictions)
    assert set(entry.answers.predicted) == {"last", "oracle"}
    assert entry.answers.predicted["last"] == tuple(one.policies["last"].predicted for one in record.predictions)
    assert entry.record.warnings == record.warnings


def test_an_exported_record_has_no_answers_whatever_its_dataset(make_record, registry):
    assert make_entry(without_clips(make_record()), registry).answers is None


def test_an_entry_of_a_dataset_that_is_not_installed_keeps_no_clip_and_scores_the_same(
    make_record, registry, without_composite
):
    record = make_record()
    public, other = make_entry(record, registry), make_entry(record, without_composite)
    assert not other.public
    assert other.record.predictions == []
    assert other.answers is None
    assert (other.id, other.figures) == (public.id, public.figures)
    assert other.counts.subjects == public.counts.subjects
    assert (other.counts.confusions["last"] == public.counts.confusions["last"]).all()


def test_only_what_tells_licensed_truth_is_refused(make_record, registry, without_composite):
    assert refusal(make_record(), registry) == ""
    assert refusal(without_clips(make_record()), without_composite) == ""
    assert refusal(make_record(), without_composite).startswith(
        "it contains the labels of clips of composite, which is not"
    )


def test_files_become_entries_in_their_order(make_record, save, registry):
    paths = [save(make_record(draw=draw, seed=draw), str(draw)) for draw in (1, 0)]
    read = list(read_entries(paths, registry))
    assert [path for path, _ in read] == paths
    assert [entry.record.plan.seed for _, entry in read] == [1, 0]


def test_one_record_in_two_files_is_an_error_that_names_both(make_record, save, registry):
    paths = [save(make_record(), "one"), save(without_clips(make_record()), "two")]
    with pytest.raises(RecordError, match=re.escape(f"{paths[1]} and {paths[0]} are the same record")):
        list(read_entries(paths, registry))


def test_two_results_of_one_id_are_an_error_that_says_so(make_record, save, registry):
    paths = [save(make_record(draw=0), "one"), save(make_record(draw=1), "two")]
    told = r"have one id \(\w{12}\), but their predictions differ for subjects: the model does not give the same"
    with pytest.raises(RecordError, match=told):
        list(read_entries(paths, registry))


def test_what_does_not_follow_from_the_predictions_is_an_error_that_names_the_file(make_record, save, registry):
    path = save(make_record(), "one")
    content = json.loads(path.read_text())
    content["scores"]["last"]["casme2"]["confusion"][0][0] += 1
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match=re.escape(f"{path}: scores.last.casme2.confusion.0.0: ")):
        list(read_entries([path], registry))


def test_a_run_without_predictions_of_the_last_epoch_is_an_error(make_record, save, registry):
    path = save(make_record(epoch_policy="oracle"), "one")
    content = json.loads(path.read_text())
    del content["scores"]["last"]
    for row in content["predictions"]:
        del row["policies"]["last"]
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match="predictions lack the policy last"):
        list(read_entries([path], registry))
