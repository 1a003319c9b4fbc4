"""Each check of a protocol passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

from typing import Any

import pytest

import merbench
from merbench.testing import CheckFailed, check_protocol, parametrize_with_checks
from merbench.testing.findings import find
from merbench.testing.protocols import PROTOCOL_CHECKS, ProtocolToys
from merbench.testing.toys import toy_table


def protocol(splitter: str, **fields: Any) -> merbench.Protocol:
    return merbench.Protocol(name=splitter, splitter=f"zoo_rest:{splitter}", **fields)


@parametrize_with_checks([protocol("Subjects")])
def test_a_protocol_that_keeps_the_rules_passes_each_check(check: Any) -> None:
    check()


BROKEN = {
    "spec_resolves": (protocol("light"), "is a function and not a subclass of merbench.protocols.Splitter"),
    "makes_valid_folds": (protocol("Clips"), "subject toy-1/s1 is on the training side and the test side"),
    "keeps_subjects_apart": (protocol("Leaking"), "Leaking has shares_subjects = True"),
    "keeps_people_together": (protocol("Twice"), "two folds are called 'toy-1/s1'"),
    "makes_the_same_folds_again": (protocol("Moody"), "the folds differ the second time"),
    "says_why_it_cannot_split": (protocol("Careless"), "split failed at"),
}


@pytest.mark.parametrize("check", BROKEN)
def test_each_check_fails_on_a_protocol_that_breaks_its_rule(check: str) -> None:
    spec, said = BROKEN[check]
    (function,) = (one for one in PROTOCOL_CHECKS if one.__name__ == check)
    finding = find(function, ProtocolToys(spec))
    assert finding.result == "found"
    assert said in finding.evidence


def test_every_check_fails_on_some_protocol() -> None:
    assert set(BROKEN) == {one.__name__ for one in PROTOCOL_CHECKS}


def test_clips_that_a_protocol_cannot_split_say_nothing_about_it() -> None:
    done = {one.check: one for one in check_protocol(protocol("Subjects"), clips=toy_table(subjects=1))}
    assert done["makes_valid_folds"].result == "unchecked"
    assert "it cannot split the toy clips: one subject alone cannot be left out" in done["makes_valid_folds"].evidence


def test_clips_of_one_database_say_nothing_about_people_of_two() -> None:
    done = {one.check: one for one in check_protocol(protocol("Subjects"), clips=toy_table())}
    assert (done["keeps_people_together"].result, done["keeps_subjects_apart"].result) == ("unchecked", "passed")


def test_a_database_that_the_protocol_trains_on_is_among_the_toys() -> None:
    assert ProtocolToys(protocol("Subjects", trains_on="mydb")).clips["database"].unique()[0] == "mydb"


def test_all_failures_of_a_protocol_are_told_in_one_line() -> None:
    with pytest.raises(CheckFailed, match=r"^Moody fails 1 check\(s\): makes_the_same_folds_again: the folds differ"):
        check_protocol(protocol("Moody"))
