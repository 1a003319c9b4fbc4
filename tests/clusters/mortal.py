"""A model whose process dies, or whose machine is taken away, while a fold is computed: as files in a folder say."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np

import merbench

PATIENCE = 60.0  # seconds


class Mortal:
    """Answers the first class. `deaths` processes die, each with the fold that it has; in `waits`, folds wait; in
    `full`, the process can write no file from now on, as on a full disk."""

    def __init__(self, folder: str = "", deaths: int = 0, waits: bool = False, full: bool = False) -> None:
        self.folder, self.deaths, self.waits, self.full = Path(folder), deaths, waits, full

    def fit(self, X: Any, y: Any) -> None:
        if self.full:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        for death in range(self.deaths):
            if self._first(f"death-{death}"):
                os.kill(os.getpid(), signal.SIGKILL)
        if self.waits:
            Path(self.folder, f"begun-{os.environ.get('TOY_MACHINE', 'driver')}-{os.getpid()}").touch()
            until = time.monotonic() + PATIENCE
            while not Path(self.folder, "go").exists() and time.monotonic() < until:
                time.sleep(0.05)

    def _first(self, name: str) -> bool:
        try:
            Path(self.folder, name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), int)


@merbench.hookimpl
def merbench_models() -> Any:
    yield merbench.EstimatorModel(name="mortal", estimator=f"{__name__}:Mortal", features=())
