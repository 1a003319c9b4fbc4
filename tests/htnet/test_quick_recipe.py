"""The run that the README starts with."""

from __future__ import annotations

import json

from merbench.cli import main


def test_htnet_quick_on_the_demo_is_neither_lost_nor_perfect(tmp_path, capsys):
    """The demo is made so that a majority classifier stays below .35 and this run lands between .6 and .95."""
    command = ["run", "--model", "htnet", "--dataset", "demo", "--recipe", "quick", "--device", "cpu"]
    assert main([*command, "--out", str(tmp_path), "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert 0.6 <= scores["last"]["full"]["uf1"] <= 0.95
    assert scores["oracle"]["full"]["accuracy"] >= scores["last"]["full"]["accuracy"]
