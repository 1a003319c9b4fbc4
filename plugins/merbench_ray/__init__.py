"""The executor `ray`: units on a Ray cluster, which is started here or joined."""

from __future__ import annotations

from collections.abc import Iterator

import merbench


@merbench.hookimpl
def merbench_executors() -> Iterator[merbench.Executor]:
    """Ray, if it is installed."""
    yield merbench.Executor(
        name="ray",
        runner="merbench_ray.runner:RayRunner",
        extra="merbench[ray]",
        about="a Ray cluster: joined at ray:ADDRESS or RAY_ADDRESS, or else started on this machine",
    )
