"""What another processor changes: committed runs of the composite that are alike but for their processor and code."""

from __future__ import annotations

import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from docs.generate.board import entries, record_paths
from docs.generate.markdown import decimal, table
from merbench.leaderboard.entries import Entry
from merbench.leaderboard.rows import Row
from merbench.runs.schema import Plan

__all__ = ["Pair", "compared", "elsewhere", "most", "pairs", "processor"]

# What two runs of a pair need not share: the name of the settings, the epoch that counts (the last epoch is compared),
# the versions of the code, and the protocol's name, which changed. The environment is not part of a plan.
ASIDE = {"recipe", "epoch_policy", "code", "protocol"}
HEAD = ["model", "recipe", "seed", "processors", "answers that differ", "UF1 of each", "versions of the code"]
CONTROL = "the same versions on one processor"


@dataclass(frozen=True)
class Pair:
    """Two runs of the same model, data, folds, settings and seed, in the order of their processors' names."""

    first: Entry
    second: Entry

    @property
    def elsewhere(self) -> bool:
        """Whether the processors differ."""
        return processor(self.first) != processor(self.second)

    @property
    def versions(self) -> frozenset[frozenset[str]]:
        """The one or two versions of the code, each as the digests of all plugins that took part."""
        return frozenset(map(_code, (self.first, self.second)))

    @property
    def differing(self) -> int:
        """How many clips are answered differently after the last epoch."""
        first, second = self._last()
        return sum(first[clip]["predicted"] != second[clip]["predicted"] for clip in first)

    @property
    def exact(self) -> bool:
        """Whether all class scores after the last epoch are the same, to the last digit that a record has."""
        first, second = self._last()
        return first == second

    @property
    def uf1(self) -> tuple[float, float]:
        """UF1 of all clips after the last epoch."""
        first, second = (one.figures["last"]["full"]["uf1"].value for one in (self.first, self.second))
        return first, second

    @property
    def grouped_alike(self) -> bool:
        """Whether both trained the same number of folds at once."""
        first, second = (one.record.environment["engine"]["at_once"] for one in (self.first, self.second))
        return bool(first == second)

    def _last(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        return _last_epoch(self.first.record.id), _last_epoch(self.second.record.id)


def pairs(found: Iterable[Entry]) -> list[Pair]:
    """Each two runs whose plans differ in nothing but what `ASIDE` names, by model, recipe and seed."""
    alike = defaultdict(list)
    for entry in found:
        if isinstance(entry.record.plan, Plan) and entry.split_subjects is not None:  # None: it has counts alone
            alike[_decisive(entry)].append(entry)
    every = [Pair(*sorted(two, key=processor)) for runs in alike.values() for two in combinations(runs, 2)]
    return sorted(every, key=_label)


def processor(entry: Entry) -> str:
    """The processor of a run, or its GPU; of a run on several machines, all kinds."""
    environment = entry.record.environment
    machines = [one["hardware"] for one in environment.get("machines") or [environment]]
    return " and ".join(sorted({one["processor" if one["device"] == "cpu" else "device"] for one in machines}))


def elsewhere(row: Row, other: Row) -> list[int]:
    """The seeds that two rows share, and that ran on another processor in one than in the other."""
    first, second = ({_plan(entry).seed: processor(entry) for entry in one.entries} for one in (row, other))
    return sorted(seed for seed in first.keys() & second.keys() if first[seed] != second[seed])


def compared() -> str:
    """A line for each pair on two processors, the most that they differ, and the control: pairs on one."""
    found = pairs(entries())
    here = [pair for pair in found if not pair.elsewhere]
    lines = [_line(pair, here) for pair in found if pair.elsewhere]
    return f"{table([*HEAD, CONTROL], lines)}\n\n{most()}\n\n{_control(here)}"


def most() -> str:
    """The most by which two runs on two processors differ, in a sentence."""
    found = [pair for pair in pairs(entries()) if pair.elsewhere]
    if not found:
        return "The committed records have no two runs of the same settings and seed on two processors."
    answers = max(found, key=lambda pair: pair.differing)
    versions = sum(len(pair.versions) > 1 for pair in found)
    return (
        f"The committed records have {len(found)} pairs of runs with the same model, settings and seed on two "
        f"processors, {versions} of them also with two versions of the code. "
        f"{sum(pair.differing > 0 for pair in found)} of the pairs differ, by up to {_share(answers)} "
        f"answers and up to {decimal(max(abs(pair.uf1[0] - pair.uf1[1]) for pair in found))} of UF1."
    )


def _line(pair: Pair, here: Sequence[Pair]) -> list[object]:
    same = [one for one in here if _label(one)[:2] == _label(pair)[:2] and one.versions == pair.versions]
    model, recipe, seed = _label(pair)
    return [
        f"`{model}`",
        recipe,
        seed,
        " / ".join(map(processor, (pair.first, pair.second))),
        _share(pair),
        " / ".join(decimal(value, 4) for value in pair.uf1),
        len(pair.versions),
        ", ".join(f"seed {_label(one)[2]}: {_share(one)}" for one in same) or "-",
    ]


def _control(here: Sequence[Pair]) -> str:
    """What the pairs on one processor show, in sentences."""
    versions = sum(len(pair.versions) > 1 for pair in here)
    inexact = [pair for pair in here if not pair.exact]
    regrouped = sum(not pair.grouped_alike for pair in inexact)
    return (
        f"{len(here)} more pairs ran on one processor, {versions} of them with two versions of the code. Answers "
        f"differ in {sum(pair.differing > 0 for pair in here)} of these pairs. Class scores differ, to the last digit, "
        f"in {len(inexact)}; of these, {regrouped} trained another number of folds at once."
    )


def _share(pair: Pair) -> str:
    return f"{pair.differing} of {pair.first.record.clips}"


def _label(pair: Pair) -> tuple[str, str, int]:
    plan = _plan(pair.first)
    return plan.model, plan.recipe, plan.seed


def _plan(entry: Entry) -> Plan:
    plan = entry.record.plan
    assert isinstance(plan, Plan), f"{entry.id} was handed in, not run"
    return plan


def _decisive(entry: Entry) -> str:
    """What both runs of a pair share, as text; the protocol by today's name."""
    shared = {**_plan(entry).model_dump(mode="json", exclude=ASIDE), "protocol": entry.protocol}
    return json.dumps(shared, sort_keys=True)


def _code(entry: Entry) -> frozenset[str]:
    return frozenset(f"{name} {one.digest}" for name, one in _plan(entry).code.items())


@functools.cache
def _last_epoch(record: str) -> Mapping[str, Any]:
    """The prediction of each clip after the last epoch, from the file: an entry has no clips of the composite."""
    rows = json.loads(record_paths()[record].read_text("utf-8"))["predictions"]
    return {one["clip"]: one["policies"]["last"] for one in rows}
