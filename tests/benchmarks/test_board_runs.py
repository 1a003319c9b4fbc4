"""The list of runs of the board names what is registered, and leaves out what there is."""

from __future__ import annotations

import shutil

from tests.benchmarks.board_runs import RECORDS, RUNS, missing


def test_every_run_names_a_model_and_a_recipe(registry):
    assert all(run.recipe in registry.models.get(run.model).recipes for run in RUNS)
    assert all(run.protocol in registry.protocols.names() for run in RUNS)
    assert len(set(RUNS)) == len(RUNS)


def test_a_run_with_a_record_is_not_missing(tmp_path):
    assert missing(tmp_path) == sorted(RUNS, key=lambda run: run.minutes)
    shutil.copy(RECORDS / "flow-lr-composite-default-seed0-56ee3b10ee9a.json", tmp_path)
    found = missing(tmp_path)
    assert len(found) == len(RUNS) - 1
    rest = {run.protocol for run in found if (run.model, run.recipe) == ("flow-lr", "default")}
    assert rest == {run.protocol for run in RUNS} - {"loso"}
