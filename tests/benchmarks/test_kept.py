"""What `--write` keeps of a measurement."""

from __future__ import annotations

import json
import re

from tests.benchmarks.__main__ import MEASURED, TITLES, keep
from tests.benchmarks.row import Row
from tests.docs.pages import TEXT
from tests.rows import in_lines

NOT_KEPT = {
    "first-command",  # by the clock, and nobody ran it on a machine without other work yet
    "gpu",  # nothing was measured on a GPU yet
    "quick-recipe",  # its figures depend on the demo's version; docs/results.md has those that decided
}
FIGURE = re.compile(r"\d ?(s|ms|µs|min|minutes|seconds|%|[kMG]i?B|GFLOPS?|times)(?!\w)")


def test_new_figures_replace_those_of_their_benchmark_and_no_others(tmp_path):
    path = tmp_path / "measured.json"
    path.write_text(MEASURED.read_text("utf-8"), "utf-8")
    before = json.loads(path.read_text("utf-8"))
    keep(path, "startup", [Row("merbench --help", "1 s", "cold")], "by hand")
    after = json.loads(path.read_text("utf-8"))
    assert after["startup"]["rows"] == [{"what": "merbench --help", "figure": "1 s", "conditions": "cold"}]
    assert after["startup"]["title"] == TITLES["startup"]
    assert after["startup"]["how"] == "by hand"
    assert list(after) == list(before)
    assert {name: one for name, one in after.items() if name != "startup"} == {
        name: one for name, one in before.items() if name != "startup"
    }


def test_the_kept_figures_stand_as_they_are_written():
    text = MEASURED.read_text("utf-8")
    assert in_lines(json.loads(text)) + "\n" == text


def test_every_kept_section_is_one_that_a_benchmark_writes_and_only_those_not_kept_are_missing():
    kept = json.loads(MEASURED.read_text("utf-8"))
    assert kept.keys() <= TITLES.keys()
    assert TITLES.keys() - kept.keys() == NOT_KEPT
    assert {name: one["title"] for name, one in kept.items()} == {name: TITLES[name] for name in kept}


def test_outside_the_tables_the_page_of_speed_has_no_figure_but_an_aim():
    prose = re.sub(r"<!-- generated.*?<!-- end -->", "", TEXT["speed.md"], flags=re.DOTALL)
    sentences = re.split(r"(?<=[.:])\s+(?=[A-Z*\[-])", re.sub(r"\*\*[^*]+\*\*\s", "", prose))
    assert any(one.startswith("The aim") for one in sentences)
    assert [one for one in sentences if FIGURE.search(one) and not one.startswith("The aim")] == []
