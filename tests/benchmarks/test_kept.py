"""What `--write` keeps of a measurement."""

from __future__ import annotations

import json

from tests.benchmarks.__main__ import MEASURED, TITLES, keep
from tests.benchmarks.row import Row
from tests.rows import in_lines


def test_new_figures_replace_those_of_their_benchmark_and_no_others(tmp_path):
    path = tmp_path / "measured.json"
    path.write_text(MEASURED.read_text("utf-8"), "utf-8")
    before = json.loads(path.read_text("utf-8"))
    keep(path, "startup", [Row("merbench --help", "1 s", "cold")])
    after = json.loads(path.read_text("utf-8"))
    assert after["startup"]["rows"] == [{"what": "merbench --help", "figure": "1 s", "conditions": "cold"}]
    assert after["startup"]["title"] == TITLES["startup"]
    assert list(after) == list(before)
    assert {name: one for name, one in after.items() if name != "startup"} == {
        name: one for name, one in before.items() if name != "startup"
    }


def test_the_kept_figures_stand_as_they_are_written():
    text = MEASURED.read_text("utf-8")
    assert in_lines(json.loads(text)) + "\n" == text
