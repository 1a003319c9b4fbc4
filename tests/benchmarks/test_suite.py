"""The benchmark of the tests reads what pytest reports of them."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.suite import durations


def test_the_slowest_test_comes_first(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="tests.a" name="test_b" time="0.5"/>'
        '<testcase classname="tests.c" name="test_d" time="12.25"/></testsuite></testsuites>'
    )
    assert durations(report) == [("tests.c: test_d", 12.25), ("tests.a: test_b", 0.5)]
