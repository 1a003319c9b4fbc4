"""The page of merbench data preview in a browser: quiet, offline, no wider than a phone, accessible in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.features.clip import ClipValues
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.preview.write import write_answer, write_preview
from merbench.runs.predict import Answer, Answered, ClassAnswer

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


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    """A folder with the page of an answer, whose words are hostile."""
    out = tmp_path_factory.mktemp("answer")
    classes = (ClassAnswer(name="<b>joy</b>" * 9, score=0.6, lowest=0.1, highest=0.9, folds=2),)
    given = Answer(
        clip="<i>clip</i>\u202e.mp4", onset=1, apex=None, offset=9, model="net", recipe="own", dataset="faces",
        run="0" * 64, folds=3, predicted=classes[0].name, classes=classes, features=("flow v1 (frames)",), uf1=0.5,
        uf1_interval=(0.4, 0.6), notes=("This is <b>no</b> diagnosis.",),
    )  # fmt: skip
    write_answer(out / "answer.html", Answered(given, (), ClipValues("clip", {})))
    return out


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_to_mend_on_an_answer_that_fits_a_phone(answer, open_page, axe, scheme, viewport):
    page = open_page(answer, "answer.html", color_scheme=scheme, viewport=viewport, bypass_csp=True)
    assert violations(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.evaluate("document.querySelectorAll('b, i').length") == 0


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
