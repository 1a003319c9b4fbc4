"""Which committed runs are compared to show what another processor changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from docs.generate.board import entries, runs
from docs.generate.processors import Pair, elsewhere, pairs, processor
from merbench.leaderboard.entries import Entry
from merbench.leaderboard.rows import Row


@pytest.fixture(scope="module")
def found() -> list[Pair]:
    return pairs(entries())


@pytest.fixture(scope="module")
def alike(found: list[Pair]) -> Pair:
    """Two runs of one version of the code on one processor."""
    return next(pair for pair in found if not pair.elsewhere and len(pair.versions) == 1)


def with_plan(entry: Entry, **changed: Any) -> Entry:
    plan = entry.record.plan.model_copy(update=changed)
    return replace(entry, record=entry.record.model_copy(update={"plan": plan}))


def with_environment(entry: Entry, **changed: Any) -> Entry:
    environment = {**entry.record.environment, **changed}
    return replace(entry, record=entry.record.model_copy(update={"environment": environment}))


def on(processor: str, device: str = "cpu") -> dict[str, Any]:
    return {"hardware": {"processor": processor, "device": device}}


def test_the_pairs_on_two_processors_differ_as_counted_by_hand(found: list[Pair]) -> None:
    known = {
        "dual-inception": (0, 0.6807, 0.6807),
        "off-apexnet": (3, 0.7209, 0.7287),
        "rcn-a": (2, 0.7180, 0.7146),
        "rcn-w": (2, 0.7130, 0.7169),
        "sssnet": (9, 0.7111, 0.7102),
    }
    counted = {
        pair.first.record.plan.model: (pair.differing, *(round(value, 4) for value in pair.uf1))
        for pair in found
        if pair.elsewhere
    }
    assert {model: one for model, one in counted.items() if model in known} == known


def test_every_pair_on_two_processors_has_a_control_without_a_difference(found: list[Pair]) -> None:
    """The page puts the differences down to the processor for this reason."""
    for pair in (one for one in found if one.elsewhere):
        model = pair.first.record.plan.model
        same = [
            one
            for one in found
            if not one.elsewhere and one.first.record.plan.model == model and one.versions == pair.versions
        ]
        assert same, model
        assert not any(one.differing for one in same), model


def test_the_order_of_a_pair_is_that_of_the_names_of_its_processors(alike: Pair) -> None:
    later, sooner = with_environment(alike.first, **on("B")), with_environment(alike.second, **on("A"))
    (pair,) = pairs([later, sooner])
    assert pair == Pair(sooner, later)
    assert pair.elsewhere


@pytest.mark.parametrize("name", ["recipe", "epoch_policy", "code"])
def test_runs_are_a_pair_whatever_their_settings_are_called_and_whatever_the_code(alike: Pair, name: str) -> None:
    other: dict[str, Any] = {"recipe": "other", "epoch_policy": "oracle", "code": {}}
    assert len(pairs([alike.first, with_plan(alike.second, **{name: other[name]})])) == 1


@pytest.mark.parametrize("name", ["model", "seed", "settings", "features", "options", "digests", "device"])
def test_runs_that_differ_in_anything_else_are_no_pair(alike: Pair, name: str) -> None:
    plan = alike.first.record.plan.model_dump()
    other: dict[str, Any] = {
        "model": "other",
        "seed": plan["seed"] + 1,
        "settings": {**plan["settings"], "epochs": plan["settings"]["epochs"] + 1},
        "features": [*plan["features"], "more"],
        "options": {"share": 0.5},
        "digests": alike.first.record.plan.digests.model_copy(update={"data": "0" * 64}),
        "device": "cuda",
    }
    assert not pairs([alike.first, with_plan(alike.second, **{name: other[name]})])


def test_runs_under_two_protocols_are_no_pair_but_under_two_names_of_one_they_are(alike: Pair) -> None:
    assert not pairs([alike.first, replace(alike.second, protocol="lodo")])
    assert len(pairs([alike.first, with_plan(alike.second, protocol="composite")])) == 1


def test_a_run_on_two_machines_names_both_processors(alike: Pair) -> None:
    machines = [on("B"), on("A"), on("B")]
    assert processor(with_environment(alike.first, machines=machines)) == "A and B"


def test_a_run_on_a_gpu_names_the_gpu(alike: Pair) -> None:
    assert processor(with_environment(alike.first, **on("A", device="a GPU"))) == "a GPU"


def test_only_seeds_of_both_rows_are_on_another_processor() -> None:
    row: Row = next(one for one in runs() if len(one.entries) == 3)
    zero, one, two = row.entries
    other = replace(row, entries=(with_environment(zero, **on("another")), one))
    third = replace(row, entries=(with_environment(two, **on("another")),))
    assert elsewhere(row, other) == [0]
    assert elsewhere(other, third) == []
