"""Whole runs on the real composite, as a user types them: wall time and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.row import Row

RUNS = (("flow-lr", "default"), ("htnet", "quick"))


def run(reference: Path | None) -> list[Row]:
    """One row per run; none where MERBENCH_REAL_DATA does not name the data."""
    data = os.environ.get("MERBENCH_REAL_DATA")
    if not data:
        return [Row("runs on the composite", "not measured", "MERBENCH_REAL_DATA is not set")]
    return [_row(model, recipe, data) for model, recipe in RUNS]


def _row(model: str, recipe: str, data: str) -> Row:
    with tempfile.TemporaryDirectory() as out:
        command = [
            "run",
            "--model",
            model,
            "--recipe",
            recipe,
            "--dataset",
            "composite",
            "--out",
            out,
            "--json",
            "--device",
            "cpu",
        ]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "merbench", *command],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "MERBENCH_DATA": data},
        )
        seconds = time.perf_counter() - started
    memory = json.loads(done.stdout)["environment"]["peak_memory_bytes"]
    figure = f"{seconds:.0f} s, {memory / 2**30:.2f} GiB"
    return Row(f"{model} {recipe} on the composite, 68 folds", figure, f"{os.cpu_count()} cores, fp32")
