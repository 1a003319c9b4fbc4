"""The README's first command in a new environment, in parts: what is installed, the run, and the same run again.

Packages come from pip's index, and nothing is kept of them, so the first parts also say how fast the network is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.row import Row

ROOT = Path(__file__).parents[2]
RUN = ("run", "--model", "htnet", "--dataset", "demo", "--recipe", "quick")


def run(reference: Path | None) -> Iterator[Row]:
    """One row per part; `reference` is not used."""
    with tempfile.TemporaryDirectory() as place:
        folder, environment = Path(place), Path(place) / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        install = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
        torch = _seconds([*install, "torch"], folder)
        size = sum(path.lstat().st_size for path in environment.rglob("*"))
        yield Row("installing torch", f"{torch:.0f} s, {size / 1e9:.1f} GB", "as pip chooses it")
        rest = _seconds([*install, str(ROOT)], folder)
        yield Row("installing merbench and the rest", f"{rest:.0f} s")
        command = [str(environment / "bin" / "merbench"), *RUN]
        first, second = (_seconds([*command, "--out", out], folder) for out in ("first", "second"))
        yield Row("the run", f"{first:.0f} s", "draws videos, computes features, trains 24 folds")
        whole = torch + rest + first
        yield Row("all of this", f"{whole / 60:.1f} min", f"of which the installation {(torch + rest) / whole:.0%}")
        yield Row("a second run", f"{second:.0f} s", "its features are kept from the first")


def _seconds(command: Sequence[str], folder: Path) -> float:
    """By the clock, with nothing kept of earlier runs and nothing imported from this checkout."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MERBENCH_DATA")}
    started = time.perf_counter()
    subprocess.run(
        command,
        check=True,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        env={**inherited, "MERBENCH_CACHE": f"{folder}/cache"},
    )
    return time.perf_counter() - started
