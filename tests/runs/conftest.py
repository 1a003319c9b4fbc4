"""Small runs of every kind on the demo, each made once, and a view of a record without what no two runs share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main

SMALL = ("dim=8", "heads=1", "block_repeats=1,1,1", "epochs=2", "batch_size=64")
NETWORK = ("--model", "htnet", "--device", "cpu", *(word for setting in SMALL for word in ("--set", setting)))
# Six folds: a group of four that train at once, and a group of two.
SIX = ("--folds", "demo-a/a0[1-6]")
FIT = ("--plugin", str(Path(__file__).with_name("own_loop.py")), "--model", "own-loop", "--device", "cpu")
KINDS = {
    "batched": (*NETWORK, *SIX),
    "inner": (*NETWORK, *SIX, "--epoch-policy", "inner"),
    "sequential": ("--model", "ststnet", "--device", "cpu", "--set", "epochs=2", *SIX),
    "estimator": ("--model", "flow-lr"),
    "fit": (*FIT, "--epoch-policy", "inner", *SIX),
}

Run = Callable[..., Path]


def run_in(out: Path, *argv: str) -> Path:
    """`merbench run --dataset demo ... --out OUT`, which must succeed; the one record in OUT."""
    assert main(["run", "--dataset", "demo", *argv, "--out", str(out)]) == 0
    (record,) = out.glob("*/record.json")
    return record


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Kind of run to the record of one that was let alone; not to be changed."""
    made: dict[str, Path] = {}

    def record(kind: str) -> Path:
        if kind not in made:
            made[kind] = run_in(tmp_path_factory.mktemp(kind), *KINDS[kind])
        return made[kind]

    return record


@pytest.fixture(scope="session")
def kinds() -> dict[str, tuple[str, ...]]:
    """Kind of run to its arguments."""
    return KINDS


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a command into a folder and gives the path of the record."""
    return run_in


@pytest.fixture(scope="session")
def without_times() -> Callable[[Path], str]:
    """A record file without times, cores, peak memory and date: all that two equal runs may differ in."""

    def blanked(path: Path) -> str:
        text = path.read_text()
        record: dict[str, Any] = json.loads(text)
        record.pop("digest")  # of the times too
        for name in ("finished", "peak_memory_bytes", "resumed", "seconds"):
            assert record["environment"].pop(name) is not None
        record["environment"]["hardware"].pop("cores")
        # Runs have the same one, but a checkout may be committed to while its tests run.
        record["environment"]["merbench"].pop("commit")
        for fold in record["folds"]:
            assert fold.pop("seconds") >= 0
        # Blanked after the order and the layout were seen to be the same: only the figures may differ.
        return json.dumps(record)

    return blanked
