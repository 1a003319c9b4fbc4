"""The published records say what follows from their own predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.cli import main

RECORDS = sorted((Path(__file__).parents[1] / "leaderboards" / "records").glob("*.json"))


def test_there_are_published_records():
    assert RECORDS


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_published_record_is_verified(record, capsys):
    assert main(["results", "verify", str(record)]) == 0
    told = capsys.readouterr().out
    assert "follow from the predictions" in told
    assert "not installed" not in told
