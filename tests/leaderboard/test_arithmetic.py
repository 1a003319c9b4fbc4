"""The bounds of printed scores hold for every small confusion matrix, and tables that break them are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from math import floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from merbench.leaderboard.arithmetic import contradictions, highest_uf1, lowest_uf1, reach

ROUNDING = 1e-12  # of floating-point sums
SMIC = (70, 51, 43)
CASME2 = (88, 32, 25)
SAMM = (92, 26, 15)
COMPOSITE = {"full": (250, 109, 83), "smic": SMIC, "casme2": CASME2, "samm": SAMM}


def answers(clips: int, classes: int) -> Iterator[tuple[int, ...]]:
    """Every way to answer so many clips of one class."""
    if classes == 1:
        yield (clips,)
        return
    for first in range(clips + 1):
        yield from ((first, *rest) for rest in answers(clips - first, classes - 1))


def confusions(clips: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Every confusion matrix of so many clips of each class: rows are the truth."""
    for rows in product(*(list(answers(count, len(clips))) for count in clips)):
        yield np.array(rows)


def scores(confusion: np.ndarray) -> dict[str, float]:
    right, truth, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    return {
        "uf1": float(np.mean(2 * right / (truth + answered))),
        "uar": float(np.mean(right / truth)),
        "accuracy": float(right.sum() / truth.sum()),
        "macro-precision": float(np.mean(right / np.maximum(answered, 1))),
    }


SMALL = [(1, 1), (2, 3), (4, 1), (5, 5), (1, 1, 1), (2, 2, 1), (3, 2, 1), (3, 3, 2), (4, 1, 1), (1, 1, 1, 1)]


@pytest.mark.parametrize("clips", SMALL)
def test_no_confusion_matrix_has_a_uf1_outside_the_bounds(clips: tuple[int, ...]) -> None:
    for confusion in confusions(clips):
        found = scores(confusion)
        most = highest_uf1(found["uar"], found["macro-precision"])
        assert found["uf1"] <= most + ROUNDING
        assert most <= highest_uf1(found["uar"]) + ROUNDING
        assert found["uf1"] >= lowest_uf1(found["uar"], clips) - ROUNDING


@pytest.mark.parametrize("clips", SMALL)
def test_no_confusion_matrix_has_an_accuracy_outside_what_its_uar_reaches(clips: tuple[int, ...]) -> None:
    shares = [count / sum(clips) for count in clips]
    for confusion in confusions(clips):
        found = scores(confusion)
        least, most = reach(shares, found["uar"])
        assert least - ROUNDING <= found["accuracy"] <= most + ROUNDING


def test_the_bounds_are_met_by_predictions_that_are_all_right_or_all_wrong() -> None:
    assert highest_uf1(1.0) == 1.0
    assert highest_uf1(0.0, 0.0) == 0.0
    assert lowest_uf1(0.0, SMIC) == 0.0
    assert reach([0.5, 0.3, 0.2], 1.0) == (1.0, 1.0)


def test_recall_goes_to_the_smallest_classes_first_for_the_least_accuracy() -> None:
    # one and a half recalls: .2 + .5 x .3, and .5 + .5 x .3
    assert reach([0.3, 0.5, 0.2], 0.5) == pytest.approx((0.35, 0.65))


def small_parts() -> Iterator[dict[str, np.ndarray]]:
    for one, other in product(confusions((2, 1)), confusions((1, 3))):
        yield {"full": one + other, "a": one, "b": other}


def test_nothing_is_said_against_pooled_scores_that_are_right() -> None:
    clips = {"full": (3, 4), "a": (2, 1), "b": (1, 3)}
    for parts in small_parts():
        assert list(contradictions({part: scores(one) for part, one in parts.items()}, clips)) == []


def printed(value: float, digits: int, cut: bool) -> float:
    return floor(value * 10**digits) / 10**digits if cut else round(value, digits)


@given(st.randoms(use_true_random=False), st.integers(2, 4), st.booleans())
@settings(max_examples=200, deadline=None)
def test_nothing_is_said_against_right_scores_that_are_rounded_or_cut(random, digits: int, cut: bool) -> None:
    draw = np.random.default_rng(random.getrandbits(32))
    parts = {
        part: np.stack([draw.multinomial(count, draw.dirichlet(np.ones(3))) for count in clips])
        for part, clips in COMPOSITE.items()
        if part != "full"
    }
    pooled = {"full": sum(parts.values()), **parts}
    table = {
        part: {name: printed(value, digits, cut) for name, value in scores(one).items()} for part, one in pooled.items()
    }
    assert list(contradictions(table, COMPOSITE)) == []


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"full": {"uf1": 0.9001, "uar": 0.8}}, "UF1 0.9001 with UAR 0.8: no UF1 is above 0.889"),
        (
            {"full": {"uf1": 0.74, "uar": 0.7186, "macro-precision": 0.7605}},
            "UF1 0.74 with UAR 0.7186 and macro precision 0.7605: no UF1 is above 0.739",
        ),
        # what the guideline of MEGC2019 prints for LBP-TOP
        (
            {"smic": {"uf1": 0.2, "uar": 0.528}, "full": {"uf1": 0.5882}},
            "UF1 0.2 with UAR 0.528: with 70, 51, 43 clips of the classes no UF1 is below 0.293",
        ),
        ({"samm": {"uar": 0.6, "accuracy": 0.95}}, "accuracy 0.95 with UAR 0.6: with 92, 26, 15 clips of the classes"),
        (
            {"full": {"uar": 0.9}, "smic": {"uar": 0.55}, "casme2": {"uar": 0.6}, "samm": {"uar": 0.6}},
            r"UAR 0.9 of all clips: from 0.55 \(smic\), 0.6 \(casme2\), 0.6 \(samm\) it is between",
        ),
        (
            {part: {"accuracy": one} for part, one in zip(COMPOSITE, (0.72, 0.6, 0.7, 0.8), strict=True)},
            "accuracy 0.72 of all clips: .* between 0.683 and 0.703",
        ),
        (
            {"full": {"uf1": 0.70}, "smic": {"uf1": 0.12}, "casme2": {"uf1": 0.2}, "samm": {"uf1": 0.25}},
            "UF1 0.7 of all clips: .* between 0.000 and 0.600",
        ),
    ],
)  # fmt: skip
def test_figures_that_cannot_all_be_right_are_named_with_the_reason(table, why: str) -> None:
    (found,) = contradictions(table, COMPOSITE)
    assert re.match(why, found.why), found.why
    assert all(metric in table[part] for part, metric in found.figures)


def test_parts_that_are_not_the_whole_say_nothing_of_all_clips() -> None:
    table = {"full": {"uar": 0.9}, "smic": {"uar": 0.1}, "casme2": {"uar": 0.1}}
    assert list(contradictions(table, COMPOSITE)) == []
    assert list(contradictions(table, {"full": (3, 3), "smic": (1, 1), "casme2": (1, 1)})) == []


def test_without_the_clips_of_the_classes_a_low_uf1_is_possible() -> None:
    assert list(contradictions({"full": {"uf1": 0.2, "uar": 0.528}}, {})) == []


def test_a_figure_with_few_decimals_is_given_the_room_that_they_leave() -> None:
    assert list(contradictions({"full": {"uf1": 0.67, "uar": 0.5}}, {})) == []  # 2/3
    assert list(contradictions({"full": {"uf1": 0.6701, "uar": 0.5}}, {})) != []
