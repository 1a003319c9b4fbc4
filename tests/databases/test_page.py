"""docs/databases.md names what there is, and nothing else."""

import re
from pathlib import Path

import pytest
from merbench_databases.errata import errata
from merbench_databases.registered import datasets, sources

TEXT = (Path(__file__).parents[2] / "docs" / "databases.md").read_text("utf-8")


def first_cells(heading):
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("How to get each, and what to add", {one.name for one in sources()}),
        ("Datasets", {one.name for one in datasets()}),
        ("Errata", {f"{one.database}/{one.clip}" for one in errata()}),
    ],
)
def test_every_name_stands_in_its_table(heading, names):
    assert set(first_cells(heading)) == names
    assert len(first_cells(heading)) == len(names)


def test_the_table_of_errata_says_what_the_errata_say():
    for one in errata():
        assert f"| `{one.database}/{one.clip}` | {one.when} | {one.repair} | {one.since} |" in TEXT
