"""How long a whole board takes on many machines: on paper, and by a simulation of how units are handed out."""

from __future__ import annotations

import heapq
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from docs.generate.markdown import table

__all__ = ["Run", "board", "on_paper", "simulated"]

ROOT = Path(__file__).parents[2]
RECORDS = ROOT / "leaderboards" / "records"
MEASURED = ROOT / "tests" / "benchmarks" / "measured.json"
SEEDS = 5
MACHINES, DRIVERS = (1, 8, 64), (1, 8, 64)
# Folds and clips of each dataset, leave one subject out: the composite, its three databases, CASME II with five
# classes, and the composite database by database.
DATASETS = ((68, 442), (16, 164), (24, 145), (28, 133), (26, 249), (68, 442))
MEASURED_ON = 442  # clips
INPUT = 3 * 28 * 28 * 4  # bytes of the images of a clip


def _overhead() -> tuple[float, float]:
    """Seconds until the first of 68 folds that compute next to nothing is back from Ray, and of each fold after it."""
    rows = json.loads(MEASURED.read_text("utf-8"))["executors"]["rows"]
    figure = next(one["figure"] for one in rows if one["what"] == "68 folds of milliseconds, --executor ray")
    first, last = map(float, re.findall(r"([\d.]+) s", figure))
    return first, (last - first) / 67


START, EACH = _overhead()


@dataclass(frozen=True)
class Run:
    """Equal units of one run: how many, the seconds of each on a machine, and the bytes that each machine gets."""

    units: int
    seconds: float
    size: int

    @property
    def total(self) -> float:
        """Seconds of all units on one machine."""
        return self.units * (self.seconds + EACH)


def board() -> str:
    """A line for each number of machines and drivers: on paper, simulated, and how busy the machines are."""
    runs = [*_runs()]
    lines = []
    for machines in MACHINES:
        for drivers in (one for one in DRIVERS if one <= machines):
            hours = simulated(runs, machines, drivers) / 3600
            paper = on_paper(runs, machines, drivers) / 3600
            busy = sum(one.total for one in runs) / 3600 / hours / machines
            moved = sum(one.size * min(one.units, math.ceil(machines / drivers)) for one in runs) / 1e9
            lines.append(
                [str(machines), str(drivers), f"{paper:.1f} h", f"{hours:.1f} h", f"{busy:.0%}", f"{moved:.0f} GB"]
            )
    units, total = sum(one.units for one in runs), sum(one.total for one in runs) / 3600
    said = f"{len(runs):,} runs with {units:,} units, {total:,.0f} hours of one machine:"
    return f"{said}\n\n{table(['machines', 'drivers', 'on paper', 'simulated', 'busy', 'sent'], lines)}"


def on_paper(runs: Sequence[Run], machines: int, drivers: int) -> float:
    """Seconds, if no unit waited but for its run: each driver has its share of the runs and of the machines."""
    share = machines / drivers
    return sum(START + max(one.total / share, one.seconds + EACH) for one in runs) / drivers


def simulated(runs: Sequence[Run], machines: int, drivers: int) -> float:
    """Seconds until the last unit is done. A driver carries out one run after another, a free machine takes the next
    unit of the run that waits longest, and a driver takes the next run when all units of its own are done.
    """
    waiting = list(reversed(runs))
    free = machines
    now = 0.0
    events: list[tuple[float, int, int]] = []  # when, which run, and 1 for a unit that is done or 0 for a start
    left: dict[int, list[int]] = {}  # run -> units to hand out, units not done; in the order of starting
    known: dict[int, Run] = {}

    def begin(number: int) -> None:
        if waiting:
            known[number] = waiting.pop()
            heapq.heappush(events, (now + START, number, 0))

    for number in range(drivers):
        begin(number)
    while events:
        now, number, done = heapq.heappop(events)
        if done:
            free += 1
            left[number][1] -= 1
            if not left[number][1]:
                del left[number], known[number]
                begin(number)
        else:
            left[number] = [known[number].units] * 2
        for one, counts in left.items():
            while free and counts[0]:
                counts[0] -= 1
                free -= 1
                heapq.heappush(events, (now + known[one].seconds + EACH, one, 1))
    return now


def _runs() -> Iterator[Run]:
    """Every recipe that has a record on the composite, with every seed and dataset."""
    for folds_at_once, seconds in _measured():
        for folds, clips in DATASETS:
            units = math.ceil(folds / folds_at_once)
            each = seconds / math.ceil(DATASETS[0][0] / folds_at_once) * clips / MEASURED_ON
            yield from [Run(units, each, clips * INPUT)] * SEEDS


def _measured() -> list[tuple[int, float]]:
    """Of each recipe on the composite: how many folds are one unit, and the seconds of its fastest run."""
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for path in sorted(RECORDS.glob("*.json")):
        record: dict[str, Any] = json.loads(path.read_text("utf-8"))
        plan, environment = record["plan"], record["environment"]
        whole = "seconds" in environment and not environment.get("resumed")
        # A policy `inner` trains twice.
        if plan["dataset"] == "composite" and whole and plan["epoch_policy"] != "inner":
            run, name = (environment["engine"]["at_once"], environment["seconds"]), (plan["model"], plan["recipe"])
            found[name] = min(found.get(name, run), run, key=itemgetter(1))
    return [*found.values()]
