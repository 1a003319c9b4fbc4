"""File operations that fail: at each moment of a command, in each way; then the same command must put it right."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.child import Outcome, command, fork
from tests.faults.findings import Finding, timed
from tests.faults.preload import applicable, arm, disarm
from tests.faults.scenarios import LEFT, SCENARIOS, Material, plugins
from tests.faults.share import Died, share

__all__ = ["Case", "Moments", "parse"]

MOST_FAULTS = 3  # one after the other, each at the command that is to put the one before right
Fault = tuple[int, str]  # the moment, and the kind


@dataclass(frozen=True)
class Case:
    """A command, and the faults that it and its repetitions meet before one is left alone."""

    scenario: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        faults = ",".join(f"{at}:{kind}" for at, kind in self.faults)
        return f"--repeat 'moments/{self.scenario}/{faults}'"


def parse(text: str) -> Case:
    """The case that `--repeat` names."""
    _, scenario, faults = text.split("/", 2)
    pairs = [one.split(":") for one in faults.split(",")]
    return Case(scenario, tuple((int(at), kind) for at, kind in pairs))


class Moments:
    """Disturbs commands.

    Args:
        material: that they need.
        scratch: a folder to work in.
    """

    def __init__(self, material: Material, scratch: Path) -> None:
        self.material, self.scratch = material, scratch
        self.wanted: dict[str, Any] = {}
        self.operations: dict[str, str] = {}

    def measure(self, scenarios: Sequence[str]) -> None:
        """Once without a fault: how many operations each command has, and what comes of it."""
        for name in scenarios:
            folder = self._folder(name)
            outcome = self._command(name, folder, counted=True)
            assert outcome.code == 0, outcome.err
            self.operations[name], self.wanted[name] = outcome.told["operations"], outcome.told["state"]
            shutil.rmtree(folder)

    def cases(self, count: int, seed: int) -> list[Case]:
        """Every moment and kind once, the commands in turn, as far as `count` goes; then several faults in a row."""
        draw = random.Random(seed)
        single = {name: applicable(operations) for name, operations in self.operations.items()}
        for faults in single.values():
            draw.shuffle(faults)
        turns = itertools.zip_longest(*([Case(name, (fault,)) for fault in faults] for name, faults in single.items()))
        found = [case for turn in turns for case in turn if case]
        while len(found) < count:
            name = draw.choice(list(single))
            several = [draw.choice(single[name]) for _ in range(draw.randint(2, MOST_FAULTS))]
            found.append(Case(name, tuple(several)))
        return found[:count]

    def run(self, cases: Sequence[Case], jobs: int) -> Iterator[tuple[str, str | Finding, float]]:
        """What came of each case: its command, the outcome and the seconds that it took."""
        for place, result in share(lambda place: self._timed(cases[place]), len(cases), jobs):
            case = cases[place]
            if isinstance(result, Died):
                yield case.scenario, Finding(f"the bench died with {result.code}", str(case)), 0.0
            else:
                outcome, fault, seconds = result
                yield case.scenario, Finding(fault, str(case)) if fault else outcome, seconds

    def _timed(self, case: Case) -> tuple[str, str, float]:
        started = timed()
        return *self.disturb(case), timed() - started

    def disturb(self, case: Case, tell: Callable[[str], None] = lambda text: None) -> tuple[str, str]:
        """How the disturbed command ended, and what is wrong; the second is empty where nothing is."""
        folder = self._folder(case.scenario)
        try:
            ends = []
            for fault in case.faults:
                outcome = self._command(case.scenario, folder, fault)
                tell(f"{fault}: ended with {outcome.code}\n{outcome.err}")
                ends.append(_end(outcome))
                if outcome.fault:
                    return ends[-1], f"{fault[1]}: {outcome.fault}"
            outcome = self._command(case.scenario, folder, state=True)
            tell(f"then: ended with {outcome.code}\n{outcome.err}")
            end = ends[0] if len(ends) == 1 else "several faults"
            return end, self._wrong(case, folder, outcome)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _wrong(self, case: Case, folder: Path, outcome: Outcome) -> str:
        kinds = " then ".join(kind for _, kind in case.faults)
        again = SCENARIOS[case.scenario].again
        if outcome.code and not (again and again in outcome.error):
            return f"{kinds}: the same command then fails: {outcome.fault or _general(outcome.error, folder)}"
        left = sorted({LEFT.search(path.name)[0] for path in folder.rglob("*") if LEFT.search(path.name)})
        if left:
            return f"{kinds}: {', '.join(left)} is left after the same command"
        if outcome.told["state"] != self.wanted[case.scenario]:
            return f"{kinds}: the same command then gives something else"
        return ""

    def _command(
        self, name: str, folder: Path, fault: Fault | None = None, *, counted: bool = False, state: bool = False
    ) -> Outcome:
        scenario = SCENARIOS[name]

        def work(tell: Callable[..., None]) -> int:
            self.material.enter(folder)
            if fault or counted:
                arm(folder, *(fault or ()))
            try:
                code = command([*plugins(), *scenario.argv(folder, self.material)])
            finally:
                operations, fired = disarm()
                tell({"operations": operations, "fired": fired})
            if state or counted:
                tell({"state": scenario.state(folder)})
            return code

        return fork(work, self.scratch)

    def _folder(self, name: str) -> Path:
        folder = self.scratch / f"work-{os.getpid()}"
        SCENARIOS[name].before(folder, self.material)
        return folder


def _end(outcome: Outcome) -> str:
    if outcome.code >= 0 and not outcome.told.get("fired"):
        return "met no fault"
    return {0: "succeeded", 2: "one line"}.get(outcome.code, "killed")


def _general(text: str, folder: Path) -> str:
    """An error without what differs from case to case."""
    return text.replace(str(folder), "FOLDER")[:200]
