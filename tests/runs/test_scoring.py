"""From predictions to scores: parts, policies, and what is not defined."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merbench_databases.canonical import composite

from merbench.errors import ReleaseError
from merbench.runs.schema import PolicyPrediction, Prediction
from merbench.runs.scoring import Counts, clips_of, count_predictions, score_predictions

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
        clips_of([*HAND, one(clip, 0, last=0, oracle=0)])


# Neither databases nor subjects stand in alphabetical order, and subject b of `two` is interrupted by a.
SMALL = ("two/b", "two/a", "two/b", "one/b", "one/c", "one/c")


def counts_of(subjects: Sequence[str]) -> Counts:
    """The counts of one clip per name in `subjects`."""
    return count_predictions([one(f"{name}/{at}", at % 2, last=0) for at, name in enumerate(subjects)], 2)


def test_the_parts_are_the_whole_and_then_each_database_in_order_of_appearance():
    counts = counts_of(SMALL)
    assert counts.subjects == ("one/b", "one/c", "two/a", "two/b")
    assert counts.parts == ("full", "two", "one")
    assert counts.of("full").subjects == counts.subjects
    assert counts.of("one").subjects == ("one/b", "one/c")


def test_one_database_alone_has_no_part_but_the_whole():
    assert counts_of(["db/a", "db/b"]).parts == ("full",)


@given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), st.sampled_from("abcd")).map("/".join), min_size=1))
def test_the_parts_after_the_first_divide_the_subjects(subjects: list[str]):
    counts = counts_of(subjects)
    found = [subject for part in counts.parts[1:] for subject in counts.of(part).subjects]
    assert sorted(found) == (list(counts.subjects) if len(counts.parts) > 1 else [])


def test_the_parts_of_the_composite_are_its_databases():
    clips = composite()
    assert counts_of(clips["subject"]).parts == ("full", *clips["database"].unique())


CAMERAS = (("one", "two"),)


def test_a_person_of_two_databases_is_one_subject_of_the_whole_and_of_each_part():
    clips = [one(f"{name}/{at}", at % 2, last=0) for at, name in enumerate(SMALL)]
    counts = count_predictions(clips, 2, CAMERAS)
    assert (counts.subjects, counts.parts) == (("one/a", "one/b", "one/c"), ("full", "two", "one"))
    assert counts.confusions["last"].tolist() == [[[0, 0], [1, 0]], [[2, 0], [1, 0]], [[1, 0], [1, 0]]]
    assert counts.of("two").subjects == ("one/a", "one/b")
    assert counts.of("two").confusions["last"].tolist() == [[[0, 0], [1, 0]], [[2, 0], [0, 0]]]
    assert counts.of("one").subjects == ("one/b", "one/c")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["x", "y", "z"]), st.sampled_from("abcd")).map("/".join), min_size=1))
def test_the_parts_have_all_clips_of_each_person(subjects: list[str]):
    clips = [one(f"{name}/{at}", at % 2, last=0) for at, name in enumerate(subjects)]
    counts = count_predictions(clips, 2, (("x", "z"),))
    summed = dict.fromkeys(counts.subjects, 0)
    for part in counts.databases:
        of_part = counts.of(part)
        for subject, cells in zip(of_part.subjects, of_part.confusions["last"], strict=True):
            summed[subject] = summed[subject] + cells
    assert [summed[one].tolist() for one in counts.subjects] == counts.confusions["last"].tolist()


@settings(max_examples=25)
@given(st.permutations(HAND))
def test_scores_do_not_depend_on_the_order_of_clips(shuffled: Sequence[Prediction]):
    given, wanted = (score_predictions(rows, CLASSES)["last"]["full"] for rows in (shuffled, HAND))
    assert (given.confusion, given.uf1, given.uar) == (wanted.confusion, wanted.uf1, wanted.uar)
