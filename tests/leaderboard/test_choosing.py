"""What choosing on the test subject adds: the number of epochs, and the best seed of each subject."""

from __future__ import annotations

import pytest

from merbench.leaderboard.choosing import best_seed_gain, epochs_of
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.rows import make_rows

# All clips right, and class 0 (250 of 442 clips) for all of them: F1 of class 0 is 500 / 692, of the others 0.
CONSTANT = 500 / 692 / 3


@pytest.fixture
def entries(make_record, registry):
    def of(*predicted):
        records = [make_record(predicted=one, seed=seed) for seed, one in enumerate(predicted)]
        return [make_entry(record, registry) for record in records]

    return of


@pytest.fixture
def truth(make_record):
    return [one.truth for one in make_record().predictions]


def test_one_seed_has_nothing_to_choose(entries, truth):
    assert best_seed_gain(entries(truth)) is None


def test_each_subject_gets_the_seed_with_most_right_clips(entries, truth):
    """A seed that is always right is chosen for every subject, so that UF1 is 1; the mean is between the two."""
    assert best_seed_gain(entries(truth, [0] * 442)) == pytest.approx(1 - (1 + CONSTANT) / 2, abs=1e-12)
    assert best_seed_gain(entries([0] * 442, truth)) == pytest.approx(1 - (1 + CONSTANT) / 2, abs=1e-12)


def test_two_seeds_that_are_right_on_different_subjects_are_right_together(entries, truth, make_record):
    clips = [one.clip for one in make_record().predictions]
    in_smic = [clip.startswith("smic") for clip in clips]
    wrong = [(one + 1) % 3 for one in truth]
    here = [right if smic else other for right, other, smic in zip(truth, wrong, in_smic, strict=True)]
    there = [other if smic else right for right, other, smic in zip(truth, wrong, in_smic, strict=True)]
    both = entries(here, there)
    mean = sum(one.figures["last"]["full"]["uf1"].value for one in both) / 2
    assert best_seed_gain(both) == pytest.approx(1 - mean, abs=1e-12)


def test_equal_seeds_gain_nothing(entries, truth):
    assert best_seed_gain(entries(truth, truth, truth)) == pytest.approx(0, abs=1e-12)


def test_a_network_chooses_among_its_epochs_and_an_estimator_among_none(make_record):
    network = make_record()
    assert epochs_of(network) == 2
    folds = [one.model_copy(update={"loss": []}) for one in network.folds]
    assert epochs_of(network.model_copy(update={"folds": folds})) is None
    assert epochs_of(network.model_copy(update={"folds": []})) is None


def test_a_row_says_both_and_where_its_data_come_from(entries, truth, registry):
    (row,) = make_rows(entries(truth, [0] * 442), registry)
    assert row.seed_selection == pytest.approx((1 - CONSTANT) / 2, abs=1e-12)
    assert row.epochs == epochs_of(row.entries[0].record)
