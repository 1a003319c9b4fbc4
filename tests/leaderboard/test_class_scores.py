"""The figures of class scores on the page of an entry, and the picture of reliability."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from merbench.leaderboard.about import About
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.class_scores import ClassScoreFigures, class_scores, mean_scores
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.entry_page import entry_page
from merbench.leaderboard.reliability_chart import reliability_chart
from merbench.runs.schema import PolicyPrediction, Prediction


def prediction(clip: str, truth: int, scores: list[float]) -> Prediction:
    answer = PolicyPrediction(predicted=scores.index(max(scores)) if scores else 0, scores=scores)
    return Prediction(clip=clip, fold="a", truth=truth, policies={"last": answer})


ROWS = [
    prediction("smic/s1/a", 0, [0.9, 0.1]),
    prediction("smic/s1/b", 1, [0.6, 0.4]),
    prediction("samm/s2/a", 1, [0.2, 0.8]),
]


def test_each_part_has_its_figures():
    found = class_scores(ROWS, "last", ["full", "smic", "samm", "casme2"])
    assert [*found] == ["full", "smic", "samm"]
    assert (found["full"].clips, found["full"].auc) == (3, 1.0)
    # .9, .8 right and .6 wrong, each alone in its bin.
    assert found["full"].error == pytest.approx((0.1 + 0.2 + 0.6) / 3)
    assert found["samm"].auc is None  # one class only


def test_decision_values_have_a_ranking_and_no_likelihood():
    found = class_scores(
        [prediction("smic/s1/a", 0, [2.0, -1.0]), prediction("smic/s1/b", 1, [0.1, 0.3])], "last", ["full"]
    )
    assert found == {"full": ClassScoreFigures(2, 1.0)}


def test_predictions_without_scores_have_no_figures():
    assert class_scores([*ROWS, prediction("samm/s2/b", 1, [])], "last", ["full"]) == {}


def test_the_figures_of_seeds_are_averaged():
    one, two = {"full": ClassScoreFigures(3, 0.8, 0.5, 0.1)}, {"full": ClassScoreFigures(3, 0.6, 0.7, 0.3)}
    found = mean_scores([one, two])
    assert found is not None
    assert (found.auc, found.likelihood, found.error) == pytest.approx((0.7, 0.6, 0.2))
    assert mean_scores([one, {}]) is None
    mixed = mean_scores([one, {"full": ClassScoreFigures(3, 0.6)}])
    assert mixed is not None
    assert mixed.likelihood is None


@pytest.fixture(scope="module")
def content(make_record, registry):
    entry = make_entry(make_record("net", accuracy=0.8), registry)
    (board,) = make_site([entry], (), registry).boards
    return entry, entry_page(entry, board.rows[0], About(), "board", "", "")


def test_the_page_of_an_entry_shows_them(content):
    entry, page = content
    parts = [line[0] for line in page["class_scores"]]
    assert parts[0] == "full"
    assert len(parts) == 4
    # Every probability of a predicted class is .5, so there is one bin.
    (one,) = entry.class_scores["full"].bins
    assert (one.clips, one.confidence) == (442, 0.5)
    assert entry.class_scores["full"].error == pytest.approx(one.right - 0.5)


def test_the_picture_says_in_words_what_it_shows(content):
    _entry, page = content
    root = ElementTree.fromstring(page["reliability"])
    about = root.find("{http://www.w3.org/2000/svg}desc")
    assert about is not None
    assert about.text is not None
    assert "Mean confidence 0.50" in about.text
    assert "of 442 clips are right" in about.text
    assert root.get("role") == "img"


def test_predictions_that_were_handed_in_without_scores_have_no_picture(make_record, registry):
    entry = make_entry(make_record("net", declared="last"), registry)
    assert entry.class_scores == {}
    assert reliability_chart(entry) == ""
