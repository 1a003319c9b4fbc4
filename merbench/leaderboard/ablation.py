"""Compare the runs of one configuration under several values of a setting."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from merbench.errors import OptionError, UnknownName, and_more
from merbench.leaderboard.boards import counts_of
from merbench.leaderboard.entries import Entry
from merbench.leaderboard.rows import Row, make_rows
from merbench.leaderboard.statistics import holm
from merbench.plugin.registry import Registry
from merbench.runs.changes import as_text, changes
from merbench.runs.schema import Plan
from merbench.scores import PairedTest, compare_confusions

__all__ = ["Ablation", "Line", "ablations", "left_out"]

DEFAULT = "default"  # the value of an option that neither recipe nor run names
NAMED = 3  # of the differences of an entry that is left out


@dataclass(frozen=True)
class Line:
    """The runs with one value: their row, and the paired test by UF1 against the base; None for the base itself."""

    value: str
    row: Row
    test: PairedTest | None


@dataclass(frozen=True)
class Ablation:
    """Runs that differ in one setting alone, and in their seeds.

    Attributes:
        plan: of the base: the runs with the recipe's own value or the default, or else with the lowest value.
        lines: the base, then the other values in their order. Tests are corrected by Holm's method.
    """

    plan: Plan
    lines: tuple[Line, ...]


def ablations(entries: Sequence[Entry], option: str, registry: Registry) -> list[Ablation]:
    """The groups of runs that differ only in `option`, the largest group first.

    Args:
        entries: of any records; those without the option, and those that nothing differs from, are left out.
        option: what `--set` can name: a setting of recipes, an option of a model, or a feature with variants.
        registry: of models and protocols.

    Raises:
        UnknownName: no record has the option.
        OptionError: no two records differ in the option alone.
    """
    found = [one for one in entries if isinstance(one.record.plan, Plan)]
    rows = make_rows(found, registry)
    if not any(option in _given(_plan(row)) for row in rows):
        known = {name for one in found for name in _given(one.record.plan)}
        raise UnknownName("option", option, known, "options of these records: " + ", ".join(sorted(known)))
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(json.dumps(_rest(_plan(row), option), sort_keys=True), []).append(row)
    # Two rows of a group differ in the option, so one of them has it.
    compared = [group for group in groups.values() if len(group) > 1]
    if not compared:
        values = sorted({_value(row, option) for row in rows if option in _given(_plan(row))})
        raise OptionError(
            f"no two records differ in {option} alone (found: {', '.join(values)}); run again with --set "
            f"{option}=VALUE and the same code, data and other options"
        )
    return [_ablation(group, option, registry) for group in sorted(compared, key=len, reverse=True)]


def left_out(entries: Sequence[Entry], found: Sequence[Ablation], option: str) -> dict[str, str]:
    """Why entries are in no group: their id -> in what they differ from the first group."""
    compared = {entry.id for one in found for line in one.lines for entry in line.row.entries}
    base = _rest(found[0].plan, option)
    why = {}
    for entry in (one for one in entries if one.id not in compared):
        plan = entry.record.plan
        if isinstance(plan, Plan):
            rest = _rest(plan, option)
            names = [name for name in dict.fromkeys((*base, *rest)) if base.get(name, base) != rest.get(name, rest)]
            why[entry.id] = f"differs in {and_more(names, NAMED)}"
        else:
            why[entry.id] = "was handed in, so its options are not known"
    return why


def _ablation(rows: list[Row], option: str, registry: Registry) -> Ablation:
    def order(row: Row) -> tuple[bool, float, str]:
        value = _given(_plan(row)).get(option)
        number = float(value) if isinstance(value, int | float) else math.inf
        return option in changes(_plan(row), registry), number, _value(row, option)

    base, *others = sorted(rows, key=order)
    tests = [compare_confusions(counts_of(row), counts_of(base)) for row in others]
    corrected = holm([one.p_value for one in tests])
    lines = [Line(_value(base, option), base, None)]
    for row, test, p_value in zip(others, tests, corrected, strict=True):
        lines.append(Line(_value(row, option), row, PairedTest(test.difference, test.interval, p_value)))
    return Ablation(_plan(base), tuple(lines))


def _plan(row: Row) -> Plan:
    plan = row.entries[0].record.plan
    assert isinstance(plan, Plan)
    return plan


def _given(plan: Any) -> dict[str, Any]:
    """What `--set` can name, with its value: variants of features, options, settings."""
    variants = {name: variant for name, variant in map(_feature, plan.features) if variant}
    return {**variants, **plan.options, **plan.settings}


def _feature(described: str) -> tuple[str, str]:
    """Name and variant of `flow-28@tvl1 v2 (...)`; the variant is empty if it has none."""
    name, _, variant = described.split(" ")[0].partition("@")
    return name, variant


def _value(row: Row, option: str) -> str:
    given = _given(_plan(row))
    return as_text(given[option]) if option in given else DEFAULT


def _rest(plan: Plan, option: str) -> dict[str, Any]:
    """Everything else that decides the outcome, but the seed; another variant of a feature gives other data."""
    content = plan.model_dump(mode="json", exclude={"seed", "settings", "options"})
    if option in {name for name, variant in map(_feature, plan.features) if variant}:
        content["features"] = [one for one in plan.features if _feature(one)[0] != option]
        del content["digests"]["data"]
    return content | {f"--set {name}": value for name, value in _given(plan).items() if name != option}
