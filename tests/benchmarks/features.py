"""Clips of 640x480 to the input of HTNet: how fast, what bounds it, and how fast it is read back; and training from a
file: how much memory.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from merbench.features.profile import SAMPLE
from merbench.plugin.calls import Author
from tests.benchmarks.rendered import FRAMES
from tests.benchmarks.row import Row

CLIPS = int(os.environ.get("MERBENCH_BENCHMARK_CLIPS", "442"))
DRAWN = 12  # of them, each under many names: every clip is computed, though few are drawn
FEATURE = "htnet-regions"


def run(reference: Path | None) -> list[Row]:
    """Rows for extraction and for memory in training; the reference has no part in it."""
    with tempfile.TemporaryDirectory() as folder:
        return [*_extraction(Path(folder)), *_training(Path(folder))]


def _extraction(folder: Path) -> list[Row]:
    _render(folder / "data" / "rendered")
    environment = {
        **os.environ,
        "MERBENCH_DATA": str(folder / "data"),
        "MERBENCH_CACHE": str(folder / "cache"),
    }
    plugin = str(Path(__file__).with_name("rendered.py"))
    command = [sys.executable, "-m", "merbench", "features", "extract", "--plugin", plugin, "--dataset", "rendered"]
    seconds, busy = _timed([*command, "--feature", FEATURE], environment)
    again, _ = _timed([*command, "--feature", FEATURE], environment)
    cores = joblib.cpu_count()
    conditions = f"{CLIPS} rendered clips of {FRAMES} frames of 640x480, {cores} cores"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    stages = subprocess.run(
        [*command, "--feature", FEATURE, "--profile"], env=environment, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return [
        Row(f"clips to {FEATURE}", f"{CLIPS / seconds / cores:.2f} clips/s per core", conditions),
        Row("cores busy meanwhile", f"{busy / seconds / cores:.0%}", conditions),
        Row("peak memory of the largest process", f"{peak:.0f} MiB", conditions),
        Row("the same again, from the cache", f"{again:.1f} s", conditions),
        *stage_rows(stages),
    ]


def stage_rows(lines: list[str]) -> list[Row]:
    """The rows of what `merbench features extract --profile` prints: a heading, a line for each feature, the pace."""
    cells = [line.split() for line in lines[1:-1]]
    conditions = f"mean of {SAMPLE} clips on one core, processor time; merbench features extract --profile"
    return [Row(f"stage {name}", f"{cost} ms, {share}", conditions) for name, cost, share in cells]


def _render(folder: Path) -> None:
    import cv2
    from merbench_demo.video import render

    for number in range(CLIPS):
        clip = folder / f"s{number % 20:02}-{number:03}"
        clip.mkdir(parents=True)
        if number < DRAWN:
            drawn = render(
                f"s{number:02}", str(number), ("negative", "positive", "surprise")[number % 3], frames=FRAMES
            )
            for place in range(FRAMES):
                cv2.imwrite(str(clip / f"{place}.jpg"), drawn.image(place)[..., ::-1])
        else:
            for place in range(FRAMES):
                os.link(folder / f"s{number % DRAWN:02}-{number % DRAWN:03}" / f"{place}.jpg", clip / f"{place}.jpg")


def _timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall time and time of processors, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - started, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _training(folder: Path) -> list[Row]:
    rows = []
    for shape, kind, counts in (((3, 28, 28), "float32", (2500, 10_000)), ((16, 3, 224, 224), "uint8", (250, 1000))):
        what = f"peak memory of training on {' x '.join(map(str, shape))} {kind}"
        for count in counts:
            command = [sys.executable, "-m", "tests.benchmarks.features", str(folder), str(count), kind]
            done = subprocess.run([*command, *map(str, shape)], check=True, capture_output=True, text=True)
            size, before, peak = map(int, done.stdout.split())
            figure = f"{peak} MiB, of which {peak - before} since torch was loaded"
            rows.append(Row(what, figure, f"{count} clips, {size} MiB on disk, one epoch on the CPU"))
    return rows


def _train(folder: Path, count: int, kind: str, shape: tuple[int, ...]) -> None:
    """One epoch over so many clips, mapped as the feature store maps them; prints sizes in MiB."""
    import torch

    from merbench.engine.loop import Group, train_group
    from merbench.engine.task import Task
    from merbench.features.resolve import Resolved
    from merbench.features.store import Store
    from merbench.plugin.specs import Recipe
    from merbench.protocols import Fold

    store = Store(folder, Resolved("benchmark"))
    for clip in range(count):
        store.keep(str(clip), np.full(shape, clip % 200, kind))
    array = store.array([str(clip) for clip in range(count)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    torch.set_num_threads(1)
    recipe = Recipe(epochs=1, batch_size=16, standardize=True)
    author = Author.of("model small", "benchmarks")
    task = Task(
        build=Small,
        author=author,
        arrays=(array,),
        labels=np.arange(count) % 3,
        classes=3,
        recipe=recipe,
    )
    train_group(Group(task, [Fold(name="one", train=np.arange(count), test=np.arange(count), seed=0)], stacked=False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(array.nbytes // 2**20, before // 2**10, peak // 2**10)


def Small() -> Any:  # noqa: N802
    """A network that costs next to nothing: the mean of each image's rows, and a linear layer."""
    from torch import nn

    return nn.Sequential(nn.Flatten(), nn.AdaptiveAvgPool1d(64), nn.Linear(64, 3))


if __name__ == "__main__":
    _train(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], tuple(map(int, sys.argv[4:])))
