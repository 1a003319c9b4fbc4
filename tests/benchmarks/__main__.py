"""Runs the benchmarks named, or all, and prints one table (Markdown)."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import (
    composite,
    features,
    folds,
    handcrafted,
    hsta,
    leaderboard,
    mmnet,
    quick_recipe,
    shallow,
    startup,
    training_step,
)
from tests.benchmarks.released import CLONES
from tests.benchmarks.row import Row

# name -> the benchmark; a new one is a module beside these and a line here.
BENCHMARKS: dict[str, Callable[[Path | None], list[Row]]] = {
    "composite": composite.run,
    "features": features.run,
    "folds": folds.run,
    "handcrafted": handcrafted.run,
    "hsta": hsta.run,
    "leaderboard": leaderboard.run,
    "mmnet": mmnet.run,
    "quick-recipe": quick_recipe.run,
    "shallow": shallow.run,
    "startup": startup.run,
    "training-step": training_step.run,
}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; without one, all")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PATH",
        help="a folder with clones of the authors' repositories, under their names, to compare training steps with: "
        f"any of {', '.join(CLONES)}",
    )
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    reference = arguments.reference
    if reference is not None and not any((reference / name).is_dir() for name in CLONES):
        parser.error(f"{reference} holds none of the folders {', '.join(CLONES)}")
    print(f"Machine: {processor()}, {platform.system()}, Python {platform.python_version()}\n")
    print("| measured | figure | conditions |\n| --- | --- | --- |")
    for name in arguments.names or BENCHMARKS:
        for row in BENCHMARKS[name](reference):
            print(f"| {row.what} | {row.figure} | {row.conditions} |", flush=True)


def processor() -> str:
    """The processor's name where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
