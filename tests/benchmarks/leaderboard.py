"""Measure a leaderboard of 1,000 records: the time to build it, also after one new record, and to sort a page."""

from __future__ import annotations

import importlib.util
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

from tests.benchmarks.row import Row

RECORDS = 1000
MAKER = Path(__file__).parents[1] / "leaderboard" / "conftest.py"
CLICKS = ("full-uf1", "model", "samm-uar", "clips")
# From the click to the end of the layout that it makes necessary.
SORTED = """(key) => {
    const button = document.querySelector(`#table th[data-key='${key}'] button`);
    const started = performance.now();
    button.click();
    document.body.offsetHeight;
    return performance.now() - started;
}"""


def run(reference: Path | None) -> list[Row]:
    """Seconds, bytes and milliseconds; `reference` is not used."""
    with tempfile.TemporaryDirectory() as place:
        folder, site = Path(place) / "records", Path(place) / "site"
        folder.mkdir()
        write_records(folder, range(RECORDS))
        first = _build(folder, site)
        write_records(folder, range(RECORDS, RECORDS + 1))
        second = _build(folder, site)
        pages = {path.relative_to(site): path.stat().st_size for path in site.rglob("*.html")}
        largest = max(pages, key=pages.__getitem__)
        return [
            Row(f"leaderboard of {RECORDS} records, 442 clips each", first, "merbench leaderboard build, empty cache"),
            Row("the same after one new record", second, "from the cache"),
            Row("its largest page", f"{pages[largest] / 1000:.0f} kB", str(largest)),
            *_sorting(site),
        ]


def _build(records: Path, site: Path) -> str:
    """The time on the clock and the processors' time, of all processes."""
    command = [str(Path(sys.executable).with_name("merbench")), "leaderboard", "build", "--records", str(records)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {**os.environ, "MERBENCH_CACHE": str(records.parent / "cache")}
    subprocess.run([*command, "--out", str(site)], check=True, capture_output=True, env=environment)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{seconds:.1f} s ({used:.1f} s of processors)"


def write_records(folder: Path, numbers: range) -> None:
    """A file for each of some made records of the composite's clips, with curves of the training loss."""
    made = maker()
    for number in numbers:
        accuracy = 0.4 + 0.5 * random.Random(number).random()
        record = made.made_record(f"net-{number:04d}", accuracy=accuracy, draw=number)
        curves = [fold.model_copy(update={"loss": [1 / (epoch + 1) for epoch in range(25)]}) for fold in record.folds]
        text = record.model_copy(update={"folds": curves}).to_json()
        (folder / f"{number:04d}.json").write_text(text, "utf-8")


def maker() -> ModuleType:
    """The module that makes records for the tests."""
    spec = importlib.util.spec_from_file_location("made_records", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _sorting(site: Path) -> list[Row]:
    chromium = shutil.which("chromium")
    if not chromium or importlib.util.find_spec("playwright") is None:
        return [Row("sorting a page of a long board", "not measured", "no chromium, or no playwright")]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        # The board over all clips has the shortest name: the pages of its parts add theirs.
        board = min(site.glob("boards/*-page2.html"), key=lambda one: len(one.name))
        page.goto(board.as_uri())
        page.wait_for_timeout(2000)
        times = [page.evaluate(SORTED, key) for key in CLICKS for _ in range(3)]
        browser.close()
    figure = f"{statistics.median(times):.0f} ms, at most {max(times):.0f}"
    how = f"{len(times)} clicks on {len(CLICKS)} columns, layout included"
    return [Row("sorting a page of a long board", figure, how)]
