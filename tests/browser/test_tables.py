"""What the script adds to a table: sorting, filters, a choice of columns, permanent links, exports."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from merbench.leaderboard.tables import PER_PAGE

RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
RUNS = sorted(RECORDS.glob("*flow-*.json")) + sorted(RECORDS.glob("*majority*.json"))
BOARD = "boards/composite-loso.html"


def column(page, key: str) -> list[str]:
    """What each visible cell of a column begins with, from above; notes and second lines come after it."""
    return page.evaluate(
        """(key) => {
            const heads = [...document.querySelectorAll('#table thead th[data-key]')];
            const place = heads.findIndex((head) => head.dataset.key === key);
            const rows = [...document.querySelectorAll('#table > tbody > tr')].filter((row) => !row.hidden);
            const first = (cell) => cell.firstChild?.nodeName === 'P' ? '' : cell.firstChild?.textContent.trim() ?? '';
            return rows.map((row) => first(row.cells[place]));
        }""",
        key,
    )


def sort_by(page, key: str) -> str:
    head = page.locator(f"#table th[data-key='{key}']")
    head.locator("button").click()
    return head.get_attribute("aria-sort")


def numbers(cells: list[str]) -> list[float]:
    return [float(cell.split()[0]) for cell in cells if cell]


def test_a_column_is_sorted_down_and_up_and_says_so(published, open_page):
    page = open_page(published, BOARD)
    before = column(page, "model")
    assert sort_by(page, "smic-uf1") == "descending"
    down = column(page, "smic-uf1")
    assert numbers(down) == sorted(numbers(down), reverse=True)
    assert sort_by(page, "smic-uf1") == "ascending"
    up = column(page, "smic-uf1")
    assert numbers(up) == sorted(numbers(up))
    assert up[-1] == ""  # what is empty stays at the end, whichever way
    assert page.locator("#table th[aria-sort]").count() == 1
    page.goto((published / BOARD).as_uri() + "#")
    assert column(page, "model") == before


def test_words_are_sorted_as_words(published, open_page):
    page = open_page(published, BOARD)
    assert sort_by(page, "model") == "ascending"
    names = [name.casefold() for name in column(page, "model")]
    assert names == sorted(names)


def test_a_column_is_sorted_with_the_keyboard_alone(published, open_page):
    page = open_page(published, BOARD)
    page.locator("#filter-text").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('th')?.dataset.key") == "accuracy":
            break
    assert page.evaluate("document.activeElement.matches(':focus-visible')")
    page.keyboard.press("Enter")
    assert page.locator("#table th[data-key='accuracy']").get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [("badge", "run here", "badge"), ("badge", "reported", "badge"), ("policy", "last", "policy")],
)
def test_a_filter_keeps_the_rows_of_its_choice_and_counts_them(published, open_page, name, value, key):
    page = open_page(published, BOARD)
    every = column(page, key)
    page.locator(f"#filter-{name}").select_option(value)
    kept = column(page, name)
    assert kept == [one for one in every if one == value]
    assert page.locator("#row-count").inner_text() == f"{len(kept)} of {len(every)} rows"
    assert page.locator("#row-count").get_attribute("aria-live") == "polite"


def test_the_approach_of_a_row_can_be_chosen_and_filters_hold_together(published, open_page):
    page = open_page(published, BOARD)
    page.locator("#filter-approach").select_option("handcrafted")
    page.locator("#filter-badge").select_option("run here")
    found = set(column(page, "model"))
    assert {"Logistic regression on flow", "SVM on flow", "Majority class", "Bi-WOOF"} <= found
    assert not found & {"HTNet", "STSTNet", "RCN-A"}


def ranks(page) -> dict[str, str]:
    """The text of each row's first cell, by its id."""
    script = (
        "() => [...document.querySelectorAll('#table > tbody > tr')].map((row) => [row.id, row.cells[0].innerText])"
    )
    return {name: " ".join(text.replace("#", "").split()) for name, text in page.evaluate(script)}


def test_a_column_of_a_part_shows_the_ranks_of_the_part_that_its_own_page_shows(published, open_page):
    page = open_page(published, BOARD)
    whole = ranks(page)
    sort_by(page, "samm-uf1")
    assert page.locator("#table th[data-key='rank']").inner_text() == "Rank, SAMM"
    shown = ranks(page)
    assert shown == ranks(open_page(published, BOARD.replace(".html", "-samm.html")))
    assert shown != whole
    sort_by(page, "rank")
    assert ranks(page) == whole
    assert list(ranks(page)) == list(whole)


