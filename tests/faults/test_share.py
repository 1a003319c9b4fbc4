"""Cases are shared out among processes, and one that kills its process costs itself alone."""

from __future__ import annotations

import os
import signal

import pytest

from tests.faults.share import Died, share


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_case_is_worked_on_once(jobs):
    assert sorted(share(lambda case: case**2, 7, jobs)) == [(case, case**2) for case in range(7)]


def fatal(case: int) -> str:
    if case == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return "fine"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_case_that_ends_its_process_is_named_and_the_others_go_on(jobs):
    found = dict(share(fatal, 8, jobs))
    assert isinstance(died := found.pop(3), Died)
    assert died.code == -signal.SIGKILL
    assert found == {case: "fine" for case in range(8) if case != 3}
