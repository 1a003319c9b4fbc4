"""Training on a GPU: `python -m tests.benchmarks gpu`, or with a budget of time
`python -m tests.benchmarks.gpu --minutes 9 --out DIR`, which saves the rows after each part.

All parts run on a CPU as well, where tests run them with tiny sizes: nothing is run for the first time on a lent GPU.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from merbench.errors import one_line
from tests.benchmarks import gpu_checks, gpu_steps
from tests.benchmarks.gpu_sizes import PUBLISHED, Sizes
from tests.benchmarks.row import Row

Part = Callable[[Sizes, Path | None], list[Row]]
# What is dearest to know comes first: the budget may end before the last part.
PARTS: dict[str, Part] = {
    "HTNet's step": gpu_steps.folds_and_precisions,
    "recorded steps": gpu_steps.recorded_and_not,
    "compiled steps": gpu_steps.compiled_and_not,
    "fold batches": gpu_checks.together_and_alone,
    "resume": gpu_checks.resumed,
    "parity": gpu_checks.parity,
    "parts of a step": gpu_steps.shares,
    "memory": gpu_checks.memory,
    "whole run": gpu_steps.whole_run,
    "other networks": gpu_steps.others,
}
NONE = "gpu: torch finds no CUDA device on this machine, so nothing is measured"


def run(reference: Path | None) -> list[Row]:
    """All parts on this machine's GPU; a line on the terminal and no rows without one."""
    if not torch.cuda.is_available():
        print(NONE)
        return []
    return [row for _, rows in measured(PUBLISHED, reference, PARTS, minutes=60) for row in rows]


def measured(
    sizes: Sizes, reference: Path | None, parts: dict[str, Part], minutes: float
) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each part. A part that fails, or for which no time is left, is a row that says so."""
    started = time.perf_counter()
    for name, part in parts.items():
        if time.perf_counter() - started > 60 * minutes:
            yield name, [Row(name, "not measured", f"{minutes:g} minutes were over")]
            continue
        try:
            rows = part(sizes, reference)
        except Exception as error:  # a part that nobody could run before must not cost the others
            rows = [Row(name, "failed", f"{type(error).__name__}: {one_line(error)[:300]}")]
        yield name, [row._replace(conditions=f"{card(sizes.device)}; {row.conditions}") for row in rows]
        if sizes.device == "cuda":
            torch.cuda.empty_cache()


def card(device: str) -> str:
    """The name of the GPU, or that it is a CPU, with torch's version."""
    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    return f"{name}, PyTorch {torch.__version__}"


def main(argv: Sequence[str] | None = None, sizes: Sizes = PUBLISHED) -> None:
    """Measures the parts within the budget; prints and saves each as soon as it is there."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--minutes", type=float, default=9, help="no part begins after that (default: 9)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where gpu.json is written")
    parser.add_argument("--reference", type=Path, metavar="PATH", help="a folder with a clone of HTNet")
    parser.add_argument("--only", choices=PARTS, help="one part")
    asked = parser.parse_args(argv)
    if sizes.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(NONE)
    asked.out.mkdir(parents=True, exist_ok=True)
    parts = {name: part for name, part in PARTS.items() if asked.only in (None, name)}
    saved: list[dict[str, str]] = []
    for _, rows in measured(sizes, asked.reference, parts, asked.minutes):
        for row in rows:
            print(f"| {row.what} | {row.figure} | {row.conditions} |", flush=True)
            saved.append(row._asdict())
        (asked.out / "gpu.json").write_text(json.dumps(saved, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
