"""Whether training on a GPU gives what it should: parity, groups, resuming, and the estimate of memory."""

from __future__ import annotations

import json
import os
import runpy
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from merbench.engine.folds import Grouping, compute_folds
from merbench.engine.grouping import footprint
from merbench.engine.loop import Group, train_group
from merbench.engine.task import FoldOutcome, Task
from tests.benchmarks.gpu_sizes import Sizes, folds, on, task
from tests.benchmarks.row import Row

SMALL = {"dim": 64, "block_repeats": (2, 2, 4)}
# The cases whose networks need nothing but the options that stand here.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "htnet-published": ("merbench_htnet.network:HTNet", {"block_repeats": (2, 2, 10)}),
    "ststnet": ("merbench_shallow.ststnet:STSTNet", {}),
    "sssnet": ("merbench_shallow.sssnet:SSSNet", {}),
}


def together_and_alone(sizes: Sizes, reference: Path | None) -> list[Row]:
    """How far the scores of folds that train at once are from those of each fold alone."""
    rows = []
    for precision in sizes.precisions:
        # SGD: in it a difference of rounding stays one, where Adam divides a tiny gradient by its own size.
        one = on(_small(sizes, precision=precision, optimizer="sgd", lr=0.01, epochs=sizes.epochs), sizes)
        some = folds(sizes, 4)
        grouped = train_group(Group(one, some, stacked=True))
        alone = [train_group(Group(one, [fold], stacked=False))[0] for fold in some]
        furthest = max(_distance(*pair) for pair in zip(grouped, alone, strict=True))
        rows.append(Row(f"{len(some)} folds at once and alone, {precision}", f"scores differ by {furthest:.2g}", HOW))
    return rows


HOW = "a small HTNet, SGD; the largest difference of a class score in any epoch"


def resumed(sizes: Sizes, reference: Path | None) -> list[Row]:
    """Whether a run that was interrupted after its first group has the same scores as one that was not."""
    one, some = on(_small(sizes, epochs=sizes.epochs), sizes), folds(sizes, 4)
    grouping = Grouping("batched", 2, keyed=True)
    whole, again = (_outcomes(one, some, grouping, set()) for _ in range(2))
    first = {fold.name for fold in some[:2]}
    rest = _outcomes(one, some, grouping, first)
    return [
        Row("the same run twice", _same(whole, again), "a small HTNet, 4 folds in groups of 2"),
        Row("a run that was resumed", _same({name: whole[name] for name in rest}, rest), "the second group of both"),
    ]


def parity(sizes: Sizes, reference: Path | None) -> list[Row]:
    """How far logits are from those that the authors' code computes, for the cases beside the real data."""
    named = os.environ.get("MERBENCH_REAL_DATA")
    golden = Path(named).parent / "golden" if named else Path("shared/golden")
    if not golden.is_dir():
        return [Row("parity", "not measured", f"{golden} is no folder; MERBENCH_REAL_DATA names the one beside it")]
    fill = runpy.run_path(str(golden / "fill.py"))["fill"]
    rows = []
    for name, (target, options) in CASES.items():
        facts = json.loads((golden / f"{name}.json").read_text("utf-8"))
        furthest = _from_golden(facts, fill, target, options, sizes)
        rows.append(Row(f"parity of {name}", f"logits differ by {furthest:.2g}", "fp32, wanted below 1e-4"))
    return rows


def _from_golden(facts: dict[str, Any], fill: Any, target: str, options: dict[str, Any], sizes: Sizes) -> float:
    module, _, attribute = target.partition(":")
    network = getattr(import_module(module), attribute)(classes=len(facts["logits"][0]), **options)
    state = {
        tensor: torch.from_numpy(np.asarray(fill(tensor, shape, facts["first_seed"] + number)))
        for number, (tensor, shape) in enumerate(facts["tensors"])
    }
    network.load_state_dict(state)
    inputs = [
        torch.from_numpy(
            (np.random.RandomState(one["seed"]).standard_normal(one["shape"]) * one["scale"]).astype(np.float32)
        )
        for one in facts["inputs"]
    ]
    with torch.no_grad():
        logits = network.eval().to(sizes.device)(*(one.to(sizes.device) for one in inputs))
    return float(np.abs(logits.cpu().numpy() - np.array(facts["logits"])).max())


def memory(sizes: Sizes, reference: Path | None) -> list[Row]:
    """The estimate of a fold's memory beside what the device gave, for a group of several folds."""
    one = on(task(sizes, epochs=min(5, sizes.epochs)), sizes)
    number = min(4, sizes.folds)
    estimated = footprint(one, folds(sizes)[0]).fold_bytes * number
    if sizes.device != "cuda":
        train_group(Group(one, folds(sizes, number), stacked=True))
        return [Row("memory", f"{estimated / 2**30:.2f} GiB estimated", "only a GPU says what was used")]
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    train_group(Group(one, folds(sizes, number), stacked=True))
    used, held = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
    figure = f"{estimated / 2**30:.1f} GiB estimated, {used / 2**30:.1f} used, {held / 2**30:.1f} held by torch"
    return [Row(f"memory of {number} folds of HTNet", figure, "fp32, with recorded steps")]


def _small(sizes: Sizes, **settings: Any) -> Task:
    fits = sizes.options if sizes.device == "cpu" else SMALL
    return task(sizes, options=fits, **settings)


def _outcomes(one: Task, some: list[Any], grouping: Grouping, done: set[str]) -> dict[str, FoldOutcome]:
    groups = compute_folds(replace(one), some, grouping, done, lambda finished: None)
    return {outcome.name: outcome for group in groups for outcome in group}


def _distance(one: FoldOutcome, other: FoldOutcome) -> float:
    return float(np.abs(one.scores - other.scores).max())


def _same(found: dict[str, FoldOutcome], wanted: dict[str, FoldOutcome]) -> str:
    furthest = max(_distance(found[name], wanted[name]) for name in wanted)
    return "the same scores, bit for bit" if furthest == 0 else f"scores differ by {furthest:.2g}"
