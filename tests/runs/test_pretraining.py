"""Pre-training on other datasets, and the check that they show nobody of the test side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench.errors import OptionError, UnknownName
from merbench.leaderboard.claims import claim_of
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare
from merbench.runs.record import read_record
from merbench.runs.run import run


@pytest.fixture(scope="module")
def own():
    return Registry(load(allow=(), files=[Path(__file__).with_name("transfer.py")]))


@pytest.fixture
def job(own):
    return lambda **asked: prepare(
        own, Request(**{"model": "my-transfer", "dataset": "target", "device": "cpu", **asked})
    )


def test_a_fit_gets_the_other_dataset_whole_and_the_record_says_what_it_was(job, tmp_path):
    asked = job(recipe="transfer", folds="*a01")
    _, path = run(asked, tmp_path)
    record = read_record(path)
    (used,) = record.plan.pretraining
    assert (used.dataset, used.databases) == ("others", ["demo-b", "demo-c"])
    assert used.features == record.plan.features == ["light v1 (frames)"]
    (given,) = asked.task.pretraining
    assert (len(given.labels), len(set(given.subjects))) == (used.clips, used.subjects)
    counts = np.bincount(given.labels) + np.bincount(asked.task.labels[asked.folds[0].train])
    assert record.predictions[0].policies["last"].scores == counts.tolist()
    told = f"pre-trained on others: {used.clips} clips of {used.subjects} subjects, none of whom is tested"
    assert told in record.warnings
    assert given.arrays[0].min() > 0, "a fit has written into what the next fit gets"


def test_a_run_without_the_recipes_pre_training_is_not_as_its_recipe_claims(job, own):
    plan = job(recipe="transfer").plan
    assert claim_of(plan, own)[0] == "as published"
    assert claim_of(plan.model_copy(update={"pretraining": None}), own)[0] == "own settings"


def test_the_plan_of_a_run_without_pre_training_does_not_mention_it(job):
    plan = job(recipe="scratch").plan
    assert "pretraining" not in plan.model_dump(mode="json")
    assert plan.digest() != job(recipe="transfer").plan.digest()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"recipe": "leak"},
            r"my-transfer cannot pre-train on overlapping: it has \d+ subjects that are tested \(demo-a/",
        ),
        ({"recipe": "people"}, "cannot pre-train on twin: its twin and the tested demo-a show the same people; name a"),
        ({"recipe": "transfer", "dataset": "demo"}, r"it has 1\d subjects that are tested \(demo-b/"),
        ({"recipe": "transfer", "dataset": "demo", "folds": "demo-a/*"}, "subjects that are tested"),
    ],
)
def test_a_dataset_with_people_of_the_test_side_is_refused_before_anything_is_computed(asked, told, job):
    with pytest.raises(OptionError, match=told):
        job(**asked)


def test_an_unknown_dataset_is_answered_with_the_known_ones(job):
    with pytest.raises(UnknownName, match="no dataset is called 'x'"):
        job(recipe="missing")
