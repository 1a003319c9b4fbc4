"""The first page: the finding, who leads, and the pictures."""

from __future__ import annotations

import html
import re

import pytest

from merbench.leaderboard import pictures
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.compare import compare_rows
from merbench.leaderboard.front import DOZEN, _years_about, front_of
from merbench.leaderboard.pages import render
from merbench.leaderboard.wording import figure


@pytest.fixture
def dated(figures):
    """The reported figures, of a method that was first published in 2015."""
    return [one.model_copy(update={"first_published": 2015}) for one in figures]


@pytest.fixture
def board(entry_of, make_record, dated, registry):
    nets = [make_record(f"net{n}", accuracy=0.8, draw=n, seed=seed) for n in range(14) for seed in range(1 + n % 2)]
    weak = make_record("flow-lr", kind="estimator", recipe="default", settings={}, accuracy=0.4)
    handed = make_record("Paper's net", declared="last", accuracy=0.7, draw=3)
    return make_site(map(entry_of, [*nets, weak, handed]), dated, registry).boards[0]


@pytest.fixture
def front(board):
    return front_of(board, compare_rows(board))


@pytest.fixture
def site_page(entry_of, make_record, registry):
    return dict(render(make_site([entry_of(make_record())], (), registry)))["index.html"]


def test_who_leads_lists_a_dozen_models_each_by_its_best_row(front, board) -> None:
    shown = [one.row for one in front.leaders]
    assert len(shown) == DOZEN == len({row.model for row in shown})
    assert [row.rank for row in shown] == sorted(row.rank for row in shown)


def test_who_leads_explains_each_mark_and_says_what_ran_in_each_strip(front, site_page) -> None:
    caption = re.sub(r"<[^>]+>", "", site_page.split('<table class="leads">')[1].split("</caption>")[0])
    for mark in ("honest", "shortened or with own settings", "reported", "test-selected"):
        assert mark in caption
    for one in front.leaders:
        assert f"({html.escape(one.row.ran)})" in one.wide
        assert f"({html.escape(one.row.ran)})" in one.narrow


def test_each_picture_has_a_narrow_variant_with_ids_of_its_own(front) -> None:
    drawn = [text for one in front.pictures for text in (one.wide, one.narrow)]
    ids = re.findall(r' id="([^"]+)"', "".join([front.years.wide, front.years.narrow, *drawn]))
    assert len(ids) == len(set(ids))
    widths = [float(re.search(r'<svg[^>]* width="([\d.]+)"', one.narrow)[1]) for one in front.pictures]
    assert max(widths) <= 358


def test_a_row_is_drawn_as_beaten_only_if_its_paired_test_says_so(front, board) -> None:
    (duels,) = [one for one in front.pictures if one.heading == "Who beats whom"]
    data = compare_rows(board)
    weak = [row[1] for row in data["rows"]].index("Logistic regression on flow (default)")
    beaten = sum(
        pair[0] < 0.05 for pair, (a, b) in zip(data["pairs"], _pairs(len(data["rows"])), strict=True) if weak in (a, b)
    )
    assert beaten >= 10
    assert re.search(r"Logistic regression on flow \(baseline[^)]*\) beats 0\.", duels.wide)
    won = sum(int(one) for one in re.findall(r"beats (\d+)\.", duels.wide))
    assert won == sum(pair[0] < 0.05 for pair in data["pairs"])


def _pairs(total: int):
    return [(a, b) for a in range(total) for b in range(a + 1, total)]


def test_the_clips_that_no_leading_row_solves_are_named(front, board) -> None:
    (hard,) = [one for one in front.pictures if one.heading == "How hard the clips are"]
    assert f"{front.unsolved_total} by none" in hard.about
    assert len(front.unsolved) == min(front.unsolved_total, 100)
    order = ["smic", "casme2", "samm"]
    assert list(front.unsolved) == sorted(front.unsolved, key=lambda clip: (order.index(clip.split("/")[0]), clip))


def test_a_method_is_compared_with_the_highest_figure_that_a_paper_reports(front, board) -> None:
    (diagonal,) = [one for one in front.pictures if one.heading == "Reported against honest"]
    run = next(row for row in board.ranked if row.model == "Paper's net")
    reported = max(row.uf1.value for row in board.rows if row.badge == "reported" and row.model == "Paper's net")
    assert f"Paper&#x27;s net (rescored): reported {figure(reported)}, here {figure(run.uf1.value)}." in diagonal.wide


def test_a_figure_stands_at_the_year_of_its_method_never_at_that_of_a_paper_that_quotes_it(dated, registry) -> None:
    unknown = [one.model_copy(update={"method": "Net II", "first_published": None}) for one in dated]
    (board,) = make_site([], [*dated, *unknown], registry).boards
    assert "Paper&#x27;s net, 2015: .900." in pictures.years(board)
    assert "Net II" not in pictures.years(board)
    assert "Left out, for that year is not known: Net II." in _years_about(board)


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_of_years_names_the_highest_figure_and_both_bands(dated, board, narrow) -> None:
    drawn = pictures.years(board, narrow=narrow)
    words = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    highest = max((row for row in board.rows if row.badge == "reported"), key=lambda row: row.uf1.value)
    assert any(highest.model in html.unescape(one) for one in words)
    assert {"epoch chosen", "on the test subject", "band: 95 % interval"} <= set(words)


def test_equal_figures_of_a_year_are_one_point_with_both_names(dated, registry) -> None:
    variants = [one.model_copy(update={"method": "Net II"}) for one in dated]
    (board,) = make_site([], [*dated, *variants], registry).boards
    assert "Net II, Paper&#x27;s net, 2015: .900." in pictures.years(board)


def test_a_board_of_papers_alone_has_no_first_screen_but_is_listed_as_untested(figures, registry) -> None:
    pages = dict(render(make_site((), figures, registry)))
    assert "This board has no runs yet." in pages["index.html"]
    assert "What papers report, untested" in pages["index.html"]
    assert "MEGC2019 composite, leave one subject out" in pages["index.html"]


def test_rows_of_one_board_with_one_run_have_a_first_screen_too(entry_of, make_record, registry) -> None:
    (board,) = make_site([entry_of(make_record(oracle=None))], (), registry).boards
    front = front_of(board, compare_rows(board))
    assert front.years is None
    assert [one.heading for one in front.pictures] == ["How hard the clips are", "The hardest subjects"]


def test_names_of_rows_are_escaped_in_every_picture(entry_of, make_record, registry) -> None:
    nasty = "<script>alert(1)</script>\u202e"
    records = [make_record(f"{nasty}{n}", declared="last", draw=n) for n in range(3)]
    pages = dict(render(make_site(map(entry_of, records), (), registry)))
    assert "<script>alert" not in pages["index.html"]
    assert "\u202e" not in pages["index.html"]


def test_the_first_page_counts_the_verdicts_on_papers_and_lists_those_that_are_proven(
    entry_of, make_record, figures, registry
) -> None:
    site = make_site([entry_of(make_record())], figures, registry)
    page = dict(render(site))["index.html"]
    assert 'href="papers.html#cannot-be-tested">cannot be tested</a> <span>1</span>' in page
    assert "Paper's net" not in page.split('id="papers"')[1].split("</table>")[0]
