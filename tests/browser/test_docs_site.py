"""The site of the documentation: built without a warning, offline, fit for a phone, and searchable."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import missing
from tests.browser.test_every_page import PHONE, all_pages, brightness, found_by_axe, violations

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory, published: Path) -> Path:
    """The folder of the built site; the build fails on a warning. It takes what `published` left in the cache."""
    if importlib.util.find_spec("sphinx") is None:
        missing("sphinx is not installed")
    out = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "docs.site", str(out)]
    environment = {**os.environ, "MERBENCH_CACHE": str(published.with_name("cache"))}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def own_pages(docs: Path) -> list[str]:
    return [name for name in all_pages(docs) if not name.startswith("leaderboard/")]


def test_every_page_asks_for_files_alone_and_is_no_wider_than_a_phone(docs, open_page):
    page = open_page(docs, "index.html", viewport=PHONE)
    for name in own_pages(docs):
        page.goto((docs / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name


def test_the_search_finds_a_word_without_a_server(docs, open_page):
    page = open_page(docs, "search.html", "?q=oracle")
    page.locator("#search-results li a", has_text="Protocols and scores").first.wait_for()  # one after another


def test_the_leaderboard_is_beside_every_page(docs, open_page):
    page = open_page(docs, "results.html")
    page.get_by_role("link", name="Leaderboard", exact=True).click()
    page.wait_for_url("**/leaderboard/index.html")
    assert page.get_by_role("link", name="composite").count() >= 1


# Not `api`: the markup of its definition lists is Sphinx's own, and axe finds faults in it.
@pytest.mark.parametrize("name", ["index", "results", "command-line", "glossary"])
def test_axe_finds_nothing_to_fix_in_either_theme(docs, open_page, axe, name):
    page = open_page(docs, f"{name}.html", color_scheme="light", bypass_csp=True)
    assert violations(page, axe) == []
    page.emulate_media(color_scheme="dark")
    assert brightness(page) < 128
    assert found_by_axe(page, {"runOnly": ["color-contrast"]}) == []
