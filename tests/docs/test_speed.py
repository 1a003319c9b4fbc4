"""The times of whole runs are those of the committed records."""

from __future__ import annotations

import json

from tests.docs.pages import ROOT, section, table

LOSO = ("loso", "composite")  # today's name of the protocol, and that of older records


def test_the_time_of_a_whole_run_is_that_of_the_fastest_record_that_was_not_resumed() -> None:
    shown = {tuple(row[:2]) for row in table(section("speed.md", "Whole runs"))}
    for model, recipe in (("ststnet", "published"), ("htnet", "quick")):
        records = [json.loads(path.read_text("utf-8")) for path in record_files(model, recipe)]
        seconds = [
            one["environment"]["seconds"]
            for one in records
            if (one["plan"]["recipe"], one["plan"]["epoch_policy"]) == (recipe, "last")
            and one["plan"]["protocol"] in LOSO
            and not one["environment"]["resumed"]
        ]
        assert (f"{model} {recipe}", f"{min(seconds) / 60:.1f} min") in shown


def record_files(model: str, recipe: str):
    return (ROOT / "leaderboards" / "records").glob(f"{model}-composite-{recipe}-seed*.json")
