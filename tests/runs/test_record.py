"""A record is believed for what follows from its own predictions, and for nothing else."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench.cli import main
from merbench.errors import RecordError
from merbench.runs.record import read_record
from merbench.runs.schema import Plan
from merbench.runs.seal import sealed
from merbench.runs.verify import verify

Content = dict[str, Any]


@pytest.fixture(scope="session")
def original(undisturbed) -> Content:
    return json.loads(undisturbed("estimator").read_text())


@pytest.fixture
def refused(original, tmp_path, capsys) -> Callable[..., str]:
    """What `results verify` says of a record after a change; the exit code must be 2 and the fault one line."""

    def say(change: Callable[[Content], Any], *, sign: bool = False) -> str:
        content = json.loads(json.dumps(original))
        change(content)
        if sign:  # a forger knows how an id is made
            content["id"] = Plan.model_validate(content["plan"]).digest()
        return refusal(tmp_path, written(content), capsys)

    return say


def written(content: Content) -> bytes:
    """A record file with a digest of its own: whoever changes a record can make that again."""
    return json.dumps(sealed(content)).encode()


def refusal(folder: Path, content: bytes, capsys) -> str:
    path = folder / "record.json"
    path.write_bytes(content)
    assert main(["results", "verify", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    assert line.startswith("merbench: error: ")
    assert line.isprintable()
    assert len(line) < 800
    return line


@pytest.mark.parametrize("kind", ["batched", "inner", "sequential", "estimator"])
def test_every_record_that_a_run_makes_is_verified(kind, undisturbed, registry):
    record = read_record(undisturbed(kind))
    unchecked = verify(record, registry)
    partly = ["only folds demo-a/a0[1-6] were run: the folds were not compared"]
    assert unchecked == ([] if kind == "estimator" else partly)


def test_a_record_is_written_as_it_is_read(undisturbed):
    path = undisturbed("inner")
    assert read_record(path).to_json() == path.read_text()


def first(content: Content) -> Content:
    return content["predictions"][0]


def last(content: Content) -> Content:
    return first(content)["policies"]["last"]


CHANGES: dict[str, tuple[Callable[[Content], Any], str]] = {
    "prediction": (lambda c: last(c).update(predicted=(last(c)["predicted"] + 1) % 3, scores=[]), "scores.last."),
    "truth": (lambda c: first(c).update(truth=(first(c)["truth"] + 1) % 3), "plan.digests.labels"),
    "score": (lambda c: c["scores"]["last"]["full"].update(uf1=0.99), "scores.last.full.uf1"),
    "score by a little": (
        lambda c: c["scores"]["last"]["full"].update(uar=c["scores"]["last"]["full"]["uar"] + 1e-6),
        "scores.last.full.uar",
    ),
    "interval": (lambda c: c["scores"]["last"]["demo-a"]["intervals"].update(uf1=[0, 1]), "demo-a.intervals.uf1.0"),
    "confusion": (lambda c: c["scores"]["last"]["full"]["confusion"][0].reverse(), "scores.last.full.confusion.0"),
    "class name": (
        lambda c: c["scores"]["last"]["full"]["per_class"][0].update(name="other"), "scores.last.full.per_class.0.name"
    ),
    "part left out": (lambda c: c["scores"]["last"].pop("demo-c"), "scores.last (names)"),
    "part not defined": (lambda c: c["scores"]["last"].update({"demo-c": None}), "scores.last.demo-c"),
    "clip removed": (lambda c: c["predictions"].pop(5), "plan.digests.clips"),
    "clip twice": (lambda c: c["predictions"].append(first(c)), "is listed twice"),
    "clips in another order": (lambda c: c["predictions"].reverse(), "plan.digests.clips"),
    "clip in another fold": (lambda c: first(c).update(fold=c["predictions"][-1]["fold"]), "fold of demo-a/"),
    "fold left out": (lambda c: c["folds"].pop(), "folds: "),
    "fold twice": (lambda c: c["folds"].append(c["folds"][0]), "folds: "),
    "plan edited": (lambda c: c["plan"].update(recipe="published"), "id: "),
    "id": (lambda c: c.update(id="0" * 64), "id: "),
    "schema": (lambda c: c.update(schema=4), "schema 4; this merbench reads schemas 1, 2 and 3"),
    "schema that is true": (lambda c: c.update(schema=True), "schema True; this merbench reads schemas 1, 2 and 3"),
    "schema as text": (lambda c: c.update(schema="1\x1b[31m\n"), "schema"),
    "field missing": (lambda c: c.pop("warnings"), "warnings: Field required"),
    "field unknown": (lambda c: c.update(extra=1), "extra: Extra inputs"),
    "field unknown, of strange name": (lambda c: c.update({"a\n\x1b[2J": 1}), r"a\n\x1b[2J: Extra inputs"),
    "no predictions": (lambda c: c.update(predictions=[]), "either predictions or subjects must have rows"),
    "no scores": (lambda c: c.update(scores={}), "scores have policies []"),
    "policy without full": (lambda c: c["scores"].update(last={}), "scores.last has parts []"),
    "policy not asked for": (lambda c: c["plan"].update(epoch_policy="inner"), "predictions lack the policy inner"),
    "class that is not there": (lambda c: last(c).update(predicted=3), "does not fit 3 classes"),
    "truth beyond 64 bits": (lambda c: first(c).update(truth=10**30), "does not fit 3 classes"),
    "another class likelier": (
        lambda c: last(c).update(predicted=(last(c)["predicted"] + 1) % 3), "a class that was not predicted is"
    ),
    "too few class scores": (lambda c: last(c).update(scores=[1.0]), "does not fit 3 classes"),
    "policy of nobody": (
        lambda c: (
            [one["policies"].update(submitted=one["policies"]["last"]) for one in c["predictions"]],
            c["scores"].update(submitted=c["scores"]["last"]),
        ),
        "must be submitted or come from a run",
    ),
    "more clips than there are": (lambda c: c["plan"].update(clips_total=127), "plan.clips_total is 127"),
    "clips beyond all bounds": (lambda c: c["plan"].update(clips_total=10**12), "plan.estimator.clips_total"),
    "name of 10,000 letters": (lambda c: c["plan"].update(model="x" * 10_000), "plan.estimator.model"),
    "kind of 10,000 letters": (lambda c: c["plan"].update(kind="x\n" * 5_000), r"plan: Input tag 'x\nx"),
    "warning of 10,000 letters": (lambda c: c.update(warnings=["x" * 10_000]), "warnings.0"),
    "predictions and subjects": (
        lambda c: c.update(subjects=[{"subject": "demo-a/a01", "confusion": {"last": [[1, 0, 0]] * 3}}]),
        "either predictions or subjects must have rows, not both",
    ),
    "policy of one clip": (lambda c: c["predictions"][3]["policies"].update(oracle=last(c)), "other clips have"),
    "clip id of two lines": (lambda c: first(c).update(clip="demo-a/a01/0\n1"), "predictions.0.clip"),
    "clip id of another folder": (lambda c: first(c).update(clip="../../etc/x"), "cannot be a"),
    "nesting": (lambda c: c["environment"].update(deep=nested(50)), "levels deep"),
}  # fmt: skip


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 0


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_record_is_refused_and_the_first_difference_named(name, refused):
    change, difference = CHANGES[name]
    assert difference in refused(change)


@pytest.mark.parametrize("name", ["warning of 10,000 letters", "score by a little", "field unknown"])
def test_a_change_without_a_new_digest_is_told_as_such(name, original, tmp_path, capsys):
    content = json.loads(json.dumps(original))
    CHANGES[name][0](content)
    told = refusal(tmp_path, json.dumps(content).encode(), capsys)
    assert "record.json was changed after it was written: its digest does not match; get a new copy" in told


def test_no_bit_of_a_record_can_be_flipped_without_notice(undisturbed, tmp_path):
    content, record = undisturbed("estimator").read_bytes(), read_record(undisturbed("estimator"))
    path = tmp_path / "record.json"
    for place in np.random.default_rng(0).integers(0, 8 * len(content), 200).tolist():
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with contextlib.suppress(RecordError):
            assert read_record(path) == record  # a blank that became another one


def test_a_record_of_schema_1_has_no_digest_and_is_read_and_written_as_it_is(original, tmp_path):
    first_schema = {**original, "schema": 1}
    del first_schema["digest"]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(first_schema))
    text = read_record(path).to_json()
    assert json.loads(text) == first_schema
    assert "digest" not in json.loads(text)


def test_a_forged_plan_does_not_help(refused):
    def other_clips(content: Content) -> None:
        content["plan"]["digests"]["clips"] = "0" * 64

    assert "plan.digests.clips" in refused(other_clips, sign=True)
    assert "plan.digests.folds" in refused(lambda c: c["plan"]["digests"].update(folds="0" * 64), sign=True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"not JSON",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"\x89PNG\r\n\x1a\n\x00\xff",
        b'{"schema": 1}',
        b'{"schema": 1, "id": NaN}',
        b'{"schema": 1, "id": -Infinity}',
        b'{"schema": 1, "environment": {"x": 1e999}}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"schema": 1, "id": ' + b"9" * 10_000 + b"}",
    ],
    ids=["empty", "blank", "text", "open", "list", "null", "number", "binary", "bare", "nan", "infinity", "1e999",
         "deep", "long"],
)  # fmt: skip
def test_what_is_no_record_is_refused_in_one_line(content, tmp_path, capsys):
    refusal(tmp_path, content, capsys)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_not_a_number_is_refused_wherever_it_stands(number, undisturbed, tmp_path, capsys):
    text = undisturbed("estimator").read_text()
    assert '"seed": 0' in text
    for found in ('"seed": 0', '"cores": '):
        head, tail = text.split(found, 1)
        key = found.split(":")[0]
        assert "not JSON" in refusal(tmp_path, f'{head}{key}: {number}, "y": 1{tail}'.encode(), capsys)


def test_a_huge_record_is_refused_in_one_line(original, tmp_path, capsys):
    rows = [{**first(original), "clip": f"demo-a/a01/x{number}"} for number in range(20_000)]
    content = {**original, "predictions": rows}
    told = refusal(tmp_path, written(content), capsys)
    assert "20000 clips were predicted, but plan.clips_total is 128" in told
    plan = {**original["plan"], "clips_total": 20_000}
    content = {**content, "plan": plan, "id": Plan.model_validate(plan).digest()}
    assert "plan.digests.clips" in refusal(tmp_path, written(content), capsys)
    content["predictions"] = [{**row, "clip": f"demo-a/a{number}/x"} for number, row in enumerate(rows)]
    assert "more than 5000 subjects" in refusal(tmp_path, written(content), capsys)


def test_a_pipe_in_the_place_of_a_record_is_not_waited_for(tmp_path, capsys):
    os.mkfifo(tmp_path / "record.json")
    assert main(["results", "verify", str(tmp_path / "record.json")]) == 2
    assert capsys.readouterr().err.endswith("record.json: not a regular file\n")


def test_a_record_that_is_not_there_or_is_a_folder_is_told(tmp_path):
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(RecordError, match="cannot read"):
            read_record(path)
