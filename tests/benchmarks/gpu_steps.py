"""How long training steps take on a GPU, and where the time goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from merbench_mmnet.neighbours import CANDIDATES
from torch import nn
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from merbench.engine.grouping import folds_at_once, footprint, why_not_batched
from merbench.engine.loop import Group
from merbench.engine.recorded import Recordings, own_stream
from merbench.engine.steps import epoch_steps
from merbench.engine.task import Task
from merbench.plugin.calls import memory_is_full
from tests.benchmarks.gpu_sizes import Sizes, folds, on, seconds, task
from tests.benchmarks.released import clone, released
from tests.benchmarks.row import Row

EPOCHS = 800
LARGE = 224  # images of this side: few clips and folds, whose memory would else be that of the clips
PRODUCTS = ("mm", "conv", "linear", "attention")  # parts of names of operations
OPTIMISER = ("adam", "sgd", "foreach")
# Name → the network, the shape of a clip, options, and the batch of its script.
OTHERS: dict[str, tuple[str, tuple[int, ...], dict[str, Any], int]] = {
    "STSTNet": ("merbench_shallow.ststnet:STSTNet", (3, 28, 28), {}, 256),
    "RCN": ("merbench_shallow.rcn:RCN", (3, 28, 28), {"shortcut": True}, 64),
    "OFF-ApexNet": ("merbench_shallow.off_apexnet:OFFApexNet", (3, 28, 28), {}, 64),
    "HSTA": ("merbench_hsta.network:HSTA", (8, 3, 224, 224), {}, 8),
    "MMNet": ("merbench_mmnet.network:MMNet", (2, CANDIDATES, 3, 224, 224), {}, 24),
}


@contextmanager
def training(task: Task, number: int, sizes: Sizes, *, stacked: bool = True) -> Iterator[Group]:
    """A group in training mode, on a stream that can be recorded."""
    with own_stream(sizes.device):
        group = Group(on(task, sizes), folds(sizes, number), stacked=stacked)
        group.network.mode(True)
        yield group


def step_seconds(task: Task, number: int, sizes: Sizes, *, stacked: bool = True, recorded: bool = True) -> float:
    """Seconds of one optimiser step of `number` folds at once."""
    with training(task, number, sizes, stacked=stacked) as group:
        if not recorded:
            group.recordings = Recordings("to compare")
        batch = epoch_steps(group.task, group.folds, 0)[0]
        return seconds(partial(group.step, batch), sizes)


def folds_and_precisions(sizes: Sizes, reference: Path | None) -> list[Row]:
    """The released script's step where a clone is there; ours for several numbers of folds in each precision."""
    rows, first = [], None
    if folder := clone(reference, "HTNet"):
        first = seconds(released_step(folder, sizes), sizes)
        rows.append(Row("HTNet as released, step", told(first), f"one fold, fp32, batch {sizes.batch}"))
    for precision in sizes.precisions:
        for number in sizes.at_once:
            what = f"HTNet, step of {number} fold(s), {precision}"
            try:
                found = step_seconds(task(sizes, precision=precision), number, sizes)
            except RuntimeError as error:
                if not memory_is_full(error):
                    raise
                rows.append(Row(what, "memory is too small", f"batch {sizes.batch}"))
                continue
            first = first or found
            times = f"{told(found)}, {told(found / number)} a fold: {number * first / found:.2f} times the first row's"
            rows.append(Row(what, times, f"batch {sizes.batch}"))
    return rows


def released_step(folder: Path, sizes: Sizes) -> partial[None]:
    """A step as in the released script, on the device."""
    options = {"image_size": 28, "patch_size": 7, "dim": 256, "heads": 3, "block_repeats": (2, 2, 10), **sizes.options}
    network = released("HTNet", folder / "Model.py")(**options, num_classes=3, num_hierarchies=3).to(sizes.device)
    images = torch.rand(sizes.batch, 3, 28, 28, device=sizes.device)
    labels = torch.arange(sizes.batch, device=sizes.device) % 3
    return partial(plain_step, network, torch.optim.Adam(network.parameters(), lr=5e-5), images, labels)


def plain_step(
    network: nn.Module, optimizer: torch.optim.Optimizer, images: torch.Tensor, labels: torch.Tensor
) -> None:
    """Forward, backward, optimiser."""
    optimizer.zero_grad()
    functional.cross_entropy(network(images), labels).backward()
    optimizer.step()


