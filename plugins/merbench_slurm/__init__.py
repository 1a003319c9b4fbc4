"""The executor `slurm`: units in the jobs of a Slurm array."""

from __future__ import annotations

from collections.abc import Iterator

import merbench


@merbench.hookimpl
def merbench_executors() -> Iterator[merbench.Executor]:
    """Slurm, if submitit is installed."""
    yield merbench.Executor(
        name="slurm",
        runner="merbench_slurm.runner:SlurmRunner",
        extra="merbench[slurm]",
        about="a Slurm cluster: an array of jobs and a folder that all machines share",
    )
