"""The run that the README starts with."""

from __future__ import annotations

import json
import os

from merbench.cli import main


def test_htnet_quick_on_the_demo_is_neither_lost_nor_perfect(tmp_path, capsys):
    """The demo is made so that a majority classifier stays below .35 and this run lands between .6 and .95.

    MERBENCH_TEST_RESULTS names a folder in which the same code may have finished this run already.
    """
    command = ["run", "--model", "htnet", "--dataset", "demo", "--recipe", "quick", "--device", "cpu"]
    out = os.environ.get("MERBENCH_TEST_RESULTS", str(tmp_path))
    assert main([*command, "--out", out, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert 0.6 <= scores["last"]["full"]["uf1"] <= 0.95
    assert scores["oracle"]["full"]["accuracy"] >= scores["last"]["full"]["accuracy"]
