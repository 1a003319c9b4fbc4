"""What the page of an entry says of training that was not the engine's alone."""

from __future__ import annotations

import pytest

from merbench.leaderboard.about import About
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.entry_page import entry_page

USED = {
    "dataset": "others",
    "databases": ["casme3"],
    "clips": 80,
    "subjects": 16,
    "features": ["flow-28"],
    **dict.fromkeys(("clips_digest", "labels_digest", "data_digest"), "0" * 64),
}


@pytest.fixture
def page(make_record, registry):
    def of(**plan):
        entry = make_entry(make_record("net", **plan), registry)
        (board,) = make_site([entry], (), registry).boards
        return entry_page(entry, board.rows[0], About(), "board", "", "")

    return of


@pytest.mark.parametrize(
    ("plan", "story"),
    [
        ({}, "trained and tested by this project."),
        ({"training_loss": "my_net:loss"}, "trained with its author's own loss, and tested by this project."),
        ({"kind": "fit", "settings": {}}, "trained by its author's own loop, and tested by this project."),
    ],
)
def test_a_page_says_whose_training_it_was(plan, story, page) -> None:
    assert page(**plan)["story"] == story


def test_a_page_names_the_loss_and_what_a_fit_pre_trained_on(page) -> None:
    plain, own, fit = page(), page(training_loss="my_net:loss"), page(kind="fit", settings={}, pretraining=[USED])
    assert ("training loss", "my_net:loss") in own["settings"]
    assert ("pre-training / dataset", "others") in fit["settings"]
    assert ("pre-training / subjects", "16") in fit["settings"]
    assert "--epoch-policy last" in " ".join(fit["command"].split())
    assert not [name for name, _ in plain["settings"] if "training" in name]
