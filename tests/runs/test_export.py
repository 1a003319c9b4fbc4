"""A record without its clips: no clip is left in it, and everything that is computed stays to the last digit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from merbench_databases.canonical import composite

from merbench.cli import main
from merbench.errors import OutputError, RecordError
from merbench.runs.export import without_clips, write_new
from merbench.runs.record import read_record
from merbench.runs.schema import SCHEMA, Plan, Record, Submission
from merbench.runs.scoring import count, score_counts
from merbench.runs.seal import sealed
from merbench.runs.submissions import Declaration, submit
from merbench.runs.verify import verify
from merbench.scores import compare_confusions, paired_test

CANONICAL = composite()
RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
Content = dict[str, Any]


@pytest.fixture(scope="module")
def published() -> list[Record]:
    """Two published records of the real composite, with an oracle each."""
    records = (read_record(path) for path in sorted(RECORDS.glob("*.json")))
    return list(islice((one for one in records if one.plan.dataset == "composite" and "oracle" in one.scores), 2))


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, registry) -> Record:
    """Predictions that are all negative, and lack two clips."""
    path = tmp_path_factory.mktemp("handed-in") / "all.csv"
    path.write_text("clip,prediction\n" + "".join(f"{clip},0\n" for clip in CANONICAL["clip"][2:]))
    return submit(path, Declaration(model="negative"), registry)


@pytest.fixture
def all_kinds(undisturbed, published, handed_in) -> list[Record]:
    return [*map(read_record, map(undisturbed, ("estimator", "inner"))), *published, handed_in]


def test_every_score_and_interval_follows_to_the_last_digit(all_kinds):
    for record in all_kinds:
        exported = without_clips(record)
        assert score_counts(count(exported), record.plan.classes, record.interval_method) == record.scores
        assert exported.scores == record.scores
        full, counted = count(record), count(exported)
        assert (full.subjects, full.databases) == (counted.subjects, counted.databases)
        for policy, confusions in full.confusions.items():
            assert np.array_equal(confusions, counted.confusions[policy])


def test_a_paired_test_follows_to_the_last_digit(published):
    a, b = published
    truth = [one.truth for one in a.predictions]
    subjects = [one.subject for one in a.predictions]
    wanted = paired_test(
        truth,
        *([one.policies["last"].predicted for one in record.predictions] for record in (a, b)),
        subjects,
        len(a.plan.classes),
    )
    counted = [count(without_clips(record)).confusions["last"][None] for record in (a, b)]
    assert compare_confusions(*counted) == wanted


def test_nothing_but_the_clips_goes(all_kinds):
    for record in all_kinds:
        exported = without_clips(record)
        same = ("id", "plan", "environment", "scores", "folds")
        assert [getattr(exported, name) for name in same] == [getattr(record, name) for name in same]
        assert (exported.clips, exported.complete) == (record.clips, record.complete)
        assert exported.predictions == []


def test_no_clip_is_named_in_what_is_written(all_kinds):
    for record in all_kinds:
        text = without_clips(record).to_json()
        assert not [one.clip for one in record.predictions if one.clip in text]
        assert '"truth"' not in text
        assert '"predicted"' not in text


def test_a_warning_that_names_clips_goes_and_the_others_stay(handed_in):
    kept = without_clips(handed_in).warnings
    assert "no prediction for casme2/sub01/EP02_01f, casme2/sub01/EP19_05f" in handed_in.warnings
    assert kept == ["2 of 442 clips have no prediction: not ranked"]
    fold = "fold casme2/sub01 trains without any clip of class surprise"
    broken = "1 broken clip: samm/006/006_1_2: no face found"
    warned = handed_in.model_copy(update={"warnings": [fold, broken]})
    assert without_clips(warned).warnings == [fold]


def test_what_is_exported_is_read_and_verified_and_says_what_was_not_compared(all_kinds, registry, tmp_path):
    counted = "the record has counts per subject, not clips: predictions were not compared"
    for record in all_kinds:
        path = tmp_path / "record.json"
        path.write_text(without_clips(record).to_json())
        read = read_record(path)
        assert read.to_json() == path.read_text()
        told = verify(read, registry)
        assert told[0] == counted
        whole = record.plan.dataset == "composite" and record.complete
        assert (told[1:] == []) == whole


def test_what_has_no_clips_is_not_exported_again(published):
    with pytest.raises(RecordError, match="it already has counts per subject"):
        without_clips(without_clips(published[0]))


def test_a_file_is_written_where_there_is_none_and_never_replaced(tmp_path):
    path = tmp_path / "new" / "x.json"
    write_new(path, "one")
    write_new(path, "one")
    with pytest.raises(OutputError, match="exists and has other content"):
        write_new(path, "two")
    assert path.read_text() == "one"
    for place in (tmp_path, path / "x", tmp_path / ("x" * 300)):
        with pytest.raises(OutputError, match="cannot write"):
            write_new(place, "one")


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match=r"cannot write .*pipe: not a regular file; choose another place"):
        write_new(tmp_path / "pipe", "one")


# --- records without clips that somebody changed


@pytest.fixture(scope="module")
def original(published) -> Content:
    return json.loads(without_clips(published[0]).model_copy(update={"schema_": SCHEMA}).to_json())


@pytest.fixture
def refused(original, tmp_path, capsys) -> Callable[..., str]:
    """What `results verify` says of the record after a change; the exit code must be 2 and the fault one line."""

    def say(change: Callable[[Content], Any]) -> str:
        content = json.loads(json.dumps(original))
        change(content)
        path = tmp_path / "record.json"
        path.write_text(json.dumps(sealed(content)))
        assert main(["results", "verify", str(path)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        (line,) = told.err.splitlines()
        assert line.isprintable()
        return line

    return say


def row(content: Content) -> Content:
    return content["subjects"][0]


def matrix(content: Content) -> list[list[int]]:
    return row(content)["confusion"]["last"]


def put(content: Content, value: Any) -> None:
    matrix(content)[0][0] = value


def everywhere(content: Content, value: int) -> None:
    for policy in row(content)["confusion"].values():
        policy[0][0] = value


def hidden(content: Content) -> None:
    """A forger scores what he made up: subject 1 has a clip more, and another one less."""
    for policy in row(content)["confusion"].values():
        policy[0][0] += 1
    for policy in content["subjects"][1]["confusion"].values():
        column = max(range(3), key=lambda at: policy[0][at])
        policy[0][column] -= 1
    record = Record.model_validate({name: content[name] for name in content if name != "digest"})
    scores = score_counts(count(record), record.plan.classes)
    content["scores"] = json.loads(record.model_copy(update={"scores": scores}).to_json())["scores"]


CHANGES: dict[str, tuple[Callable[[Content], Any], str]] = {
    "count": (lambda c: matrix(c)[0].reverse(), "scores.last."),
    "score": (lambda c: c["scores"]["last"]["full"].update(uf1=0.99), "scores.last.full.uf1"),
    "negative count": (lambda c: put(c, -1), "subjects.0.confusion.last.0.0"),
    "half a clip": (lambda c: put(c, 0.5), "subjects.0.confusion.last.0.0"),
    "a word": (lambda c: put(c, "1"), "subjects.0.confusion.last.0.0"),
    "true": (lambda c: put(c, True), "subjects.0.confusion.last.0.0"),
    "huge count": (lambda c: everywhere(c, 10**12), "clips were predicted, but plan.clips_total is 442"),
    "beyond 64 bits": (lambda c: everywhere(c, 10**30), "clips were predicted, but plan.clips_total is 442"),
    "other clips under one policy": (lambda c: put(c, matrix(c)[0][0] + 1), "the policies differ"),
    "a row less": (lambda c: matrix(c).pop(), "does not fit 3 classes"),
    "a cell more": (lambda c: matrix(c)[1].append(0), "does not fit 3 classes"),
    "no clips": (lambda c: row(c).update(confusion={p: [[0] * 3] * 3 for p in ("last", "oracle")}), "with clips"),
    "no policy": (lambda c: row(c).update(confusion={}), "scores have policies"),
    "no policy of another": (lambda c: c["subjects"][3].update(confusion={}), "policies [], other subjects have"),
    "policy that is none": (lambda c: row(c)["confusion"].update(best=matrix(c)), "subjects.0.confusion.best"),
    "subject twice": (lambda c: c["subjects"].append(row(c)), "casme2/sub01 is listed twice"),
    "subject that is none": (lambda c: row(c).update(subject="casme2/sub99"), "sub99 is not a subject of composite"),
    "subject of another folder": (lambda c: row(c).update(subject="../../etc"), "must be database/subject"),
    "subject of 10,000 letters": (lambda c: row(c).update(subject="x/" + "x" * 10_000), "subjects.0.subject"),
    "subject with escapes": (lambda c: row(c).update(subject="x/\x1b[2J"), "subjects.0.subject"),
    "subject of a strange direction": (lambda c: row(c).update(subject="x/\u202eabc"), r"x/\u202eabc is not a subject"),
    "subject gone": (lambda c: c["subjects"].pop(), "scores.last"),
    "clips of another subject": (hidden, "casme2/sub01 has [3, 1, 0] clips of each class, but the list of"),
    "fold that is none": (lambda c: c["folds"][0].update(name="casme2/sub99"), "folds: "),
    "fold gone": (lambda c: c["folds"].pop(), "folds: "),
    "both": (
        lambda c: c.update(predictions=[{"clip": "a/b/c", "fold": "a", "truth": 0, "policies": {}}]), "rows, not both"
    ),
    "neither": (lambda c: c.update(subjects=[]), "either predictions or subjects must have rows"),
    "plan": (lambda c: c["plan"].update(seed=7), "id: "),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_record_without_clips_is_refused_and_the_first_difference_named(name, refused):
    change, difference = CHANGES[name]
    assert difference in refused(change)


@pytest.mark.parametrize("digest", ["clips", "labels", "folds"])
def test_a_digest_that_is_not_of_the_canonical_list_is_refused(digest, refused):
    def forge(content: Content) -> None:
        content["plan"]["digests"][digest] = "0" * 64
        content["id"] = Plan.model_validate(content["plan"]).digest()

    assert f"plan.digests.{digest}" in refused(forge)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("link", "javascript:alert(1)"),
        ("link", "https://example.org/<script>"),
        ("model", "x" * 10_000),
        ("model", "a\nb"),
        ("paper", "x" * 10_000),
        ("declared_policy", "best"),
        ("epoch_policy", "last"),
        ("source", "../../etc/passwd"),
        ("seed", 0),
    ],
)
def test_what_a_record_of_predictions_handed_in_must_not_say_is_refused(field, value, handed_in, tmp_path):
    content = json.loads(handed_in.to_json())
    content["plan"][field] = value
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match=rf"plan\.rescored\.{field}") as raised:
        read_record(path)
    assert len(str(raised.value)) < 400


def test_a_record_of_predictions_handed_in_has_no_other_policy_and_no_folds_that_ran(handed_in, tmp_path, registry):
    content = json.loads(handed_in.to_json())
    for one in content["predictions"]:
        one["policies"]["last"] = one["policies"]["submitted"]
    content["scores"]["last"] = content["scores"]["submitted"]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match="must be submitted or come from a run"):
        read_record(path)
    content = json.loads(handed_in.to_json())
    content["folds"] = [{"name": "casme2/sub01", "seconds": 1, "epochs": {}, "loss": []}]
    path.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match="folds: the record says"):
        verify(read_record(path), registry)
    assert isinstance(handed_in.plan, Submission)
