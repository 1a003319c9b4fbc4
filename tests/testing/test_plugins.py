"""Each check of a plugin's module passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.plugin.loading import Plugin, load
from merbench.testing.findings import find
from merbench.testing.plugins import PLUGIN_CHECKS

HOOK = """
import merbench

@merbench.hookimpl
def merbench_protocols():
    {body}
"""
SPEC = "yield merbench.Protocol(name='mine', splitter='mine:Mine')"
BROKEN = [
    ("provides_something", "bare", HOOK.format(body="return ()"), "it provides nothing"),
    ("imports_nothing_heavy", "slow", f"import numpy, pandas\n{HOOK.format(body=SPEC)}", "imports pandas, numpy"),
    (
        "imports_nothing_heavy",
        "later",
        HOOK.format(body=f"import numpy\n    {SPEC}"),
        "imports numpy; name such code as 'module:attribute'",
    ),
    ("prints_nothing", "talkative", f"print('hello')\n{HOOK.format(body=SPEC)}", "importing talkative prints 'hello'"),
]


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Plugin]:
    """Loads a plugin file of this name and text."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def load_text(name: str, text: str) -> Plugin:
        path = tmp_path / f"{name}.py"
        path.write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
        *_, plugin = load(files=[path])
        sys.modules.pop(name, None)  # not by monkeypatch, which would put it back
        return plugin

    return load_text


@pytest.mark.parametrize("check", PLUGIN_CHECKS)
def test_a_plugin_that_keeps_the_rules_passes_each_check(check, loaded) -> None:
    finding = find(check, loaded("quiet", HOOK.format(body=SPEC)))
    assert finding.result == "passed", finding.evidence


@pytest.mark.parametrize(("check", "name", "text", "said"), BROKEN)
def test_each_check_fails_on_a_plugin_that_breaks_its_rule(check, name, text, said, loaded) -> None:
    (function,) = (one for one in PLUGIN_CHECKS if one.__name__ == check)
    finding = find(function, loaded(name, text))
    assert finding.result == "found"
    assert said in finding.evidence


def test_every_check_fails_on_some_plugin() -> None:
    assert {check for check, *_ in BROKEN} == {one.__name__ for one in PLUGIN_CHECKS}
