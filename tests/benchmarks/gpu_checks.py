"""Whether training on a GPU gives what it should: parity, groups, resuming, and the estimate of memory."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from merbench_causalnet.network import CausalNet
from merbench_hsta.network import HSTA
from merbench_htnet.network import HTNet
from merbench_mmnet.network import MMNet
from merbench_shallow.sssnet import SSSNet
from merbench_shallow.ststnet import STSTNet
from torch import Tensor, nn

from merbench.engine.folds import Grouping, compute_folds
from merbench.engine.grouping import footprint
from merbench.engine.loop import Group, train_group
from merbench.engine.task import FoldOutcome, Task
from tests.benchmarks.gpu_sizes import Sizes, folds, on, task
from tests.benchmarks.row import Row

SMALL = {"dim": 64, "block_repeats": (2, 2, 4)}
LARGE = 50_000_000  # parameters of a network that a CPU need not compare: its own tests do


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
    grouping = Grouping("batched", 2)
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
    cases = [json.loads(path.read_text("utf-8")) for path in sorted(golden.glob("*.json"))]
    return [_compared(facts, fill, sizes) for facts in cases]


def _compared(facts: dict[str, Any], fill: Any, sizes: Sizes) -> Row:
    what = f"parity of {facts['model']}"
    if sizes.device == "cpu" and facts["parameters"] > LARGE:
        return Row(what, "not measured", f"{facts['parameters']} parameters are left to a GPU")
    network, forward = _network(facts["model"], dict(facts["config"]))
    state = {
        tensor: torch.from_numpy(np.asarray(fill(tensor, shape, facts["first_seed"] + number)))
        for number, (tensor, shape) in enumerate(facts["tensors"])
    }
    network.load_state_dict(state)
    network.eval().to(sizes.device)
    inputs = [
        torch.from_numpy(
            (np.random.RandomState(one["seed"]).standard_normal(one["shape"]) * one["scale"]).astype(np.float32)
        )
        for one in facts["inputs"]
    ]
    with torch.no_grad():
        logits = forward(*(one.to(sizes.device) for one in inputs))
    furthest = float(np.abs(logits.cpu().numpy() - np.array(facts["logits"])).max())
    return Row(what, f"logits differ by {furthest:.2g}", "fp32, wanted below 1e-4")


def _network(model: str, config: dict[str, Any]) -> tuple[nn.Module, Callable[..., Tensor]]:
    """The network of a parity case, and what computes its logits from the inputs of the case."""
    network: Any
    if model.startswith("hsta"):
        depths, _ = config.pop("depth"), config.pop("head_mode")
        network = HSTA(**config, stages=len(depths), depth=depths[0][:2])
        return network, lambda x: network((x.transpose(1, 2) * network.image_std + network.image_mean) * 255)
    if model.startswith("mmnet"):
        spare = model.removeprefix("mmnet-").removesuffix("-script").replace("class", "-class")
        network = MMNet(config.pop("outputs"), **config, spare=spare)
        return network, network.logits
    for follows in ("num_hierarchies", *(["patch_size"] if model == "causalnet" else [])):
        config.pop(follows, None)
    network = OF_FLOW[model.partition("-")[0]](**config)
    return network, network


OF_FLOW: dict[str, Callable[..., nn.Module]] = {
    "htnet": HTNet,
    "causalnet": CausalNet,
    "ststnet": STSTNet,
    "sssnet": partial(SSSNet, divisor=1),
}


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
