"""A test of an author runs the kit in pytest: what passes, is expected to fail, is skipped, and fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import merbench
from merbench.errors import OptionError
from merbench.testing import parametrize_with_checks

HERE = Path(__file__).parent
AUTHORS = """
import merbench
from merbench.testing import parametrize_with_checks

SVC = "sklearn.svm:SVC"
TWO = merbench.EstimatorModel(name="two", estimator=SVC, features=("zoo-numbers",))
MOODY = merbench.Protocol(name="moody", splitter="zoo_rest:Moody")
SOURCE = merbench.Source(name="far", reader="zoo_rest:Reader", provides=("numbers",), databases=("zoo",))


def reasons(spec):
    names = ("trains_on_one_clip", "trains_on_one_class")
    return {name: "it compares classes" for name in names} if spec.name == "two" else {}


@parametrize_with_checks([TWO, MOODY, SOURCE], expected_failures=reasons, shapes={"zoo-numbers": (3,)})
def test_my_plugin(check):
    check()
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What pytest says of the author's test file."""
    folder = tmp_path_factory.mktemp("author")
    (folder / "test_mine.py").write_text(AUTHORS)
    path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-rxsfE", "-p", "no:cacheprovider", "-W", "error", "--no-header", "."]
    environment = {**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_a_check_is_a_test_and_a_broken_rule_is_its_failure(report: list[str]) -> None:
    (failed,) = (line for line in report if line.startswith("FAILED"))
    assert "test_mine.py::test_my_plugin[moody-makes_the_same_folds_again]" in failed
    assert "the folds differ the second time" in failed


def test_an_expected_failure_is_told_with_its_reason(report: list[str]) -> None:
    expected = [line for line in report if line.startswith("XFAIL")]
    assert len(expected) == 2
    assert all("[two-trains_on_one_cl" in line and line.endswith("it compares classes") for line in expected)


def test_a_check_that_cannot_decide_is_skipped_with_its_reason(report: list[str]) -> None:
    skipped = [line for line in report if line.startswith("SKIPPED")]
    assert skipped
    assert all("merbench data add far PATH" in line for line in skipped)


def test_datasets_and_families_have_no_checks() -> None:
    scheme = merbench.THREE_CLASS
    dataset = merbench.Dataset(name="zoo-3", sources=("far",), databases=("zoo",), scheme=scheme)
    family = merbench.ModelFamily(name="zoo", member="zoo_models:member", members="zoo_models:members")
    assert parametrize_with_checks([dataset, family]).mark.args == ("check", [])


@pytest.mark.parametrize("what", ["a text", merbench.Recipe()])
def test_what_is_no_spec_is_an_error(what: Any) -> None:
    with pytest.raises(
        OptionError, match=r"there are no checks for .*: give a model, feature, source, protocol or executor"
    ):
        parametrize_with_checks([what])


def test_an_argument_that_no_check_takes_is_an_error() -> None:
    with pytest.raises(OptionError, match="checks take no argument 'recipes'; they take recipe, shapes, inputs"):
        parametrize_with_checks([merbench.Protocol(name="p", splitter="zoo_rest:Subjects")], recipes="quick")
