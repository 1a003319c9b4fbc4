"""A real browser, and two sites to look at in it: the published one, and a large one with everything a board may hold.

Without the browser or axe-core a test is skipped; where MERBENCH_BROWSER is `required`, it fails.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from merbench.leaderboard.boards import Board, Site, make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.pages import render
from merbench.leaderboard.rows import Row
from merbench.plugin.registry import Registry

ROOT = Path(__file__).parents[2]
HOSTILE = "\u202e<b>&\"'net|$x$_{\\%}\u2067"
ROWS = 1000
BOARD = "boards/composite-loso.html"
COMPARE = "boards/composite-loso-compare.html"
STARTUP_MS = 60_000  # a slow machine may take long; nothing is asserted of it


def missing(what: str) -> None:
    """Skips the test, or fails it where a browser is required."""
    if os.environ.get("MERBENCH_BROWSER") == "required":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Debian's chromium; Playwright's own is never fetched."""
    chromium = shutil.which("chromium")
    if not chromium:
        missing("chromium is not installed")
    if importlib.util.find_spec("playwright") is None:
        missing("playwright is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=STARTUP_MS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    named = os.environ.get("MERBENCH_AXE")
    if not named:
        missing("MERBENCH_AXE is not set: it names the file axe.min.js of axe-core")
    return Path(str(named)).read_text("utf-8")


class Watch:
    """What pages asked for and complained of."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def open_page(browser, watch: Watch) -> Iterator[Callable[..., object]]:
    """Opens a page of a site from the file system, in a context of its own; options are the context's.

    Whatever a test looks at: no page may ask for anything but a file, or complain.
    """
    contexts = []

    def visit(site: Path, name: str, fragment: str = "", **options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: watch.requests.append(request.url))
        page.on("pageerror", lambda error: watch.complaints.append(f"{name}: {error}"))
        page.on(
            "console",
            lambda message: (
                watch.complaints.append(f"{name}: {message.text}") if message.type in ("error", "warning") else None
            ),
        )
        page.goto(f"{(site / name).as_uri()}{fragment}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not watch.complaints
    assert not [url for url in watch.requests if not url.startswith(("file:", "blob:file:", "data:,"))]


@pytest.fixture(scope="session")
def crowd(registry: Registry) -> Site:
    """A site with hostile names, seeds and an incomplete entry, its board filled up to 1,000 rows."""
    made = records_module().made_record
    records = [
        made("net", accuracy=0.8, draw=1, seed=0),
        made("net", accuracy=0.8, draw=3, seed=1),
        made(HOSTILE, accuracy=0.5, draw=5, recipe=HOSTILE, warnings=[HOSTILE, "w" * 2000]),
        made("sent in", declared="unknown", link="https://example.org/log"),
        made("partial", clips=400),
    ]
    site = make_site([make_entry(record, registry) for record in records], (), registry)
    board = site.boards[0]
    return replace(site, boards=(filled(board, ROWS),))


@pytest.fixture(scope="session")
def crowded(tmp_path_factory: pytest.TempPathFactory, crowd: Site) -> Path:
    """The folder of that site."""
    folder = tmp_path_factory.mktemp("crowded")
    for name, text in render(crowd):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    return folder


def filled(board: Board, count: int) -> Board:
    """The board with copies of its second row, so that there are `count` rows; every score of a copy is its own."""
    pattern = next(row for row in board.rows if row.rank == 2)
    copies = [copied(pattern, number) for number in range(count - len(board.rows))]
    return replace(board, rows=(*board.rows, *copies))


def copied(row: Row, number: int) -> Row:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    entry = replace(row.entries[0], record=row.entries[0].record.model_copy(update={"id": digest}))
    figures = {
        part: {metric: replace(one, value=(number * 37 + place * 11) % 997 / 1000) for metric, one in figures.items()}
        for place, (part, figures) in enumerate(row.figures.items())
    }
    name = f"model {number:04d}" if number % 10 else f"{HOSTILE} {number:04d}"
    standing = replace(row.standing, rank=number + 3)
    return replace(
        row,
        id=digest[-12:],
        model=name,
        recipe="quick",
        entries=(entry,),
        figures=figures,
        standings=dict.fromkeys(row.standings, standing),
        notes=(),
    )


def records_module() -> ModuleType:
    """The module that makes valid records; tests of one folder do not import those of another by name."""
    path = ROOT / "tests" / "leaderboard" / "conftest.py"
    spec = importlib.util.spec_from_file_location("merbench_made_records", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
