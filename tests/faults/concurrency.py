"""Several processes at once, and other surroundings: the same record."""

from __future__ import annotations

import contextlib
import locale
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.faults.child import Outcome, begin, command, fork
from tests.faults.findings import Finding, timed
from tests.faults.preload import arm, disarm, missing
from tests.faults.scenarios import LEFT, SCENARIOS, Material, plugins

__all__ = ["SURROUNDINGS", "TOGETHER", "Concurrency", "available"]

TOGETHER = ("run of a network", "run of an estimator", "features extract", "leaderboard build", "leaderboard add")
RUNS = ("run of a network", "run of an estimator")
# What surrounds a process: variables of its environment, and options of Python.
SURROUNDINGS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "LC_ALL=C": ({"LC_ALL": "C"}, ()),
    "LC_ALL=tr_TR.UTF-8": ({"LC_ALL": "tr_TR.UTF-8"}, ()),
    "TZ=Asia/Kathmandu": ({"TZ": "Asia/Kathmandu"}, ()),
    "PYTHONHASHSEED=1": ({"PYTHONHASHSEED": "1"}, ()),
    "python -O": ({}, ("-O",)),
    "python -OO": ({}, ("-OO",)),
    "2 processes": ({"LOKY_MAX_CPU_COUNT": "2"}, ()),
    "4 processes": ({"LOKY_MAX_CPU_COUNT": "4"}, ()),
    "2 threads": ({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}, ()),
    "several of these at once": (
        {"LC_ALL": "C", "TZ": "Pacific/Chatham", "PYTHONHASHSEED": "7", "LOKY_MAX_CPU_COUNT": "2", "COLUMNS": "20"},
        (),  # not `-O`: then every process compiles every module anew, torch's too
    ),
}
Result = tuple[str, str | Finding, float]


def available() -> list[str]:
    """The surroundings that can be had here: not every machine has every locale."""
    before = locale.setlocale(locale.LC_ALL)
    found = []
    for name, (variables, _) in SURROUNDINGS.items():
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, variables.get("LC_ALL", before))
            found.append(name)
    locale.setlocale(locale.LC_ALL, before)
    return found


class Concurrency:
    """Runs commands beside each other and elsewhere.

    Args:
        material: that they need.
        scratch: a folder to work in.
        wanted: scenario to what must come of it.
        operations: scenario to its file operations, of which one is failed where a process is to be killed.
        seed: of who is killed, and when.
    """

    def __init__(
        self, material: Material, scratch: Path, wanted: dict[str, Any], operations: dict[str, str], seed: int
    ) -> None:
        self.material, self.scratch = material, scratch
        self.wanted, self.operations, self.seed = wanted, operations, seed

    def run(self, rounds: int, surroundings: list[str]) -> Iterator[Result]:
        """So many rounds of processes at once, in each every scenario; then every one of the surroundings."""
        for number in range(rounds):
            for name in TOGETHER:
                yield self._result(f"at once: {name}", str(number), lambda: self.together(name, number))  # noqa: B023
        for name in surroundings:
            for scenario in RUNS:
                yield self._result(f"elsewhere: {scenario}", name, lambda: self.elsewhere(scenario, name))  # noqa: B023

    def _result(self, subject: str, repeat: str, work: Callable[[], tuple[str, str]]) -> Result:
        started = timed()
        outcome, wrong = work()
        repeat = f"--seed {self.seed} --repeat 'concurrency/{subject}/{repeat}'"
        return subject, Finding(wrong, repeat) if wrong else outcome, timed() - started

    def together(self, name: str, number: int, tell: Callable[[str], None] = lambda text: None) -> tuple[str, str]:
        """Two or four processes give one command in one folder; in every second round one of them is killed."""
        draw = random.Random(f"{self.seed}/{name}/{number}")
        folder = self.scratch / "together"
        SCENARIOS[name].before(folder, self.material)
        try:
            moments: list[int | None] = [None] * draw.choice((2, 2, 4))
            if number % 2 and not missing():
                moments[0] = draw.randrange(len(self.operations[name]))
            running = [begin(self._work(name, folder, moment), self.scratch) for moment in moments]
            outcomes = [one.wait() for one in running]
            for outcome in outcomes:
                tell(f"ended with {outcome.code}\n{outcome.err}")
            wrong = next((one.fault for one in outcomes if one.fault), "")
            return f"{len(moments)} at once", wrong or self._wrong(name, folder)
        finally:
            shutil.rmtree(folder)

    def elsewhere(self, name: str, where: str) -> tuple[str, str]:
        """A process of its own, with another environment."""
        variables, options = SURROUNDINGS[where]
        folder = self.scratch / "elsewhere"
        SCENARIOS[name].before(folder, self.material)
        try:
            self.material.enter(folder)
            environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"} | variables
            argv = [word for word in SCENARIOS[name].argv(folder, self.material) if word not in ("--jobs", "1")]
            done = subprocess.run(
                [sys.executable, *options, "-m", "merbench", *plugins(), *argv],
                env=environment,
                capture_output=True,
                text=True,
                encoding="utf-8",
                cwd=Path(__file__).parents[2],
            )
            outcome = Outcome(done.returncode, done.stdout, done.stderr)
            if done.returncode:
                return "failed", f"{where}: {outcome.fault or outcome.error}"
            return "the same", "" if SCENARIOS[name].state(folder) == self.wanted[name] else f"{where}: another record"
        finally:
            shutil.rmtree(folder)

    def _work(self, name: str, folder: Path, moment: int | None, *, state: bool = False) -> Callable[..., int]:
        def work(tell: Callable[..., None]) -> int:
            self.material.enter(folder)
            if moment is not None:
                arm(folder, moment, "killed")
            code = command([*plugins(), *SCENARIOS[name].argv(folder, self.material)])
            if moment is not None:
                disarm()
            if state:
                tell({"state": SCENARIOS[name].state(folder)})
            return code

        return work

    def _wrong(self, name: str, folder: Path) -> str:
        """What is wrong after one more process has given the command alone."""
        outcome = fork(self._work(name, folder, None, state=True), self.scratch)
        again = SCENARIOS[name].again
        if outcome.code and not (again and again in outcome.error):
            return f"the same command then fails: {outcome.fault or outcome.error}"
        if left := [path.name for path in folder.rglob("*") if LEFT.search(path.name)]:
            return f"{len(left)} half-written files are left"
        return "" if outcome.told["state"] == self.wanted[name] else "the same command then gives something else"
