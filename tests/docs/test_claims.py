"""What the generated sentences of the documentation compute."""

from __future__ import annotations

import csv
import itertools
import json
import math

import pytest

from docs.generate.board import board
from docs.generate.claims import expected_best
from merbench.leaderboard.boards import counts_of
from tests.benchmarks.__main__ import MEASURED
from tests.benchmarks.how_sure import masks_of, variance
from tests.docs.pages import ROOT, section, table


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


def test_causalnets_accuracies_are_of_all_clips_and_of_no_smaller_number_of_them() -> None:
    clips = {"smic": 164, "casme2": 145, "samm": 133}
    with (ROOT / "leaderboards" / "reported.csv").open(encoding="utf-8", newline="") as file:
        printed = {
            line["part"]: float(line["value"])
            for line in csv.DictReader(file)
            if (line["method"], line["metric"], line["dataset"]) == ("CausalNet", "accuracy", "composite")
        }
    shares = [
        [(right, of) for of in range(1, most + 1) for right in range(of + 1) if round(right / of, 4) == printed[part]]
        for part, most in clips.items()
    ]
    sums = [([of for _, of in one], sum(right for right, _ in one)) for one in itertools.product(*shares)]
    fitting = [(of, right) for of, right in sums if round(right / sum(of), 4) == printed["full"]]
    assert fitting == [(list(clips.values()), 403)]


def test_the_marks_of_accuracies_on_five_classes_say_which_numbers_of_clips_have_them() -> None:
    marks = {(246,): "casme2-246", (247,): "casme2-247", (246, 247): "casme2-246-247", (): "casme2-not-249"}
    with (ROOT / "leaderboards" / "reported.csv").open(encoding="utf-8", newline="") as file:
        lines = [one for one in csv.DictReader(file) if (one["dataset"], one["metric"]) == ("casme2-5", "accuracy")]
    assert lines
    for line in lines:
        numbers = tuple(of for of in (246, 247, 249) if share_of(line["value"], of))
        marked = [note for note in line["notes"].split() if note in marks.values()]
        assert marked == ([] if 249 in numbers else [marks[numbers]]), line["method"]


def share_of(printed: str, clips: int) -> bool:
    """Whether a share of that many clips, rounded or cut, is what is printed."""
    unit = 10 ** len(printed.partition(".")[2])
    shares = [unit * right / clips for right in range(clips + 1)]
    return round(float(printed) * unit) in {number for one in shares for number in (round(one), int(one))}


@pytest.mark.slow
def test_the_figures_of_how_sure_are_those_of_the_committed_records() -> None:
    ranked = board().ranked
    rows = variance([counts_of(row) for row in ranked], masks_of(ranked[0].entries[0].counts))
    kept = json.loads(MEASURED.read_text("utf-8"))["how-sure"]["rows"]
    found = [one._asdict() for one in rows]
    variances = [one for one in kept if one["what"].startswith("variance: ")]
    assert variances == found, "after new records: python -m tests.benchmarks how-sure --write"
