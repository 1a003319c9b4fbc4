"""What the generated sentences of the documentation compute."""

from __future__ import annotations

import json
import math

import pytest

from docs.generate.board import board
from docs.generate.claims import expected_best
from merbench.leaderboard.boards import counts_of
from tests.benchmarks.__main__ import MEASURED
from tests.benchmarks.how_sure import masks_of, variance
from tests.docs.pages import section, table


@pytest.mark.parametrize(("number", "known"), [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))])
def test_the_expected_best_of_a_few_normal_draws_is_the_known_one(number: int, known: float) -> None:
    assert expected_best(number) == pytest.approx(known, abs=2e-4)


def test_the_expected_best_of_a_hundred_is_that_of_tables() -> None:
    assert expected_best(100) == pytest.approx(2.5076, abs=2e-4)  # Tippett, Biometrika 17, 1925


def test_rcn_with_the_inner_epoch_has_the_confidence_of_that_epoch_and_no_training_loss() -> None:
    rows = {
        tuple(row[:2]): row[3:5] for row in table(section("shallow.md", "RCN-A, RCN-S, RCN-W, RCN-F")) if len(row) > 4
    }
    inner = {model: row for (recipe, model), row in rows.items() if recipe == "quick, inner epoch"}
    assert inner
    for model, (loss, confidence) in inner.items():
        assert loss == "-"
        assert confidence != rows["quick", model][1]


@pytest.mark.slow
def test_the_figures_of_how_sure_are_those_of_the_committed_records() -> None:
    ranked = board().ranked
    rows = variance([counts_of(row) for row in ranked], masks_of(ranked[0].entries[0].counts))
    kept = json.loads(MEASURED.read_text("utf-8"))["how-sure"]["rows"]
    found = [one._asdict() for one in rows]
    variances = [one for one in kept if one["what"].startswith("variance: ")]
    assert variances == found, "after new records: python -m tests.benchmarks how-sure --write"
