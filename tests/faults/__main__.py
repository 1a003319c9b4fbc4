"""Prints what was tried and what went wrong: `python -m tests.faults --moments 200 --mutations 20000`.

The bench runs in a process of its own that has the library loaded, and works in a folder that goes with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.preload import VARIABLE, build, missing

MEMORY = Path("/dev/shm")  # where files cost no disk
ROOM = 2**29  # bytes that the bench wants


def main() -> int:
    """Starts the bench."""
    root = Path(__file__).parents[2]
    in_memory = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    with tempfile.TemporaryDirectory(prefix="faults-", dir=MEMORY if in_memory else None) as folder:
        environment = {
            **os.environ,
            "FAULTS_SCRATCH": folder,
            "LOKY_MAX_CPU_COUNT": "1",
            "MPLCONFIGDIR": folder,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        if not missing():
            environment[VARIABLE] = str(build(Path(folder)))
        return subprocess.run([sys.executable, "-m", "tests.faults.bench", *sys.argv[1:]], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
