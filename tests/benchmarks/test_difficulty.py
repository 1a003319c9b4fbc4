"""Which clips are hard: the kept figures, and how annotated clips are found in the composite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from merbench_databases.annotations import read_lines
from merbench_databases.canonical import composite

from tests.benchmarks.__main__ import MEASURED
from tests.benchmarks.difficulty import TABLES, clip_id, run


@pytest.mark.parametrize("database", sorted(TABLES))
def test_every_clip_of_the_composite_is_annotated(database: str, real_data: Path) -> None:
    root = real_data / "annotations"
    lines = read_lines(root / TABLES[database], root)
    clips = composite().query("database == @database")["clip"]
    assert set(clips) <= {clip_id(database, line.subject, line.clip) for line in lines}


def test_the_kept_figures_are_those_of_the_records(real_data: Path) -> None:
    kept = json.loads(MEASURED.read_text("utf-8"))["difficulty"]["rows"]
    found = [row._asdict() for row in run(None)]
    assert kept == found, "after new records: python -m tests.benchmarks difficulty --write"
