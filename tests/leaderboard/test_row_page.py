"""The page of a row: the mean of its seeds, its ranks and tests, and what to cite."""

from __future__ import annotations

import re

import pytest

from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.pages import render
from merbench.leaderboard.wording import figure


@pytest.fixture(scope="module")
def site(make_record, registry):
    records = [
        *(make_record("seeds", accuracy=0.8, draw=seed, seed=seed) for seed in (0, 1, 2)),
        make_record("single", accuracy=0.5, draw=7),
        make_record("partial", clips=400, seed=0),
        make_record("partial", clips=400, seed=1),
        make_record("<b>x</b>", draw=1, seed=0, recipe="</script>"),
        make_record("<b>x</b>", draw=2, seed=1, recipe="</script>"),
    ]
    return make_site([make_entry(record, registry) for record in records], (), registry)


@pytest.fixture(scope="module")
def pages(site):
    return dict(render(site))


@pytest.fixture(scope="module")
def row(site):
    return next(row for row in site.boards[0].rows if row.model == "seeds")


def test_a_row_of_several_seeds_has_a_page_with_its_mean_and_every_seed(pages, row):
    text = pages[f"rows/{row.id}.html"]
    assert figure(row.uf1.value) in text
    for entry in row.entries:
        assert f'href="../entries/{entry.id}.html"' in text
        assert figure(entry.figures["last"]["full"]["uf1"].value) in text


def test_a_row_of_one_seed_has_the_page_of_its_entry(pages, site):
    (single,) = [row for row in site.boards[0].rows if row.model == "single"]
    assert single.page == f"entries/{single.entries[0].id}.html"
    assert single.page in pages
    assert f"rows/{single.id}.html" not in pages


def test_the_name_of_a_row_on_its_board_leads_to_the_page_with_the_same_score(pages, row):
    line = next(one for one in pages["boards/composite-loso.html"].splitlines() if one.startswith(f"<tr id={row.id}"))
    assert f"href=../rows/{row.id}.html" in line
    assert f"<td>{figure(row.uf1.value)}" in line


def test_the_page_has_the_rank_and_the_test_of_every_part(pages, row):
    table = pages[f"rows/{row.id}.html"].split('id="ranks"')[1].split("</table>")[0]
    links = re.findall(r'href="\.\./(boards/[^"]+)"', table)
    assert links == [f"boards/composite-loso{end}.html" for end in ("", "-smic", "-casme2", "-samm")]


def test_the_page_cites_the_row(pages, row):
    assert f"@misc{{merbench-row-{row.id}," in pages[f"rows/{row.id}.html"]


def test_the_pages_of_the_seeds_lead_up_to_the_row(pages, row):
    for entry in row.entries:
        assert f'href="../{row.page}"' in pages[f"entries/{entry.id}.html"]


def test_a_row_that_is_not_ranked_has_a_page_that_says_why(pages, site):
    ((partial,),) = site.boards[0].incomplete
    assert "Not ranked: covers 400 of 442 clips." in pages[partial.page]


def test_hostile_names_are_words_on_the_page(pages, site):
    (hostile,) = [row for row in site.boards[0].rows if row.model.startswith("<b>")]
    assert "<b>x</b>" not in pages[hostile.page]
    assert "&lt;b&gt;x&lt;/b&gt;" in pages[hostile.page]
