"""Each check of an executor passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

from typing import Any

import pytest

import merbench
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.testing import CheckFailed, check_executor, parametrize_with_checks
from merbench.testing.executors import EXECUTOR_CHECKS, ExecutorToys
from merbench.testing.findings import find

LOCAL = Registry(load(allow=())).executors.get("local")


def executor(runner: str) -> merbench.Executor:
    return merbench.Executor(name=runner, runner=f"zoo_executors:{runner}")


@parametrize_with_checks([LOCAL, executor("Backwards")])
def test_an_executor_that_keeps_the_rules_passes_each_check(check: Any) -> None:
    check()


BROKEN = {
    "spec_resolves": ("NoRunner", "not a subclass of merbench.engine.executors.UnitRunner"),
    "computes_each_unit_once": ("Forgetful", "the outcomes are those of toy-1, toy-2, toy-3, toy-4, toy-5"),
    "gives_the_same_as_this_process": ("Rounding", "the class scores differ on toy-"),
    "tells_its_progress": ("Silent", "it tells 0 of 6 fold-epochs"),
    "passes_an_error_on": ("Wrapping", "it says RuntimeError: a task failed"),
    "can_be_stopped": ("Once", "the cluster has stopped"),
}


@pytest.mark.parametrize("check", BROKEN)
def test_each_check_fails_on_an_executor_that_breaks_its_rule(check: str) -> None:
    runner, said = BROKEN[check]
    (function,) = (one for one in EXECUTOR_CHECKS if one.__name__ == check)
    finding = find(function, ExecutorToys(executor(runner)))
    assert finding.result == "found"
    assert said in finding.evidence


def test_every_check_fails_on_some_executor() -> None:
    assert set(BROKEN) == {one.__name__ for one in EXECUTOR_CHECKS}


def test_all_failures_of_an_executor_are_told_in_one_line() -> None:
    with pytest.raises(CheckFailed, match=r"^Silent fails 1 check\(s\): tells_its_progress: it tells 0 of 6"):
        check_executor(executor("Silent"))
