"""Computes units as Ray tasks. Ray sends the work to each machine once, and repeats a unit whose worker was lost."""

from __future__ import annotations

import math
import os
import socket
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

import merbench

__all__ = ["RayRunner"]

RETRIES = 1  # of a unit whose worker or machine was lost: one that is lost twice is reported
PATIENCE = 5.0  # seconds
WAIT = 0.2  # seconds until Ctrl-C is noticed
SHARE = 1.2  # of the estimated memory of a unit on a GPU


class RayRunner(merbench.UnitRunner):
    """Runs units on a Ray cluster.

    Args:
        address: of a running cluster, e.g. `10.0.0.1:6379`; empty for RAY_ADDRESS, or for a new cluster here.
        cores: processor cores of a new cluster; 0 for all.
    """

    def __init__(self, address: str = "", cores: int = 0) -> None:
        self.address, self.cores = address or os.environ.get("RAY_ADDRESS", ""), cores

    def run(
        self, work: merbench.Work, units: Sequence[merbench.Unit], advance: Callable[[int], None]
    ) -> Generator[list[Any], None, None]:
        """See `merbench.UnitRunner.run`.

        Raises:
            OptionError: the cluster cannot be reached, or has no GPU.
            MerbenchError: a unit failed, or was lost twice.
        """
        with self._cluster():
            shared = ray.put(work)
            pending = {_submit(work, shared, unit): unit for unit in units}
            try:
                while pending:
                    ready, _ = ray.wait(list(pending), timeout=WAIT)
                    for one in ready:
                        unit = pending.pop(one)
                        outcomes = _result(one, unit)
                        advance(unit.fold_epochs)
                        yield outcomes
            finally:
                for one in pending:
                    ray.cancel(one, force=True)

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        paths = [path for path in sys.path if path and (not self.address or not path.startswith(sys.prefix))]
        options: dict[str, Any] = {
            "address": self.address or "local",
            "runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}},  # of plugin files, and of a checkout
            "logging_level": "ERROR",
            "log_to_driver": False,
            "configure_logging": False,
        }
        if not self.address:
            options |= {"include_dashboard": False, "num_cpus": self.cores or os.cpu_count()}
        try:
            _knock(self.address)
            ray.init(**options)
        except (OSError, RuntimeError, ValueError) as error:
            where = self.address or "this machine"
            raise merbench.OptionError(
                f"--executor ray: no cluster can be reached at {where} ({str(error).splitlines()[0]}); start one: "
                "ray start --head"
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError or ValueError if nobody listens at `HOST:PORT`: Ray would try for many minutes."""
    if address and address != "auto":
        host, _, port = address.rpartition("/")[2].rpartition(":")
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


def _submit(work: merbench.Work, shared: ray.ObjectRef[merbench.Work], unit: merbench.Unit) -> ray.ObjectRef[list[Any]]:
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    most = int(max(node.get("CPU", 0) for node in nodes))
    options: dict[str, Any] = {"num_cpus": min(unit.threads or most, most), "max_retries": RETRIES}
    if work.task.device == "cuda":
        if not any(node.get("GPU") for node in nodes):
            raise merbench.OptionError("--executor ray: no machine of the cluster has a GPU; use --device cpu")
        options |= {"num_cpus": 1, "num_gpus": _gpu_share(work), "max_calls": 1}
    made: ray.ObjectRef[list[Any]] = ray.remote(_compute).options(**options).remote(shared, unit)
    return made


def _gpu_share(work: merbench.Work) -> float:
    """The share of a GPU's memory that a unit needs, in hundredths."""
    import torch

    whole = torch.cuda.get_device_properties(0).total_memory
    return min(1.0, math.ceil(100 * SHARE * work.bytes_at_once / whole) / 100)


def _compute(work: merbench.Work, unit: merbench.Unit) -> list[Any]:
    return work.elsewhere(unit)


def _result(done: ray.ObjectRef[list[Any]], unit: merbench.Unit) -> list[Any]:
    try:
        outcomes: list[Any] = ray.get(done)
    except RayTaskError as error:  # the error of the unit itself
        if isinstance(error.cause, merbench.MerbenchError):
            raise error.cause from error
        raise
    except RayError as error:
        raise merbench.MerbenchError(
            f"--executor ray: {unit} was lost twice ({type(error).__name__}: {str(error).splitlines()[0]}); finished "
            "folds are kept: make sure that the machines have memory for it, and run the same command again"
        ) from error
    return outcomes
