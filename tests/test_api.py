"""merbench from Python: the same answers as on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import merbench
from merbench.cli import main
from merbench.errors import OptionError, RecordError, UnknownName
from merbench.scores import InvalidPredictions, MissingClass

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "leaderboards" / "records"
SUBJECTS = ["a", "a", "b", "b", "c", "c"]


def published(model: str):
    """A record of this project's board."""
    return merbench.read_record(next(RECORDS.glob(f"{model}-composite-default-*.json")))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory):
    return merbench.run(model="majority", dataset="demo", out=tmp_path_factory.mktemp("api"))


def test_a_run_gives_the_record_of_the_command_line(record, tmp_path: Path) -> None:
    assert main(["run", "--model", "majority", "--dataset", "demo", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*/record.json")
    same = merbench.read_record(path)
    assert (same.id, same.predictions, same.scores) == (record.id, record.predictions, record.scores)


def test_settings_are_those_of_set(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="model majority has no option 'depth'"):
        merbench.run(model="majority", dataset="demo", settings={"depth": 3}, out=tmp_path)
    with pytest.raises(UnknownName, match="no model is called 'majorty'"):
        merbench.run(model="majorty", dataset="demo", out=tmp_path)


def test_a_plugin_file_can_be_loaded_and_its_options_set_to_none(tmp_path: Path) -> None:
    plugin = tmp_path / "most_frequent.py"
    plugin.write_text(
        "import merbench\n\n@merbench.hookimpl\ndef merbench_models():\n    yield merbench.EstimatorModel(\n"
        "        name='most-frequent', estimator='sklearn.dummy:DummyClassifier', features=()\n    )\n"
    )
    given = {"constant": None, "strategy": "prior"}
    asked = {"model": "most-frequent", "dataset": "demo", "plugins": [plugin], "out": tmp_path / "out"}
    assert merbench.run(**asked, settings=given).plan.options == given


def test_a_record_whose_scores_do_not_follow_is_refused(record, tmp_path: Path) -> None:
    part = record.scores["last"]["full"].model_copy(update={"uf1": 0.99})
    wrong = record.model_copy(update={"scores": {"last": {**record.scores["last"], "full": part}}})
    (tmp_path / "record.json").write_text(wrong.to_json())
    with pytest.raises(RecordError, match=r"scores\.last\.full\.uf1: the record says 0\.99"):
        merbench.read_record(tmp_path / "record.json")


def test_scores_by_hand_with_classes_of_any_kind() -> None:
    truth = ["no", "yes", "no", "yes", "no", "yes"]
    predicted = ["no", "yes", "yes", "yes", "no", "no"]
    found = merbench.score(truth, predicted, SUBJECTS)
    # Of `no` 2 of 3 are found and 1 answer is wrong: F1 = 4 / (4 + 1 + 1); of `yes` the same.
    assert (found.uf1, found.uar, found.accuracy) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    indices = [["no", "yes"].index(one) for one in truth], [["no", "yes"].index(one) for one in predicted]
    assert merbench.score(*indices, SUBJECTS) == found
    assert merbench.score(*map(np.array, indices), SUBJECTS) == found


def test_a_class_without_clips_or_an_unknown_class_is_an_error() -> None:
    with pytest.raises(MissingClass):
        merbench.score([0, 1], [0, 1], ["a", "b"], classes=[0, 1, 2])
    with pytest.raises(InvalidPredictions, match="2 is not one of the classes 0, 1"):
        merbench.score([0, 1], [0, 2], ["a", "b"], classes=[0, 1])


def test_a_record_does_not_differ_from_itself(record) -> None:
    found = merbench.compare(record, record)
    assert (found.difference, found.p_value) == (0, 1)


def test_two_published_records_compare_as_their_scores_differ() -> None:
    a, b = (
        merbench.read_record(next(RECORDS.glob(f"{name}-composite-default-*.json"))) for name in ("flow-lr", "majority")
    )
    for metric in ("uf1", "uar", "accuracy"):
        found = merbench.compare(a, b, metric=metric)
        full = [getattr(one.scores["last"]["full"], metric) for one in (a, b)]
        assert found.difference == pytest.approx(full[0] - full[1])
        assert found.interval[0] <= found.difference <= found.interval[1]
    assert merbench.compare(a, b).p_value < 0.01


def test_records_of_other_clips_or_without_the_policy_do_not_compare(record) -> None:
    with pytest.raises(RecordError, match="different clips or labels"):
        merbench.compare(record, published("majority"))
    with pytest.raises(RecordError, match="a record has no policy oracle, only last"):
        merbench.compare(record, record, policy="oracle")
    with pytest.raises(InvalidPredictions, match="no metric is called 'f2'; use uf1, uar, accuracy"):
        merbench.compare(record, record, metric="f2")


def test_the_table_has_a_row_for_each_policy_and_part(record) -> None:
    table = merbench.scores_table([record, record])
    assert list(table["part"]) == ["full", "demo-a", "demo-b", "demo-c"] * 2
    assert table["uf1"].iloc[0] == record.scores["last"]["full"].uf1
    assert (table["uf1_low"] <= table["uf1"]).all()


def test_the_examples_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "python-api.md").read_text("utf-8")
    exec("\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), {})
