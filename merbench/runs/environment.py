"""The hardware and software of a run, without paths, user names or host names."""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["MACHINE", "environment", "machine", "merbench_commit", "watch_memory"]

MACHINE = ("hardware", "system", "python")  # what `machine` returns

REQUIREMENT = re.compile(
    r"(?P<name>[\w.-]+)(?!.*\bextra\b)"
)  # the name that a requirement begins with, unless optional


def environment(device: str, distributions: Iterable[str], timed: Mapping[str, Any]) -> dict[str, Any]:
    """Return hardware, versions, and the run's own entries.

    Args:
        device: `cpu`, `cuda` or `mps`.
        distributions: whose code took part; their versions and those of the packages that they require are recorded.
        timed: the run's own entries, such as seconds.
    """
    return {
        **machine(device),
        "packages": _packages({"merbench", *distributions}),
        "merbench": {"version": _version("merbench"), "commit": merbench_commit()},
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "peak_memory_bytes": _peak_memory(device),
        **timed,
    }


def machine(device: str) -> dict[str, Any]:
    """Return the hardware, the system and the Python of this machine."""
    return {
        "hardware": {
            "machine": platform.machine(),
            "processor": _processor(),
            "cores": _cores(),
            "device": _device_name(device),
        },
        "system": platform.system(),
        "python": platform.python_version(),
    }


def watch_memory(device: str) -> None:
    """Start to count peak memory on CUDA; the peak of a CPU counts from the start of the process."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()


def merbench_commit() -> str | None:
    """The git commit of merbench, from its checkout or from pip's metadata; None if it is unknown."""
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / ".git").exists():
        describe = ["git", "-C", str(checkout), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
        try:
            done = subprocess.run(describe, capture_output=True, text=True, check=False)
        except OSError:  # a finished run must not fail because git is not installed
            return None
        return done.stdout.strip() or None
    noted = importlib.metadata.distribution("merbench").read_text("direct_url.json")
    commit = json.loads(noted or "{}").get("vcs_info", {}).get("commit_id")
    return str(commit) if commit else None


def _packages(distributions: Iterable[str]) -> dict[str, str]:
    """The installed packages that these distributions require, with their versions; a plugin file requires none."""
    required: list[str] = []
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            required += importlib.metadata.requires(name) or []
    names = {found["name"] for one in required if (found := REQUIREMENT.match(one))}
    return {name: version for name in sorted(names) if (version := _version(name))}


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _cores() -> int:
    import joblib

    return int(joblib.cpu_count())


def _device_name(device: str) -> str:
    if device == "cuda":
        import torch

        return torch.cuda.get_device_name()
    return device


def _peak_memory(device: str) -> int:
    """Peak memory in bytes: of the GPU on CUDA, else the larger of this process's peak and its largest child's."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * unit
