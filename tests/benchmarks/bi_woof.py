"""Bi-WOOF on the composite by the regularisation of its support vector machine.

Its first author's code ends with the feature: neither the kernel, nor C, nor class weights are in it. The figures show
how far these decide the score. They are a sensitivity, not a search: no recipe takes its C from here.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare
from merbench.runs.run import run as run_job
from tests.benchmarks.row import Row

VALUES = (0.1, 1, 10, 100, 10_000)
PARTS = ("full", "smic", "casme2", "samm")


def run(reference: Path | None) -> list[Row]:
    """One row per kernel and C; none where MERBENCH_REAL_DATA does not name the data."""
    data = os.environ.get("MERBENCH_REAL_DATA")
    if not data:
        return [Row("Bi-WOOF on the composite", "not measured", "MERBENCH_REAL_DATA is not set")]
    os.environ["MERBENCH_DATA"] = data
    registry = Registry(load(allow=()))
    return [_row(registry, kernel, value) for kernel in ("linear", "rbf") for value in VALUES]


def _row(registry: Registry, kernel: str, value: float) -> Row:
    job = prepare(registry, Request(model="bi-woof", dataset="composite", recipe=kernel, settings=(f"C={value}",)))
    with TemporaryDirectory() as folder:
        scores = run_job(job, Path(folder))[0].scores["last"]
    found = [f"{part} {scores[part].uf1:.3f} / {scores[part].uar:.3f}" for part in PARTS]
    return Row(f"{kernel} kernel, C = {value:g}", found[0].removeprefix("full "), ", ".join(found[1:]))
