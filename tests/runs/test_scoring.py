"""From predictions to scores: parts, policies, and what is not defined."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.errors import ReleaseError
from merbench.runs.schema import PolicyPrediction, Prediction
from merbench.runs.scoring import clips_of, score_predictions

CLASSES = ("no", "yes")


def one(clip: str, truth: int, **predicted: int) -> Prediction:
    policies = {name: PolicyPrediction(predicted=given, scores=[0.5, 0.5]) for name, given in predicted.items()}
    return Prediction(clip=clip, fold=clip.rsplit("/", 1)[0], truth=truth, policies=policies)


HAND = [
    one("a/s1/1", 0, last=0, oracle=0),
    one("a/s1/2", 0, last=0, oracle=0),
    one("a/s2/1", 0, last=1, oracle=0),
    one("a/s2/2", 1, last=1, oracle=1),
    one("b/s1/1", 1, last=0, oracle=1),
]


def test_scores_are_pooled_over_all_folds_and_given_for_every_policy():
    scores = score_predictions(HAND, CLASSES)
    full = scores["last"]["full"]
    # no: TP 2, FP 1, FN 1; yes: TP 1, FP 1, FN 1.
    assert (full.uf1, full.uar, full.accuracy) == pytest.approx(((4 / 6 + 2 / 4) / 2, (2 / 3 + 1 / 2) / 2, 3 / 5))
    assert full.confusion == [[2, 1], [1, 1]]
    assert [(row.name, row.clips) for row in full.per_class] == [("no", 3), ("yes", 2)]
    assert full.clips == 5
    assert scores["oracle"]["full"].uf1 == 1
    for metric, (low, high) in full.intervals.items():
        assert 0 <= low <= high <= 1, metric


def test_parts_are_full_and_every_database():
    scores = score_predictions(HAND, CLASSES)
    assert list(scores["last"]) == ["full", "a", "b"]
    assert scores["last"]["a"].uf1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert list(score_predictions(HAND[:4], CLASSES)["last"]) == ["full"]


def test_a_part_without_a_class_has_no_scores_and_the_others_have():
    assert score_predictions(HAND, CLASSES)["last"]["b"] is None
    assert score_predictions(HAND, CLASSES)["last"]["full"] is not None


def test_a_class_that_no_clip_has_leaves_nothing_defined():
    scores = score_predictions(HAND, (*CLASSES, "never"))
    assert set(scores["last"].values()) == {None}


def test_the_clip_table_is_read_from_the_ids():
    table = clips_of(HAND)
    assert list(table["database"]) == ["a", "a", "a", "a", "b"]
    assert list(table["subject"]) == ["a/s1", "a/s1", "a/s2", "a/s2", "b/s1"]
    assert list(table["label"]) == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("clip", ["only-a-name", "a/s1", "../etc/x", "a/s1/", "a/s 1/x"])
def test_an_id_that_is_none_is_refused(clip):
    with pytest.raises(ReleaseError):
        score_predictions([*HAND, one(clip, 0, last=0, oracle=0)], CLASSES)


@settings(max_examples=25, deadline=None)
@given(st.permutations(HAND))
def test_scores_do_not_depend_on_the_order_of_clips(shuffled: Sequence[Prediction]):
    given, wanted = (score_predictions(rows, CLASSES)["last"]["full"] for rows in (shuffled, HAND))
    assert (given.confusion, given.uf1, given.uar) == (wanted.confusion, wanted.uf1, wanted.uar)
