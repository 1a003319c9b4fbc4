"""Who is a subject is said by the clip list: no plugin of a stranger can put one person on both sides of a fold."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from merbench.cli import main
from merbench.data.clips import clips_digest, labels_digest
from merbench.data.people import SamePeople
from merbench.errors import RecordError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.protocols import LeaveOneSubjectOut, folds_digest
from merbench.runs.export import without_clips
from merbench.runs.record import read_record
from merbench.runs.schema import Plan, Prediction, Record
from merbench.runs.scoring import clips_of, count, score_predictions
from merbench.runs.seal import sealed
from merbench.runs.submissions import Declaration, submit
from merbench.runs.verify import verify

SPLITTERS = """
    import merbench
    import numpy as np


    class OwnSubjects(merbench.Splitter):
        def split(self, clips):
            clips["subject"] = clips["clip"]
            for place in range(len(clips)):
                yield merbench.Fold(clips["clip"][place], np.delete(np.arange(len(clips)), place), np.array([place]))


    class Unchecked(merbench.Splitter):
        def split(self, clips):
            for place in range(len(clips)):
                yield merbench.Fold(clips["clip"][place], np.delete(np.arange(len(clips)), place), np.array([place]))

        def folds(self, clips):
            return list(self.split(clips))


    class Failing(merbench.Splitter):
        def split(self, clips):
            raise KeyError("sessions")


    @merbench.hookimpl
    def merbench_protocols():
        for name in ("OwnSubjects", "Unchecked", "Failing"):
            yield merbench.Protocol(name=name, splitter=f"splitters:{name}")

