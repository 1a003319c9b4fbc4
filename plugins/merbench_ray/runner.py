"""Computes units as Ray tasks. Ray sends the work to each machine once, and repeats a unit whose worker was lost."""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError, RuntimeEnvSetupError

import merbench

__all__ = ["RayRunner"]

RETRIES = 1  # of a unit whose worker or machine was lost: one that is lost twice is reported
PATIENCE = 5.0  # seconds to reach a cluster
ALONE = 30.0  # seconds in which a machine that is large enough may come back
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
            MerbenchError: a unit failed, or was lost twice, or no machine is left that is large enough for it.
        """
        with self._cluster():
            shared, needs = ray.put(work), [_needs(work, unit) for unit in units]
            pending = {_submit(shared, unit, need): unit for unit, need in zip(units, needs, strict=True)}
            most, since = {name: max(need[name] for need in needs) for name in needs[0]}, time.monotonic()
            try:
                while pending:
                    ready, _ = ray.wait(list(pending), timeout=WAIT)
                    if ready or _has_room(most):
                        since = time.monotonic()
                    elif time.monotonic() - since > ALONE:
                        raise _no_room(most)
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
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # what the user can act on, the run tells
        os.environ.setdefault("RAY_task_oom_retries", str(RETRIES))  # Ray's default is to try again for ever
        options: dict[str, Any] = {
            "address": self.address or "local",
            "runtime_env": {"env_vars": {"PYTHONPATH": os.pathsep.join(self.import_paths())}},
            "logging_level": "ERROR",
            "log_to_driver": False,
            "configure_logging": False,
        }
        if not self.address:
            options |= {"include_dashboard": False, "num_cpus": self.cores or os.cpu_count()}
        try:
            _knock(self.address)
            ray.init(**options)
        except (OSError, RuntimeError, ValueError, RayError) as error:
            where = self.address or "this machine"
            raise merbench.OptionError(
                f"--executor ray: no cluster can be reached at {where} ({_said(error)}); start one: ray start --head"
            ) from error
        try:
            yield
        except RayError as error:
            raise merbench.MerbenchError(
                f"--executor ray: the cluster failed ({_said(error)}); finished folds are kept: run the same command "
                "again"
            ) from error
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError or ValueError if nobody listens at `HOST:PORT`: Ray would try for many minutes."""
    if address and address != "auto":
        host, _, port = address.rpartition("/")[2].rpartition(":")
        if not (host and port.isdecimal()):
            raise ValueError("an address is HOST:PORT, such as 10.0.0.1:6379")
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()


def _machines() -> list[dict[str, float]]:
    """The resources of each machine that is there."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _needs(work: merbench.Work, unit: merbench.Unit) -> dict[str, float]:
    """The resources of a unit: processor cores, a share of a GPU, and bytes of memory as far as they are known."""
    machines = _machines()
    if work.task.device == "cuda":
        if not any(one.get("GPU") for one in machines):
            raise merbench.OptionError("--executor ray: no machine of the cluster has a GPU; use --device cpu")
        return {"CPU": 1, "GPU": _gpu_share(work), "memory": 0}
    most, memory = (int(max(one.get(name, 0) for one in machines)) for name in ("CPU", "memory"))
    return {"CPU": min(unit.threads or most, most), "GPU": 0, "memory": min(work.bytes_at_once, memory)}


def _has_room(needs: dict[str, float]) -> bool:
    """Whether a machine is large enough, busy or not."""
    return any(all(one.get(name, 0) >= need for name, need in needs.items()) for one in _machines())


def _no_room(needs: dict[str, float]) -> merbench.MerbenchError:
    told = {name: f"{need:g} {name}" for name, need in needs.items() if need}
    if need := needs["memory"]:
        told["memory"] = f"{need / 2**30:.1f} GiB"
    wanted = " and ".join(told.values())
    return merbench.MerbenchError(
        f"--executor ray: no machine of the cluster has {wanted} any more; finished folds are kept: add such a "
        "machine, and run the same command again"
    )


def _submit(
    shared: ray.ObjectRef[merbench.Work], unit: merbench.Unit, needs: dict[str, float]
) -> ray.ObjectRef[list[Any]]:
    options: dict[str, Any] = {"num_cpus": needs["CPU"], "memory": int(needs["memory"]), "max_retries": RETRIES}
    if needs["GPU"]:
        options |= {"num_gpus": needs["GPU"], "max_calls": 1}
    made: ray.ObjectRef[list[Any]] = ray.remote(_compute).options(**options).remote(shared, unit)
    return made


def _gpu_share(work: merbench.Work) -> float:
    """The share of a GPU's memory that a unit needs, in hundredths; a whole GPU if nobody knows."""
    import torch

    if not (work.bytes_at_once and torch.cuda.is_available()):
        return 1.0
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
        raise _cannot(unit, error.cause or error) from error
    except RuntimeEnvSetupError as error:
        raise _cannot(unit, error) from error
    except RayError as error:
        raise merbench.MerbenchError(
            f"--executor ray: {unit} was lost twice ({_said(error)}); finished "
            "folds are kept: make sure that the machines have memory for it, and run the same command again"
        ) from error
    return outcomes


def _cannot(unit: merbench.Unit, error: BaseException) -> merbench.MerbenchError:
    return merbench.MerbenchError(
        f"--executor ray: a machine cannot compute {unit} ({_said(error)}); it needs the same software and the same "
        "paths as this one"
    )


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
