"""The page of merbench data preview in a browser: quiet, offline, no wider than a phone, accessible in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.preview.write import write_preview

PAINTED = Path(__file__).parents[1] / "preview" / "painted.py"
PHONE = {"width": 390, "height": 844}
OPENED = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture(scope="module")
def previews(tmp_path_factory):
    """A folder with a page of small patches, of which one clip is broken."""
    out = tmp_path_factory.mktemp("previews")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAINTED", "broken red/r1/c0")
        write_preview(Registry(load(allow=(), files=[str(PAINTED)])), "patches", out, jobs=1)
    return out


@pytest.fixture
def released(tmp_path, real_data, monkeypatch):
    """A folder with the page of two clips of the flow release."""
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    write_preview(Registry(load(allow=())), "smic-3", tmp_path, pattern="smic/s01/*_0[12]", jobs=1)
    return tmp_path


def violations(page, axe):
    page.evaluate(OPENED)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, { preload: false })")
    assert found["passes"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_to_mend(previews, open_page, axe, scheme, viewport):
    page = open_page(previews, "patches.html", color_scheme=scheme, viewport=viewport, bypass_csp=True)
    assert violations(page, axe) == []


def test_every_picture_is_there_and_within_a_phones_width(released, open_page):
    page = open_page(released, "smic-3.html", viewport=PHONE)
    page.evaluate(OPENED)
    seen = page.evaluate("[...document.images].map((one) => [one.alt, one.naturalWidth, one.clientWidth])")
    assert len({alt for alt, _, _ in seen}) == len(seen) >= 8
    assert all(natural >= shown > 100 for _, natural, shown in seen)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_page_refuses_any_script_and_shows_hostile_words_as_words(previews, open_page, browser):
    page = open_page(previews, "patches.html")
    assert page.locator("article.clip").count() == 7
    assert page.locator("article.clip dd b").count() == 0
    assert page.locator("article.clip dd", has_text="<b>joy</b>").count() > 0
    assert page.locator("#broken + p + dl dt").inner_text() == "red/r1/c0"
    context = browser.new_context()
    strange = context.new_page()
    strange.goto((previews / "patches.html").as_uri())
    strange.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))"
    )
    assert strange.evaluate("window.ran ?? 0") == 0
    context.close()


def test_a_printed_page_has_its_warning(previews, open_page):
    page = open_page(previews, "patches.html")
    page.emulate_media(media="print")
    assert page.get_by_role("heading", name="Do not publish this page").is_visible()
