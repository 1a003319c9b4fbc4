"""`merbench plugin check`: a report of the checks, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from merbench.cli import main

PLUGIN = """
import merbench


class Likely:
    def fit(self, X, y):
        self.most = y[0]
        return self

    def predict(self, X):
        {predict}


@merbench.hookimpl
def merbench_features():
    yield merbench.Feature(name="plain-28", function="{name}:plain", inputs=("flow-28",){shape})


@merbench.hookimpl
def merbench_models():
    for name in ("first-class", "first-class-again"):
        yield merbench.EstimatorModel(name=name, estimator="{name}:Likely", features=("plain-28",))


def plain(flow):
    return flow.copy()
"""
FAMILY = """
import merbench


def member(name):
    tree = "sklearn.tree:DecisionTreeClassifier"
    return merbench.EstimatorModel(name=f"kin:{name}", estimator=tree, features=("numbers",))


def members(pattern):
    return ["first"]


@merbench.hookimpl
def merbench_models():
    yield merbench.ModelFamily(name="kin", member="kin:member", members="kin:members")
"""
SHAPE = ", shape=(3, 28, 28)"
GOOD = "return [self.most] * len(X)"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Writes a plugin file with two models and a feature; its path."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)

    def written(name: str, predict: str = GOOD, shape: str = SHAPE) -> str:
        path = tmp_path / f"{name}.py"
        path.write_text(dedent(PLUGIN).format(name=name, predict=predict, shape=shape))
        return str(path)

    yield written
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The only line on stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_plugin_that_keeps_the_rules_is_told_so(write, capsys) -> None:
    assert main(["plugin", "check", "kept", "--plugin", write("kept")]) == 0
    head, *rows, _, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["spec", "check", "result", "evidence"]
    assert {row.split("  ")[0] for row in rows} >= {"plugin kept", "model first-class", "model first-class-again"}
    assert last == f"{len(rows)} passed, 0 failed, 0 could not be checked"


def test_a_plugin_that_breaks_a_rule_ends_with_1_and_the_report_tells_the_rule(write, capsys) -> None:
    path = write("short", predict="return [self.most]")
    assert main(["plugin", "check", "short", "--plugin", path, "--only", "first-class"]) == 1
    out = capsys.readouterr().out
    assert "gives an array of shape [1]; it must give a whole number from 0 to 1 for each of 3 clips" in out
    assert "gives_class_scores: For 2, 3 and 7 classes, the model gives a finite score for each class" in out
    assert "first-class-again" not in out


def test_a_plugin_that_hangs_fails_within_the_limit_of_the_user(write, capsys) -> None:
    path = write("stuck", predict="while True: pass")
    assert main(["plugin", "check", "stuck", "--plugin", path, "--only", "first-class", "--timeout", "0.2"]) == 1
    rows = [line for line in capsys.readouterr().out.splitlines() if "gives_class_scores" in line]
    assert "predict did not end within 0.2 s" in rows[0]
    assert "in predict" in rows[0]


def test_a_member_of_a_family_is_checked_by_its_whole_name(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "kin.py").write_text(FAMILY)
    argv = ["plugin", "check", "kin", "--plugin", str(tmp_path / "kin.py")]
    assert main(argv) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed, 0 could not be checked"
    assert main([*argv, "--only", "kin:first", "--shape", "numbers=4"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:-2]
    assert all(row.startswith("model kin:first  ") for row in rows)


def test_the_report_as_json_names_spec_check_and_result(write, capsys) -> None:
    assert main(["plugin", "check", "told", "--plugin", write("told"), "--only", "first-class", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["spec"] for row in rows} == {"model first-class"}
    assert {row["result"] for row in rows} == {"passed"}
    assert {"spec_resolves", "never_sees_the_test_side", "leaves_clips_unchanged"} <= {row["check"] for row in rows}


def test_the_shape_of_a_feature_that_declares_none_can_be_given(write, capsys) -> None:
    path = write("bare", shape="")
    argv = ["plugin", "check", "bare", "--plugin", path, "--only", "first-class"]
    assert main(argv) == 2
    assert "feature plain-28 does not declare the shape of its array" in said(capsys)
    assert main([*argv, "--shape", "plain-28=3,4,4"]) == 0
    assert "[3, 4, 4], 2, 3 and 7 classes" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["plain-28", "plain-28=", "plain-28=3,x", "=3", "plain-28=0"])
def test_a_shape_that_is_none_is_a_mistake_of_the_user(given, capsys) -> None:
    assert main(["plugin", "check", "kept", "--shape", given]) == 2
    assert "is not a feature and its shape, such as my-feature=3,28,28" in said(capsys)


def test_an_unknown_plugin_is_a_mistake_of_the_user(capsys) -> None:
    assert main(["plugin", "check", "protocol"]) == 2
    assert said(capsys).startswith("merbench: error: no plugin is called 'protocol' (nearest: protocols); list all")


def test_a_blocked_plugin_is_a_mistake_of_the_user(capsys) -> None:
    assert main(["plugin", "check", "timm", "--no-plugin", "timm"]) == 2
    assert said(capsys) == "merbench: error: plugin 'timm' is not loaded: left out by --no-plugin"


def test_a_spec_of_another_plugin_is_a_mistake_of_the_user(write, capsys) -> None:
    assert main(["plugin", "check", "mine", "--plugin", write("mine"), "--only", "majority"]) == 2
    assert said(capsys) == "merbench: error: no spec is called 'majority'; plugin mine does not provide it"


def test_a_name_that_two_plugins_have_is_a_mistake_of_the_user(write, capsys) -> None:
    path = write("own")
    assert main(["plugin", "check", "own", "--plugin", path]) == 2
    assert said(capsys) == "merbench: error: several plugins are called 'own'; use merbench:own or own.py:own"
