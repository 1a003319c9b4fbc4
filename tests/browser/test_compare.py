"""Two rows side by side: how far apart they are, and on which clips they disagree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench.runs.record import read_record
from merbench.runs.scoring import count
from merbench.scores import compare_confusions

ROOT = Path(__file__).parents[2]
COMPARE = "boards/composite-loso-compare.html"
NAMES = {
    "flow-lr": "Logistic regression on flow",
    "htnet": "HTNet",
    "full": "all clips",
    "smic": "SMIC-HS",
    "casme2": "CASME II",
    "samm": "SAMM",
}


@pytest.fixture(scope="module")
def records():
    """(model, recipe) -> its records by seed, of the board that is compared."""
    found: dict[tuple[str, str], list] = {}
    for one in map(read_record, sorted((ROOT / "leaderboards" / "records").glob("*.json"))):
        plan = one.plan
        if plan.kind != "rescored" and plan.dataset == "composite" and plan.protocol in ("composite", "loso"):
            found.setdefault((one.plan.model, one.plan.recipe), []).append(one)
    return {key: sorted(some, key=lambda one: one.plan.seed) for key, some in found.items()}


def number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.fixture
def compared(published, open_page):
    """The comparison of two rows, chosen in the page by name."""

    def choose(first: str, second: str):
        page = open_page(published, COMPARE)
        for name, label in (("a", first), ("b", second)):
            page.locator(f"#compare-{name}").select_option(label=label)
        return page

    return choose


def rows_of(page) -> dict[tuple[str, str], list[str]]:
    cells = [row.locator("th, td").all_inner_texts() for row in page.locator("#compare-result tbody tr").all()]
    return {(one[0], one[1]): one[2:] for one in cells}


@pytest.mark.parametrize(
    ("first", "second"),
    [(("flow-lr", "default"), ("htnet", "quick-balanced")), (("htnet", "quick-balanced"), ("flow-lr", "default"))],
)
def test_the_page_shows_the_paired_test_of_the_records_whichever_row_comes_first(compared, records, first, second):
    shown = rows_of(compared(*(f"{NAMES[model]} ({recipe})" for model, recipe in (first, second))))
    counts = [[count(one) for one in records[key]] for key in (first, second)]
    for part in counts[0][0].parts:
        a, b = (np.stack([one.of(part).confusions["last"] for one in seeds]) for seeds in counts)
        for metric in ("uf1", "uar"):
            wanted = compare_confusions(a, b, metric=metric)
            cells = shown[NAMES[part], metric.upper()]
            assert number(cells[2]) == pytest.approx(wanted.difference, abs=6e-4)
            assert [number(end) for end in cells[3].split(" to ")] == pytest.approx(wanted.interval, abs=6e-4)
            if (part, metric) == ("full", "uf1"):
                assert number(cells[4]) == pytest.approx(wanted.p_value, abs=6e-4)


def test_the_clips_are_those_on_which_the_records_disagree(compared, records):
    page = compared("SVM on flow (default)", "HTNet (quick-balanced)")
    answers = [
        {one.clip: one.policies["last"].predicted for one in records[key][0].predictions}
        for key in (("flow-svm", "default"), ("htnet", "quick-balanced"))
    ]
    wanted = {clip for clip in answers[0] if answers[0][clip] != answers[1][clip]}
    assert set(page.locator("#compare-clips tbody tr > :first-child").all_inner_texts()) == wanted
    assert f"{len(wanted)} of 442" in page.locator("#compare-clips").inner_text()


def test_the_chosen_rows_are_in_the_address(compared, published, open_page):
    page = compared("HTNet (quick-balanced)", "Logistic regression on flow (default)")
    again = open_page(published, COMPARE, "#" + page.url.split("#")[1])
    assert rows_of(again) == rows_of(page)


def test_a_row_compared_with_itself_differs_nowhere(compared):
    page = compared("Logistic regression on flow (default)", "Logistic regression on flow (default)")
    assert all(number(cells[2]) == 0 for cells in rows_of(page).values())


def test_the_page_of_an_entry_leads_to_the_comparison_of_its_row(published, open_page, records):
    (record,) = records["flow-lr", "default"]
    page = open_page(published, f"entries/{record.id[:12]}.html")
    page.get_by_role("link", name="Compare with another row").click()
    assert page.locator("#compare-a option:checked").inner_text() == "Logistic regression on flow (default)"


def test_an_address_that_names_no_row_does_no_harm(published, open_page):
    page = open_page(published, COMPARE, "#a=<script>&b=nothing")
    assert page.locator("#compare-a").input_value()
