"""Boards that train on one database each: which become a table, its figures, and the page."""

from __future__ import annotations

import re

import pytest

from merbench.leaderboard.boards import make_site
from merbench.leaderboard.pages import render
from merbench.leaderboard.transfer import transfers_of
from merbench.leaderboard.wording import figure

DATABASES = ("smic", "casme2", "samm")


@pytest.fixture
def site_of(entry_of, registry):
    return lambda *records: make_site(map(entry_of, records), (), registry)


@pytest.fixture
def from_each(make_record):
    """The records of a model that was trained on each database; more right answers give a better score."""

    def made(model: str, accuracy: float, databases=DATABASES, **plan):
        return [
            make_record(model, dataset="composite", protocol=f"from-{one}", accuracy=accuracy, draw=place, **plan)
            for place, one in enumerate(databases)
        ]

    return made


def test_the_boards_of_all_databases_are_one_table_with_the_best_row_first(site_of, from_each, make_record) -> None:
    records = [*from_each("weak", 0.6), *from_each("strong", 0.9), make_record("elsewhere", dataset="composite")]
    (found,) = transfers_of(site_of(*records).boards)
    assert found.databases == DATABASES
    assert [one.name for one in found.carried] == ["strong, quick", "weak, quick"]


def test_a_cell_is_the_score_on_the_part_and_the_picture_has_their_medians(site_of, from_each) -> None:
    site = site_of(*from_each("a", 0.6), *from_each("b", 0.9))
    (found,) = transfers_of(site.boards)
    for place, source in enumerate(DATABASES):
        (board,) = [one for one in site.boards if one.protocol == f"from-{source}"]
        for target in DATABASES:
            printed = {row.model: row.figures[target]["uf1"].value for row in board.rows}
            assert [one.uf1(place, target) for one in found.carried] == [printed["b"], printed["a"]]
            assert found.middle(place, target) == pytest.approx((printed["a"] + printed["b"]) / 2)
            names = found.names[place], found.names[DATABASES.index(target)]
            assert f"From {names[0]} to {names[1]}: {figure(found.middle(place, target))}." in found.picture


def test_a_row_that_did_not_run_on_every_board_is_left_out(site_of, from_each) -> None:
    records = [*from_each("whole", 0.8), *from_each("part", 0.9, ("smic", "samm"))]
    (found,) = transfers_of(site_of(*records).boards)
    assert [one.name for one in found.carried] == ["whole, quick"]
    assert "whole, quick has a UF1 of" in found.finding


@pytest.mark.parametrize(
    "records", [{"databases": ("smic", "casme2")}, {"features": []}], ids=["a board is missing", "sees nothing"]
)
def test_without_a_row_on_every_board_there_is_no_page_and_no_link(site_of, from_each, records) -> None:
    files = dict(render(site_of(*from_each("net", 0.8, **records))))
    assert "transfer.html" not in files
    assert not any("transfer.html" in text for text in files.values())


def test_the_page_has_every_score_in_the_order_of_its_heads_and_is_linked(site_of, from_each) -> None:
    site = site_of(*from_each("net", 0.8))
    files, (found,) = dict(render(site)), transfers_of(site.boards)
    (row,) = re.findall(r'<tr><th scope="row">.*', files["transfer.html"])
    wanted = [figure(found.carried[0].uf1(place, part)) for place in range(3) for part in DATABASES]
    assert re.findall(r">(\.\d+|1\.000)<", row + "<") == wanted
    assert 'href="transfer.html"' in files["index.html"]
    assert found.finding in files["transfer.html"]


def test_hostile_names_are_escaped(site_of, from_each) -> None:
    page = dict(render(site_of(*from_each("<script>alert(1)</script>\u202e", 0.8))))["transfer.html"]
    assert "<script>alert" not in page
    assert "\u202e" not in page
