"""Two entries side by side: how far apart they are, and on which clips they disagree."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.runs.record import read_record
from merbench.runs.scoring import count, score_counts
from merbench.scores import compare_confusions

ROOT = Path(__file__).parents[2]
COMPARE = "boards/composite-loso-compare.html"


@pytest.fixture(scope="module")
def records():
    """model -> one of its records."""
    found = map(read_record, sorted((ROOT / "leaderboards" / "records").glob("*.json")))
    return {one.plan.model: one for one in found if one.plan.kind != "rescored"}


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.fixture
def compared(published, open_page, records):
    """The comparison of two models, chosen in the page."""

    def choose(first: str, second: str):
        page = open_page(published, COMPARE)
        for name, model in (("a", first), ("b", second)):
            page.locator(f"#compare-{name}").select_option(value=records[model].id[:12])
        return page

    return choose


def rows_of(page) -> dict[tuple[str, str], list[str]]:
    cells = [row.locator("th, td").all_inner_texts() for row in page.locator("#compare-result tbody tr").all()]
    return {(one[0], one[1]): one[2:] for one in cells}


def test_the_differences_are_those_that_the_records_give(compared, records):
    page = compared("flow-lr", "htnet")
    shown = rows_of(page)
    a, b = (score_counts(count(records[model]), records[model].plan.classes)["last"] for model in ("flow-lr", "htnet"))
    assert {part for part, _ in shown} == set(a)
    for part in a:
        for metric in ("uf1", "uar"):
            cells = shown[part, metric.upper()]
            wanted = [getattr(a[part], metric), getattr(b[part], metric)]
            assert [number(cell) for cell in cells[:2]] == pytest.approx(wanted, abs=5e-4)
            assert number(cells[2]) == pytest.approx(wanted[0] - wanted[1], abs=6e-4)


def test_the_interval_is_that_of_the_paired_test_but_for_the_draws(compared, records):
    page = compared("flow-lr", "htnet")
    counts = [count(records[model]).confusions["last"][None] for model in ("flow-lr", "htnet")]
    low, high = compare_confusions(*counts).interval
    told = [number(end) for end in rows_of(page)["full", "UF1"][3].split(" to ")]
    assert told == pytest.approx([low, high], abs=0.012)  # 4,000 draws, and others than merbench's


def test_the_clips_are_those_on_which_the_records_disagree(compared, records):
    page = compared("flow-svm", "ststnet")
    answers = [
        {one.clip: one.policies["last"].predicted for one in records[model].predictions}
        for model in ("flow-svm", "ststnet")
    ]
    wanted = {clip for clip in answers[0] if answers[0][clip] != answers[1][clip]}
    assert set(page.locator("#compare-clips tbody tr > :first-child").all_inner_texts()) == wanted
    assert f"{len(wanted)} of 442" in page.locator("#compare-clips").inner_text()


def test_the_two_that_were_chosen_stand_in_the_address(compared, published, open_page):
    page = compared("majority", "flow-lr")
    before = rows_of(page)
    again = open_page(published, COMPARE, "#" + page.url.split("#")[1])
    assert rows_of(again) == before


def test_an_entry_compared_with_itself_differs_nowhere(compared):
    page = compared("flow-lr", "flow-lr")
    assert all(number(cells[2]) == 0 for cells in rows_of(page).values())


def test_an_address_that_names_no_entry_does_no_harm(published, open_page):
    page = open_page(published, COMPARE, "#a=<script>&b=nothing")
    assert page.locator("#compare-a").input_value()