def test_a_column_that_is_the_same_in_every_row_is_shown_when_asked_for(published, open_page):
    name = "boards/casme2-3-unlisted-loso-per-database.html"
    page = open_page(published, name, java_script_enabled=False)
    assert not page.locator("#table th[data-key='badge']").is_visible()
    assert "reported" in page.locator(".same").inner_text()
    page.locator("#same-columns").check()
    assert page.locator("#table th[data-key='badge']").is_visible()
    page = open_page(published, name)
    assert not page.locator("#table th[data-key='badge']").is_visible()
    page.locator("#columns summary").click()
    page.get_by_role("checkbox", name="Badge").check()
    assert page.locator("#table th[data-key='badge']").is_visible()
    page.reload()
    assert page.locator("#table th[data-key='badge']").is_visible()


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_a_board_scrolls_with_its_page_and_its_head_stays(published, open_page, width):
    page = open_page(published, BOARD, viewport={"width": width, "height": 800})
    box = page.locator(".region.table").first
    assert box.evaluate("(one) => getComputedStyle(one).overflow") == "visible"
    assert box.evaluate("(one) => one.firstElementChild.offsetWidth <= one.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    middle = "(row) => row.scrollIntoView({ block: 'center', behavior: 'instant' })"
    page.locator("#table tbody tr").nth(25).evaluate(middle)
    assert 0 <= page.locator("#table thead").bounding_box()["y"] < 5


def test_text_is_looked_for_in_any_case_and_every_word_of_it(published, open_page):
    page = open_page(published, BOARD)
    page.locator("#filter-text").fill("HTNET balanced")
    assert column(page, "model") == ["HTNet"]
    page.locator("#filter-text").fill("flow-lr")  # the name that commands use
    assert set(column(page, "model")) == {"Logistic regression on flow"}
    page.locator("#filter-text").fill("no such model")
    assert column(page, "model") == []
    assert page.locator("#row-count").inner_text().startswith("0 of ")


def test_the_datasets_of_the_newest_records_can_be_filtered(published, open_page):
    page = open_page(published, "records.html")
    assert len(column(page, "model")) == min(PER_PAGE, len(list(RECORDS.glob("*.json"))))
    page.locator("#filter-dataset").select_option("composite")
    assert set(column(page, "dataset")) == {"composite"}


def test_the_view_stands_in_the_address_and_is_there_again_after_a_reload(published, open_page):
    page = open_page(published, BOARD)
    sort_by(page, "accuracy")
    page.locator("#filter-badge").select_option("run here")
    page.locator("#filter-text").fill("flow")
    hidden = page.locator("#columns input").nth(2)
    page.locator("#columns summary").click()
    hidden.uncheck()
    seen = column(page, "model")
    for part in ("sort=accuracy", "dir=down", "badge=run+here", "text=flow", "hide="):
        assert part in page.url
    page.reload()
    assert column(page, "model") == seen
    assert set(seen) == {"SVM on flow", "Logistic regression on flow"}
    assert page.locator("#filter-text").input_value() == "flow"
    assert not page.locator("#columns input").nth(2).is_checked()


def test_the_back_button_brings_the_earlier_view_back(published, open_page):
    page = open_page(published, BOARD, "#badge=run%20here")
    first = column(page, "model")
    page.goto((published / BOARD).as_uri() + "#badge=rescored")
    assert column(page, "model") == ["HTNet", "STSTNet"]
    page.go_back()
    assert column(page, "model") == first


def test_a_column_that_is_not_chosen_is_gone_from_head_and_rows(published, open_page):
    page = open_page(published, BOARD)
    page.locator("#columns summary").click()
    page.get_by_role("checkbox", name="Accuracy").uncheck()
    assert not page.locator("#table th[data-key='accuracy']").is_visible()
    place = page.evaluate("document.querySelector(\"#table th[data-key='accuracy']\").cellIndex")
    assert not page.locator(f"#table tbody tr:first-child > :nth-child({place + 1})").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#columns fieldset").is_visible()


@pytest.mark.parametrize("form", ["#{id}", "#row={id}"])
def test_a_rows_permanent_link_shows_and_marks_it(crowded, crowd, open_page, form):
    row = crowd.boards[0].rows[700]
    page = open_page(crowded, "boards/composite-loso-page4.html", form.format(id=row.id))
    found = page.locator(f"tr[id='{row.id}']")
    assert "target" in found.get_attribute("class")
    assert page.evaluate(
        """(id) => {
            const box = document.getElementById(id).getBoundingClientRect();
            return box.top >= 0 && box.bottom <= innerHeight;
        }""",
        row.id,
    )
    assert page.locator("#table tr.target").count() == 1


def test_the_link_beside_a_rank_makes_that_address(published, open_page):
    page = open_page(published, BOARD)
    link = page.locator("#table tbody tr").nth(2).locator("td:first-child a")
    row = page.locator("#table tbody tr").nth(2).get_attribute("id")
    link.click()
    assert row in page.url
    assert page.locator("#table tr.target").get_attribute("id") == row


def exported(page, name: str) -> str:
    with page.expect_download() as waiting:
        page.locator(f"#export-{name}").click()
    path = waiting.value.path()
    text = path.read_text("utf-8")
    path.unlink()
    return text


@pytest.fixture
def narrowed(published, open_page):
    """The board, narrowed to the three models whose recipe is called `default`, the best last."""
    view = "#badge=run%20here&approach=handcrafted&text=default&sort=full-uf1&dir=up"
    page = open_page(published, BOARD, view, accept_downloads=True)
    assert column(page, "model") == ["Majority class", "SVM on flow", "Logistic regression on flow"]
    return page


def test_the_visible_view_can_be_had_as_csv(narrowed):
    rows = list(csv.DictReader(io.StringIO(exported(narrowed, "csv").removeprefix("\ufeff"))))
    assert [row["Model"] for row in rows] == ["Majority class", "SVM on flow", "Logistic regression on flow"]
    scores = [float(row["full UF1"]) for row in rows]
    assert [round(one, 3) for one in scores] == [0.241, 0.718, 0.722]
    recorded = {json.loads(path.read_text("utf-8"))["scores"]["last"]["full"]["uf1"] for path in RUNS}
    assert set(scores) <= recorded  # every digit


def test_the_visible_view_can_be_had_as_json(narrowed):
    rows = json.loads(exported(narrowed, "json"))
    assert [row["Model"] for row in rows] == ["Majority class", "SVM on flow", "Logistic regression on flow"]


def test_the_visible_view_can_be_had_as_markdown(narrowed):
    lines = [line for line in exported(narrowed, "markdown").splitlines() if line.startswith("|")]
    assert len(lines) == 5
    assert len({line.count("|") for line in lines}) == 1
    assert re.fullmatch(r"[|:\- ]+", lines[1])
    assert "Logistic regression on flow" in lines[4]


def test_the_visible_view_can_be_had_as_latex(narrowed):
    text = exported(narrowed, "latex")
    for word in (r"\begin{tabular}", r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"):
        assert text.count(word) == 1
    body = text.split(r"\midrule")[1].split(r"\bottomrule")[0]
    assert body.count(r"\\") == 3
    assert re.search(r"flow[^&]*& -- & \\textbf\{\.722\} & ", body)


def test_latex_and_markdown_take_hostile_names_for_words(crowded, open_page):
    page = open_page(crowded, BOARD, "#text=0010", accept_downloads=True)
    (name,) = column(page, "model")
    assert "$" in name
    latex, markdown = exported(page, "latex"), exported(page, "markdown")
    assert not re.search(r"(?<!\\)[$%]", latex.split(r"\midrule")[1].split(r"\bottomrule")[0])
    cells = [line for line in markdown.splitlines() if "0010" in line]
    assert len(cells) == 1
    assert len(re.findall(r"(?<!\\)\|", cells[0])) == len(re.findall(r"(?<!\\)\|", markdown.splitlines()[0]))


def test_the_papers_of_the_visible_rows_can_be_had_as_bibtex(published, open_page):
    page = open_page(published, BOARD, "#text=htnet quick", accept_downloads=True)
    text = exported(page, "bibtex")
    assert text.count("@") >= 1
    assert "author = {Wang and Zhang and Luo and Sankaranarayana}" in text
    assert "title = {{HTNet for micro-expression recognition}}" in text
    assert text.count("{") == text.count("}")
    assert "STSTNet" not in text


def test_a_cell_cannot_become_a_formula_of_a_spreadsheet(crowded, open_page):
    page = open_page(crowded, BOARD, "#text=net", accept_downloads=True)
    for row in csv.reader(io.StringIO(exported(page, "csv").removeprefix("\ufeff"))):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t"))
            assert not re.match(r"[+-](?![\d.])", cell)