def recorded_and_not(sizes: Sizes, reference: Path | None) -> list[Row]:
    """What recordings of steps gain: little for large networks, much for small ones."""
    rows = []
    for name, one in (("HTNet", task(sizes)), ("STSTNet", task(sizes, OTHERS["STSTNet"][0], options={}))):
        found, plain = (step_seconds(one, 1, sizes, stacked=False, recorded=flag) for flag in (True, False))
        figure = f"{told(found)}, without a recording {told(plain)}: {plain / found:.2f} times as fast"
        rows.append(Row(f"{name}, recorded step of one fold", figure, "fp32"))
    return rows


def compiled_and_not(sizes: Sizes, reference: Path | None) -> list[Row]:
    """What `torch.compile` gains, and the time until the first step is there."""
    rows = []
    for name, one in (("HTNet", task(sizes)), ("STSTNet", task(sizes, OTHERS["STSTNet"][0], options={}))):
        plain, started = step_seconds(one, 1, sizes), time.perf_counter()
        found = step_seconds(replace(one, compiled=True), 1, sizes)
        took = time.perf_counter() - started
        figure = f"{told(found)}, not compiled {told(plain)}: {plain / found:.2f} times as fast"
        rows.append(Row(f"{name}, compiled step of one fold", figure, f"fp32; {took:.0f} s with the compilation"))
    return rows


def shares(sizes: Sizes, reference: Path | None) -> list[Row]:
    """Which share of a step's time on the device is matrix products, optimiser, and everything else."""
    activity = ProfilerActivity.CUDA if sizes.device == "cuda" else ProfilerActivity.CPU
    number = min(16, sizes.folds)
    rows = []
    for precision in sizes.precisions:
        with training(task(sizes, precision=precision), number, sizes) as group:
            group.recordings = Recordings("profiled")
            batch = epoch_steps(group.task, group.folds, 0)[0]
            group.step(batch)
            with profile(activities={ProfilerActivity.CPU, activity}) as found:
                group.step(batch)
        times = dict.fromkeys(("matrix products", "optimiser", "everything else"), 0.0)
        for event in found.key_averages():
            if event.key.startswith("aten::"):
                on_gpu = sizes.device == "cuda"
                times[_kind(event.key)] += event.self_device_time_total if on_gpu else event.self_cpu_time_total
        whole = sum(times.values()) or 1.0
        figure = ", ".join(f"{name} {spent / whole:.0%}" for name, spent in times.items())
        rows.append(Row(f"HTNet, parts of a step, {precision}", figure, f"{number} folds, {whole / 1000:.3g} ms"))
    return rows


def _kind(name: str) -> str:
    if any(part in name for part in OPTIMISER):
        return "optimiser"
    return "matrix products" if any(part in name for part in PRODUCTS) else "everything else"


def whole_run(sizes: Sizes, reference: Path | None) -> list[Row]:
    """All folds and epochs of HTNet as published, from an epoch with its predictions, in as large groups as fit."""
    rows = []
    for precision in sizes.precisions:
        one = on(task(sizes, precision=precision, order="by-class"), sizes)
        number = folds_at_once(one, footprint(one, folds(sizes)[0]), sizes.folds)
        with training(one, number, sizes) as group:
            found = seconds(partial(_epoch, group), sizes)
        whole = found * sizes.folds / number * EPOCHS
        figure = f"{whole:.0f} s, extrapolated from an epoch of {told(found)}"
        rows.append(Row(f"HTNet, {sizes.folds} folds x {EPOCHS} epochs, {precision}", figure, f"{number} at once"))
    return rows


def _epoch(group: Group) -> None:
    group.epoch(0)
    group.scores()


def others(sizes: Sizes, reference: Path | None) -> list[Row]:
    """Steps of other networks, a fold at a time and, where they can be, at once."""
    rows = []
    for name in sizes.others:
        network, shape, options, batch = OTHERS[name]
        own = replace(sizes, clips=2 * batch, folds=4) if shape[-1] == LARGE else sizes
        one = task(own, network, shape, options=options, batch_size=min(batch, sizes.batch))
        alone = step_seconds(one, 1, own, stacked=False)
        if why := why_not_batched(one, folds(own)[0]):
            rows.append(Row(f"{name}, step", told(alone), f"batch {batch}, one fold at a time: {why}"))
            continue
        together = step_seconds(one, own.folds, own) / own.folds
        figure = f"{told(alone)} alone, {told(together)} at once: {alone / together:.1f} times as fast"
        rows.append(Row(f"{name}, step of a fold", figure, f"batch {batch}, {own.folds} folds at once"))
    return rows


def told(value: float) -> str:
    """With a unit in which three digits say enough."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.3g} ms"
