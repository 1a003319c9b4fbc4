"""Runs the benchmarks named, or all, and prints one table (Markdown); with --write, keeps the figures for the docs."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.benchmarks.released import CLONES
from tests.benchmarks.row import Row
from tests.rows import in_lines

# A new benchmark is a module beside this one, with dashes for its underscores, and a line here.
TITLES = {
    "bi-woof": "Bi-WOOF on the composite, by its support vector machine",
    "difficulty": "How hard the clips of the composite are",
    "executors": "Executors",
    "faces-and-flow": "From images to flow",
    "features": "Features",
    "first-command": "The README's first command in a new environment",
    "flow": "TV-L1 flow between two images of a drawn face",
    "folds": "Folds that train at once",
    "gpu": "Training on a GPU",
    "handcrafted": "Handcrafted descriptors",
    "how-sure": "How sure 68 subjects can be",
    "hsta": "HSTA, one training step",
    "leaderboard": "Leaderboard",
    "linear": "Linear models and kernels on the composite",
    "million": "A board of a million records, simulated",
    "mmnet": "MMNet, one training step",
    "quick-recipe": "Settings of htnet quick, compared on the demo",
    "release-channels": "Channels of the flow release",
    "shallow": "Shallow networks, one training step",
    "small-networks": "What bounds the steps of small networks",
    "startup": "Command line",
    "suite": "The tests",
    "training-step": "HTNet, one training step",
}
MEASURED = Path(__file__).with_name("measured.json")
IDLE = 0.5  # processes that ran or waited on average in the last minute; with more, other work disturbs the times


def main(argv: Sequence[str] | None = None, measured: Path = MEASURED) -> None:
    """Measures, prints, and with --write puts the figures in place of the last ones."""
    arguments = _arguments(argv)
    how = "by the benchmark" if os.getloadavg()[0] < IDLE else "by the benchmark, with other work on the machine"
    print(f"Machine: {machine()}\n\n| measured | figure | conditions |\n| --- | --- | --- |")
    for name in arguments.names or TITLES:
        rows = []
        for row in benchmark(name)(arguments.reference):
            print(f"| {row.what} | {row.figure} | {row.conditions} |", flush=True)
            rows.append(row)
        if arguments.write and rows:
            keep(measured, name, rows, how)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(TITLES)}; without a name, all")
    parser.add_argument("--reference", type=Path, metavar="PATH", help=f"a folder with clones of {', '.join(CLONES)}")
    parser.add_argument("--write", action="store_true", help=f"keep the figures in {MEASURED.name}, for docs/speed.md")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.names if name not in TITLES]:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(TITLES)}")
    reference = arguments.reference
    if reference is not None and not any((reference / name).is_dir() for name in CLONES):
        parser.error(f"{reference} holds none of the folders {', '.join(CLONES)}")
    return arguments


def benchmark(name: str) -> Callable[[Path | None], list[Row]]:
    """The function that measures; its module is imported only when it is asked for."""
    run: Callable[[Path | None], list[Row]] = import_module(f"tests.benchmarks.{name.replace('-', '_')}").run
    return run


def keep(measured: Path, name: str, rows: Sequence[Row], how: str) -> None:
    """Replaces the figures of one benchmark; the others keep their dates and machines.

    Args:
        measured: the file.
        name: of the benchmark.
        rows: its figures.
        how: completes "measured ..." above its table.
    """
    known: dict[str, Any] = json.loads(measured.read_text("utf-8"))
    known[name] = {
        "title": TITLES[name],
        "measured": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine(),
        "how": how,
        "rows": [row._asdict() for row in rows],
    }
    measured.write_text(in_lines(known) + "\n", "utf-8")


def machine() -> str:
    """Cores, processor, system and Python version."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    processor = next(names, platform.machine())
    return f"{os.cpu_count()} cores of {processor}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