"""


@pytest.fixture
def splitters(tmp_path: Path) -> Path:
    path = tmp_path / "splitters.py"
    path.write_text(textwrap.dedent(SPLITTERS))
    return path


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("OwnSubjects", "splitters.py:7: OwnSubjects.split changes column 'subject' of the clip table"),
        ("Unchecked", "(plugin splitters) at "),
        ("Unchecked", "splitters.py:14: fold 'demo-a/a01/01': subject demo-a/a01 is on the training side"),
        ("Failing", "protocol Failing (plugin splitters): Failing.split failed at "),
    ],
)
def test_a_protocol_that_breaks_a_rule_is_refused_in_one_line(
    protocol: str, words: str, splitters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "--plugin", str(splitters), "--model", "majority", "--dataset", "demo", "--protocol", protocol]
    assert main([*argv, "--out", str(tmp_path / "out")]) == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "error:" in one]
    assert words in line
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("majority")
    assert main(["run", "--model", "majority", "--dataset", "demo", "--out", str(out)]) == 0
    (path,) = out.glob("*/record.json")
    return dict(json.loads(path.read_text()))


def renamed(made: dict[str, Any], protocol: str, tmp_path: Path) -> Path:
    """The record as if each clip had been a fold of its own under another protocol."""
    content = json.loads(json.dumps(made))
    content["plan"]["protocol"] = protocol
    for number, row in enumerate(content["predictions"]):
        row["fold"] = f"clip{number}"
    content["folds"] = [{**content["folds"][0], "name": f"clip{number}"} for number in range(128)]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(content)))
    record = read_record(path)
    path.write_text(record.model_copy(update={"id": record.plan.digest()}).to_json())
    return path


@pytest.mark.parametrize("protocol", ["OwnSubjects", "Unchecked"])
def test_a_record_is_verified_by_the_clips_subjects_and_not_by_what_a_splitter_says(
    protocol: str, made: dict[str, Any], splitters: Path, tmp_path: Path
) -> None:
    record = read_record(renamed(made, protocol, tmp_path))
    with pytest.raises(RecordError, match=r"is on the training side and the test side|changes column 'subject'"):
        verify(record, Registry(load(files=[splitters])))


def test_of_an_unknown_protocol_it_is_said_that_subjects_are_tested_in_several_folds(
    made: dict[str, Any], tmp_path: Path
) -> None:
    unchecked = verify(read_record(renamed(made, "leave-one-clip-out", tmp_path)), Registry(load(allow=())))
    assert unchecked[0] == "protocol leave-one-clip-out is not installed: the folds were not compared"
    assert unchecked[1].startswith("20 subjects are tested in several folds (first: demo-a/a01), so folds might train")


CAMERAS = (("smic", "smic-nir", "smic-vis"),)


def of_cameras(made: dict[str, Any], said: SamePeople | None, split: SamePeople = ()) -> Record:
    """The record as if its databases were the cameras of SMIC, with people of the same names, of a dataset that is not
    installed. `said` is what its plan says of them; its folds are those of `split`.
    """
    text = json.dumps(made)
    for old, new in {"demo-a": "smic", "demo-b": "smic-vis", "demo-c": "smic-nir"}.items():
        text = text.replace(f"{old}/{old[-1]}", f"{new}/s").replace(old, new)
    record = Record.model_validate({name: one for name, one in json.loads(text).items() if name != "digest"})
    table = clips_of(record.predictions, split)
    folds = LeaveOneSubjectOut().folds(table)
    fold_of = {table["clip"][place]: fold.name for fold in folds for place in fold.test}
    predictions = [one.model_copy(update={"fold": fold_of[one.clip]}) for one in record.predictions]
    digests = {"clips": clips_digest(table), "labels": labels_digest(table), "folds": folds_digest(table, folds)}
    plan = Plan.model_validate(
        record.plan.model_dump() | {"dataset": "smic-all", "same_people": said}
        | {"digests": record.plan.digests.model_dump() | digests}
    )  # fmt: skip
    changed = {
        "id": plan.digest(),
        "plan": plan,
        "predictions": predictions,
        "folds": [record.folds[0].model_copy(update={"name": fold.name}) for fold in folds],
        "scores": score_predictions(predictions, plan.classes, said or ()),
    }
    return record.model_copy(update=changed)


def test_a_record_that_counts_people_once_and_keeps_them_on_one_side_verifies(made: dict[str, Any]) -> None:
    record = of_cameras(made, CAMERAS, CAMERAS)
    assert len(record.folds) < len(made["folds"])
    unchecked = verify(record, Registry(load(allow=())))
    assert unchecked == ["dataset smic-all is not installed: its clips were not compared"]


@pytest.mark.parametrize("said", [None, (("smic", "smic-vis"),), (("smic-nir", "smic-vis"),)])
def test_a_record_that_counts_a_person_of_three_cameras_more_than_once_is_refused(
    said: SamePeople | None, made: dict[str, Any]
) -> None:
    words = "its clips come from smic, smic-nir and smic-vis, which show the same people, but plan.same_people does not"
    with pytest.raises(RecordError, match=words):
        verify(of_cameras(made, said), Registry(load(allow=())))


def test_a_record_that_trained_on_another_camera_of_the_tested_person_is_refused(made: dict[str, Any]) -> None:
    with pytest.raises(RecordError, match=r"^plan\.digests\.folds: the record says"):
        verify(of_cameras(made, CAMERAS), Registry(load(allow=())))


def test_a_record_whose_cameras_name_their_people_in_their_own_ways_is_refused(made: dict[str, Any]) -> None:
    record = of_cameras(made, CAMERAS, CAMERAS)
    text = json.dumps([one.model_dump(mode="json") for one in record.predictions])
    text = text.replace("smic-vis/s", "smic-vis/v").replace("smic-nir/s", "smic-nir/n")
    rows = [Prediction.model_validate(one) for one in json.loads(text)]
    with pytest.raises(
        RecordError, match=r"^smic, smic-nir and smic-vis show the same people, but no subject of smic has"
    ):
        verify(record.model_copy(update={"predictions": rows}), Registry(load(allow=())))


def test_of_an_unknown_protocol_a_person_tested_in_several_folds_is_told(made: dict[str, Any]) -> None:
    record = of_cameras(made, CAMERAS)
    record = record.model_copy(update={"plan": record.plan.model_copy(update={"protocol": "by-camera"})})
    unchecked = verify(record.model_copy(update={"id": record.plan.digest()}), Registry(load(allow=())))
    assert "subjects are tested in several folds (first: smic/s01), so folds might train" in unchecked[-1]


@pytest.mark.parametrize("groups", [[], [["smic"]], [["smic-vis", "smic"]], [["a", "b"], ["b", "c"]], [["a", "a"]]])
def test_a_plan_with_groups_that_are_none_is_no_record(groups: list[list[str]], made: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="same_people"):
        Plan.model_validate({**made["plan"], "same_people": groups})


def test_an_installed_dataset_says_who_are_the_same_people(made: dict[str, Any], tmp_path: Path) -> None:
    content = {**made, "plan": {**made["plan"], "same_people": [["demo-a", "demo-b"]]}}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(content)))
    record = read_record(path)
    record = record.model_copy(update={"id": record.plan.digest()})
    with pytest.raises(RecordError, match=r"^plan.same_people: the record says \(\('demo-a', 'demo-b'\),\)"):
        verify(record, Registry(load(allow=())))


LISTED = """
    import merbench

    ROWS = {
        "smic/s11/s11_ne_01": 0, "smic/s11/s11_po_01": 1, "smic/s01/s01_sur_01": 2,
        "smic-vis/s11/s11_ne_01": 0, "smic-vis/s12/s12_po_01": 1, "smic-vis/s12/s12_sur_01": 2,
    }


    def clips():
        import pandas as pd

        parts = [clip.split("/") for clip in ROWS]
        return pd.DataFrame({
            "clip": list(ROWS), "database": [one[0] for one in parts],
            "subject": ["/".join(one[:2]) for one in parts], "label": list(ROWS.values()),
        })


    @merbench.hookimpl
    def merbench_datasets():
        yield merbench.Dataset(
            name="two-cameras", sources=("smic-hs", "smic-vis"), databases=("smic", "smic-vis"),
            scheme=merbench.THREE_CLASS, clip_list="listed:clips", protocol="loso", public_labels=True,
        )
"""


def test_predictions_that_are_handed_in_count_a_person_of_two_cameras_once(tmp_path: Path) -> None:
    (tmp_path / "listed.py").write_text(textwrap.dedent(LISTED))
    registry = Registry(load(files=[tmp_path / "listed.py"], allow=()))
    clips = re.findall(r'"(smic\S*/\S+/\S+)"', LISTED)
    (tmp_path / "given.csv").write_text("clip,prediction\n" + "".join(f"{clip},negative\n" for clip in clips))
    record = submit(tmp_path / "given.csv", Declaration(model="mine", dataset="two-cameras"), registry)
    assert record.plan.same_people == (("smic", "smic-vis"),)
    folds = ["smic/s11", "smic/s11", "smic/s01", "smic/s11", "smic/s12", "smic/s12"]
    assert [one.fold for one in record.predictions] == folds
    assert count(record).subjects == ("smic/s01", "smic/s11", "smic/s12")
    assert verify(record, registry) == []
    counted = without_clips(record)
    assert [one.subject for one in counted.subjects] == ["smic/s11", "smic/s01", "smic-vis/s11", "smic-vis/s12"]
    assert verify(counted, registry) == ["the record has counts per subject, not clips: predictions were not compared"]
