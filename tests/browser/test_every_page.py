"""What holds on every page: it is quiet, offline, complete, fits a phone, and is accessible in both themes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from merbench.leaderboard.wording import without_controls

KINDS = [
    "index",
    "records",
    "board",
    "part",
    "row",
    "board without runs",
    "compare",
    "entry",
    "entry handed in",
    "extractions",
    "reported",
    "papers",
    "about",
    "scores",
]
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
PHONE = {"width": 390, "height": 844}
COLOURS = {"runOnly": {"type": "tag", "values": ["cat.color"]}}
BUT_COLOURS = {"rules": {"color-contrast": {"enabled": False}}}  # of a phone, on which they are those of a wide page
ROWS_SEEN = 20  # rows of a table are made alike


def page_of(site: Path, kind: str) -> str:
    """A page of this kind."""
    entries = {path.name: path.read_text("utf-8") for path in sorted((site / "entries").glob("*.html"))}
    named = {
        "board": "boards/composite-loso.html",
        "board without runs": "boards/smic-3-loso-per-database.html",
        "part": "boards/composite-loso-samm.html",
        "row": f"rows/{min((path.name for path in site.glob('rows/*.html')), default='')}",
        "compare": "boards/composite-loso-compare.html",
        "entry": next(f"entries/{name}" for name, text in entries.items() if "Training loss" in text),
        "entry handed in": next(
            (f"entries/{name}" for name, text in entries.items() if "nothing was run here" in text), ""
        ),
    }
    return named.get(kind, f"{kind}.html")


def all_pages(site: Path) -> list[str]:
    return sorted(str(path.relative_to(site)) for path in site.rglob("*.html"))


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_to_mend_in_either_theme(published, open_page, axe, kind):
    page = open_page(published, page_of(published, kind), color_scheme="light", bypass_csp=True)
    assert violations(page, axe) == []
    page.emulate_media(color_scheme="dark")
    assert brightness(page) < 128
    assert found_by_axe(page, COLOURS) == []


@pytest.mark.parametrize("kind", ["index", "board", "entry"])
def test_axe_finds_nothing_to_mend_where_names_are_hostile(crowded, open_page, axe, kind):
    page = open_page(crowded, page_of(crowded, kind), color_scheme="dark", bypass_csp=True)
    assert violations(page, axe) == []


@pytest.mark.parametrize("kind", ["index", "records", "board", "compare", "entry", "extractions", "reported", "papers"])
def test_axe_finds_nothing_to_mend_on_a_phone(published, open_page, axe, kind):
    page = open_page(published, page_of(published, kind), viewport=PHONE, bypass_csp=True)
    assert violations(page, axe, BUT_COLOURS) == []


SHADES = """() => [...Array(11).keys()].map((level) => {
    const mark = document.createElementNS('http://www.w3.org/2000/svg', 'text');
    mark.setAttribute('class', `chart-fill${level}`);
    document.querySelector('svg.chart').append(mark);
    return Number(getComputedStyle(mark).color.match(/oklab\\(([\\d.]+)/)[1]);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shades_of_a_heat_map_are_even_steps_of_lightness(published, open_page, scheme):
    page = open_page(published, page_of(published, "board"), color_scheme=scheme)
    levels = page.evaluate(SHADES)
    steps = [abs(after - before) for before, after in itertools.pairwise(levels)]
    assert len({round(step, 3) for step in steps}) == 1


@pytest.mark.parametrize("kind", ["board", "part", "row"])
def test_a_picture_on_a_phone_is_drawn_for_it_and_its_text_can_be_read(published, open_page, kind):
    page = open_page(published, page_of(published, kind), viewport=PHONE)
    texts = page.locator("svg.chart text:visible")
    assert texts.count() > 10
    sizes = texts.evaluate_all(
        "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(sizes) >= 11


def violations(page, axe: str, options: dict[str, object] | None = None) -> list[str]:
    """What axe-core finds, with everything opened that can be; of a long table it sees the first rows."""
    page.evaluate(OPENED)
    page.evaluate(
        "(most) => document.querySelectorAll(`tbody tr:nth-child(n + ${most})`).forEach((one) => one.remove())",
        ROWS_SEEN + 1,
    )
    page.evaluate(axe)
    return found_by_axe(page, options or {})


def found_by_axe(page, options) -> list[str]:
    found = page.evaluate("(options) => axe.run(document, { preload: false, ...options })", options)
    assert found["passes"]
    return [
        f"{one['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


SCROLLS = """() => [...document.querySelectorAll('main *')]
    .filter((one) => one.scrollWidth > one.clientWidth && ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
    .map((one) => one.getAttribute('aria-label') ?? one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("which", ["published", "crowded"])
def test_every_page_asks_for_files_alone_without_complaint_and_fits_a_phone_without_a_box_that_scrolls_sideways(
    which, open_page, watch, request
):
    site = request.getfixturevalue(which)
    page = open_page(site, "index.html", viewport=PHONE)
    for name in all_pages(site):
        page.goto((site / name).as_uri())
        page.evaluate(OPENED)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        assert page.evaluate(SCROLLS) == [], name
    assert not watch.complaints
    assert len(watch.requests) > len(all_pages(site))


@pytest.mark.parametrize("width", [600, 768, 1024, 1100, 1440])
def test_the_list_of_columns_stays_on_the_page_at_any_width(published, open_page, width):
    page = open_page(published, "reported.html", viewport={"width": width, "height": 900})
    page.locator("#columns summary").click()
    page.locator("#columns input").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_policy_of_a_page_refuses_a_script_that_is_not_its_own(browser, published):
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto((published / "index.html").as_uri())
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))"
    )
    assert page.evaluate("window.ran ?? 0") == 0
    context.close()
    assert any("Content Security Policy" in text for text in complaints)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_theme_follows_the_system(published, open_page, scheme):
    page = open_page(published, "index.html", color_scheme=scheme)
    assert (brightness(page) > 128) == (scheme == "light")


def test_the_button_goes_from_the_system_to_light_to_dark_and_back(published, open_page):
    page = open_page(published, "index.html", color_scheme="dark")
    seen = []
    for _ in range(4):
        seen.append((page.locator("#theme").inner_text(), brightness(page) > 128))
        page.locator("#theme").click()
    assert seen == [
        ("Theme: as the system", False), ("Theme: light", True), ("Theme: dark", False), ("Theme: as the system", False)
    ]  # fmt: skip


def test_a_chosen_theme_holds_on_the_next_page(published, open_page):
    page = open_page(published, "index.html", color_scheme="light")
    page.locator("#theme").click()
    page.locator("#theme").click()
    page.goto((published / "scores.html").as_uri())
    assert brightness(page) < 128
    assert page.locator("#theme").inner_text() == "Theme: dark"


def brightness(page) -> float:
    """Of the page's background, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    numbers = [float(number) for number in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    return sum(numbers) / 3


@pytest.mark.parametrize("kind", ["records", "board", "reported"])
def test_a_table_is_complete_without_javascript(published, open_page, kind):
    name = page_of(published, kind)
    page = open_page(published, name, java_script_enabled=False)
    rows = page.locator("#table > tbody > tr")
    with_script = open_page(published, name)
    assert rows.count() == with_script.locator("#table > tbody > tr").count() > 0
    assert page.locator("#row-count").inner_text() == f"{rows.count()} rows"
    assert all(row.is_visible() for row in rows.all()[:20])
    assert not page.locator("form.tools").is_visible()
    assert not page.locator("#theme").is_visible()


def test_the_comparison_with_the_best_stands_without_javascript(published, open_page):
    page = open_page(published, page_of(published, "compare"), java_script_enabled=False)
    assert page.locator("table.against tbody tr").count() > 1
    assert not page.locator("form.pair").is_visible()
    assert "needs no JavaScript" in page.locator("#compare-result").inner_text()


@pytest.mark.parametrize("kind", ["board", "entry"])
def test_a_printed_page_has_its_tables_and_none_of_its_tools(published, open_page, kind):
    page = open_page(published, page_of(published, kind))
    page.emulate_media(media="print")
    assert not page.locator("#theme").is_visible()
    assert page.locator("form.tools:visible, form.pair:visible, .actions:visible").count() == 0
    assert page.locator("main table").first.is_visible()


def test_the_pages_of_a_long_board_are_linked_without_javascript(crowded, open_page):
    page = open_page(crowded, "boards/composite-loso.html", java_script_enabled=False)
    seen = []
    for number in range(1, 7):
        page.wait_for_load_state()  # all rows of the page that the link leads to
        seen += page.locator("#table > tbody > tr, .incomplete > tbody > tr").all_inner_texts()
        assert page.locator("nav.pages").first.locator("[aria-current=page]").inner_text() == str(number)
        if number < 6:
            page.locator("nav.pages").first.get_by_role("link", name=str(number + 1), exact=True).click()
    assert len(set(seen)) == 1001


def test_hostile_names_are_words(crowded, crowd, open_page, watch):
    page = open_page(crowded, "boards/composite-loso.html")
    assert page.locator("#table b").count() == 0
    hostile = next(row for row in crowd.boards[0].rows if row.model.startswith("\u202e"))
    assert page.locator(f"#table tr[id='{hostile.id}'] th bdi").first.inner_text() == without_controls(hostile.model)
    assert json.loads(page.locator("#board-data").evaluate("(one) => one.textContent"))
    assert not watch.complaints
