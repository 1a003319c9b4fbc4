"""The parts of a dataset stand in one order, whatever the order in a record: that in which the dataset names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from merbench.cli.report import print_record, print_seeds
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.pages import render

ORDER = ["smic", "casme2", "samm"]
NAMES = ["SMIC-HS", "CASME II", "SAMM"]


def in_order(names: list[str], text: str) -> list[str]:
    """The names in the order in which a text has each of them first."""
    return sorted(names, key=lambda name: text.index(name))


@pytest.fixture(scope="module")
def backwards(make_record):
    """Records of the composite whose clips, and so whose parts, stand in another order than the dataset's."""
    records = [make_record("a", seed=seed, draw=seed) for seed in (0, 1)]
    return [one.model_copy(update={"predictions": one.predictions[::-1]}) for one in records]


def test_every_page_lists_the_parts_in_the_order_of_the_dataset(backwards, registry):
    pages = dict(render(make_site([make_entry(one, registry) for one in backwards], (), registry)))
    board = pages["boards/composite-loso.html"]
    assert re.findall(r'data-key="(\w+)-uf1"', board) == ["full", *ORDER]
    assert in_order(NAMES, board.split('class="tabs"')[1]) == NAMES
    assert in_order(NAMES, board.split('id="chart-subjects-composite-loso-title"')[1].split("</desc>")[1]) == NAMES
    assert re.findall(r'data-key="(\w+)-uf1"', pages["boards/composite-loso-samm.html"]) == [
        "samm", "full", "smic", "casme2",
    ]  # fmt: skip
    assert in_order(NAMES, pages["boards/composite-loso.js"].split("toprule")[1]) == NAMES
    row = next(text for name, text in pages.items() if name.startswith("rows/"))
    assert in_order(NAMES, row.split("<tbody>")[0].split("</svg>")[-1]) == NAMES
    entry = next(text for name, text in pages.items() if name.startswith("entries/"))
    assert in_order(ORDER, entry.split('id="scores"')[1]) == ORDER
    assert in_order(ORDER, entry.split('id="confusion"')[1]) == ORDER


def test_the_terminal_lists_the_parts_in_the_order_of_the_dataset(backwards, registry, capsys):
    print_record(backwards[0], Path("record.json"), registry)
    assert in_order(ORDER, capsys.readouterr().out) == ORDER
    print_seeds(backwards, registry)
    assert in_order(ORDER, capsys.readouterr().out) == ORDER
