"""The oracle of fewer epochs, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from merbench.engine.task import FoldOutcome
from tests.benchmarks.oracle import CURVES, chosen, permuted
from tests.rows import in_lines


def outcome(name: str, predicted: list[list[int]]) -> FoldOutcome:
    answers = np.array(predicted)
    return FoldOutcome(name=name, scores=np.empty(0), predicted=answers, loss=np.empty(0), seconds=0.0)


LABELS = np.array([0, 1, 2])
# The first fold is right on both of its clips in epoch 2 alone; the second fold only in epoch 3.
SIDES = [
    (np.array([0, 2]), outcome("a", [[0, 0], [0, 2], [1, 1]])),
    (np.array([1]), outcome("b", [[0], [2], [1]])),
]


@pytest.mark.parametrize(
    ("epochs", "last", "oracle"), [(1, [0, 0, 0], [0, 0, 0]), (2, [0, 2, 2], [0, 2, 2]), (3, [1, 1, 1], [0, 1, 2])]
)
def test_each_fold_has_its_own_best_epoch_among_those_that_there_are(epochs, last, oracle):
    assert chosen(SIDES, LABELS, epochs, oracle=False).tolist() == last
    assert chosen(SIDES, LABELS, epochs, oracle=True).tolist() == oracle


def test_a_permutation_keeps_the_frequency_of_classes_and_can_be_repeated():
    labels = np.repeat([0, 1, 2], [250, 109, 83])
    one = permuted(labels, 1)
    assert np.bincount(one).tolist() == [250, 109, 83]
    assert one.tolist() == permuted(labels, 1).tolist() != permuted(labels, 2).tolist()
    assert one.tolist() != labels.tolist()


@pytest.mark.skipif(not CURVES.exists(), reason="no curve was measured yet")
def test_the_kept_curves_stand_as_they_are_written_and_have_a_value_for_every_epoch():
    text = CURVES.read_text("utf-8")
    kept = json.loads(text)
    assert in_lines(kept) + "\n" == text
    for one in kept.values():
        assert {len(curve) for run in one["true"] + one["permuted"] for curve in run.values()} == {one["epochs"]}
