"""From what was asked for to a plan: everything that decides the outcome is in it, and nothing is done yet."""

from __future__ import annotations

import pytest

from merbench.engine.seeds import derive_seed
from merbench.errors import OptionError, UnknownName
from merbench.runs.prepare import Request, prepare


@pytest.fixture
def job(registry):
    return lambda **asked: prepare(registry, Request(**{"model": "majority", "dataset": "demo", **asked}))


def test_defaults_are_the_models_first_recipe_and_the_datasets_protocol(job):
    plan = job().plan
    assert (plan.recipe, plan.protocol, plan.seed, plan.device, plan.folds) == ("default", "loso", 0, "cpu", "*")
    assert plan.clips_total == 128
    assert plan.classes == ["negative", "positive", "surprise"]


def test_the_same_request_is_the_same_run(job):
    assert job().plan.digest() == job().plan.digest()
    assert job(protocol="merbench:loso", model="merbench:majority").plan.digest() == job().plan.digest()


@pytest.mark.slow
def test_every_difference_is_another_run(job):
    asked = [
        {},
        {"seed": 1},
        {"protocol": "loso-per-database"},
        {"folds": "demo-a/*"},
        {"model": "flow-lr"},
        {"model": "flow-lr", "settings": ["C=0.5"]},
    ]
    assert len({job(**one).plan.digest() for one in asked}) == len(asked)


def test_a_fold_keeps_its_seed_when_only_its_neighbours_change(job):
    among = {fold.name: fold.seed for fold in job().folds}
    alone = {fold.name: fold.seed for fold in job(folds="demo-b/*").folds}
    assert len(set(among.values())) == len(among)
    assert alone.items() <= among.items()
    assert {fold.name: fold.seed for fold in job(folds="demo-b/*", seed=1).folds}.items().isdisjoint(among.items())


def test_a_renamed_protocol_keeps_the_seeds_of_its_folds(job):
    now = job(protocol="lodo")
    assert now.plan.protocol == "lodo"
    assert [fold.seed for fold in job(protocol="cross-database").folds] == [fold.seed for fold in now.folds]
    axes = {"run": 0, "model": "majority", "dataset": "demo", "protocol": "cross-database"}
    assert [fold.seed for fold in now.folds] == [derive_seed(**axes, fold=fold.name) for fold in now.folds]


@pytest.mark.slow  # it computes the features of the demo
def test_inner_folds_look_at_the_training_side_alone(job):
    asked = job(model="htnet", epoch_policy="inner", device="cpu", folds="demo-a/*")
    for fold, inner in zip(asked.folds, asked.inner_folds(), strict=True):
        assert sorted([*inner.train, *inner.test]) == list(fold.train)
        subjects = asked.clips["subject"]
        assert not set(subjects.iloc[inner.train]) & set(subjects.iloc[inner.test])


def test_part_of_the_folds_is_a_warning(job):
    assert job(folds="demo-c/*").warnings == ["only 8 of 24 folds were run"]
    assert job().warnings == []


def test_what_an_estimator_does_not_have_is_refused(job):
    for asked in ({"device": "cuda"}, {"precision": "bf16"}, {"epoch_policy": "oracle"}):
        with pytest.raises(OptionError, match="scikit-learn estimator"):
            job(**asked)
    with pytest.raises(OptionError, match="majority is no network that the engine trains; leave out --compile"):
        job(compiled=True)


def test_checkpoints_have_no_epochs_to_choose_from(job, tmp_path):
    for policy in ("inner", "oracle"):
        with pytest.raises(OptionError, match="leave out --epoch-policy"):
            job(model="htnet", weights=tmp_path, epoch_policy=policy)


def test_a_recipe_or_fold_that_is_not_there_is_told_with_the_nearest(job):
    with pytest.raises(UnknownName, match="nearest: default"):
        job(recipe="defalt")
    with pytest.raises(UnknownName, match="folds are named like demo-a/a01"):
        job(folds="nothing*")
